/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `bpfgate policy suggest`: the narrowest rule for one object and one caller. Pinned to the object's
 * digest, to the types, helpers and maps that it uses, and to quotas that just hold it. It is printed and
 * never written: whether to grant it is for somebody who has read it.
 */
#include "client/check/explain.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "client/shared/cmd.h"
#include "client/shared/out.h"
#include "proto/own.h"

static void add_once(json_t *list, const char *word)
{
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		if (strcmp(json_string_value(json_array_get(list, i)), word) == 0)
			return;
	}
	(void)json_array_append_new(list, json_string(word));
}

static void add_type(json_t *list, const char *known, uint32_t type)
{
	char number[16];

	(void)snprintf(number, sizeof(number), "#%u", type);
	add_once(list, known ? known : number);
}

static json_t *only(json_t *take_list)
{
	return json_pack("{s:o}", "only", take_list);
}

/* Bytes, rounded up to kilobytes, as rules write them. */
static json_t *size_json(uint64_t bytes)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%lluK", (unsigned long long)((bytes + 1023) / 1024));
	return json_string(text);
}

static void add_helpers(json_t *list, const struct policy_prog_facts *prog)
{
	uint32_t id;

	for (id = 0; id < POLICY_HELPER_MAX; id++) {
		if (prog->helpers[id / 64] >> (id % 64) & 1)
			add_type(list, policy_helper_name(id), id);
	}
}

static void add_target(json_t *attach, const struct object_prog *prog)
{
	const char *kind = prog->has_target ? policy_attach_name(prog->target.kind) : NULL;
	json_t *list = kind ? json_object_get(attach, kind) : NULL;

	if (!kind)
		return;
	if (!list) {
		list = json_array();
		(void)json_object_set_new(attach, kind, list);
	}
	add_once(list, prog->target.name);
}

static bool needs_perfmon(const char *type)
{
	static const char *const types[] = { "kprobe", "tracepoint", "perf_event", "raw_tracepoint",
					     "raw_tracepoint_writable", "tracing", "lsm", "struct_ops", "ext" };
	size_t i;

	for (i = 0; type && i < ARRAY_CNT(types); i++) {
		if (strcmp(types[i], type) == 0)
			return true;
	}
	return false;
}

static json_t *programs_json(const struct explain *explain)
{
	json_t *programs = json_object(), *types = json_array(), *helpers = json_array();
	json_t *kfuncs = json_array(), *attach = json_object();
	uint32_t insn_cnt = 1;
	bool sleepable = false, perfmon = false;
	size_t i, j;

	for (i = 0; i < explain->object.prog_cnt; i++) {
		const struct object_prog *prog = &explain->object.progs[i];

		add_type(types, policy_prog_type_name(prog->facts.type), prog->facts.type);
		add_helpers(helpers, &prog->facts);
		for (j = 0; j < prog->facts.kfunc_cnt; j++)
			add_once(kfuncs, prog->kfuncs[j]);
		add_target(attach, prog);
		insn_cnt = prog->facts.insn_cnt > insn_cnt ? prog->facts.insn_cnt : insn_cnt;
		sleepable = sleepable || prog->facts.sleepable;
		perfmon = perfmon || needs_perfmon(policy_prog_type_name(prog->facts.type)) ||
			  policy_beyond_judged(&prog->facts);
	}
	(void)json_object_set_new(programs, "types", only(types));
	if (json_array_size(helpers))
		(void)json_object_set_new(programs, "helpers", only(json_incref(helpers)));
	if (json_array_size(kfuncs))
		(void)json_object_set_new(programs, "kfuncs", only(json_incref(kfuncs)));
	if (json_object_size(attach))
		(void)json_object_set(programs, "attach", attach);
	(void)json_object_set_new(programs, "max_insns", json_integer(insn_cnt));
	if (sleepable)
		(void)json_object_set_new(programs, "sleepable", json_true());
	if (perfmon)
		(void)json_object_set_new(programs, "perfmon", json_string("grant"));
	json_decref(helpers);
	json_decref(kfuncs);
	json_decref(attach);
	return programs;
}

static json_t *maps_json(const struct explain *explain, uint64_t *ret_bytes)
{
	json_t *types = json_array();
	uint64_t largest = 1;
	size_t i;

	*ret_bytes = 0;
	for (i = 0; i < explain->object.map_cnt; i++) {
		const struct policy_map_facts *map = &explain->object.maps[i].facts;

		add_type(types, policy_map_type_name(map->type), map->type);
		largest = map->bytes > largest ? map->bytes : largest;
		*ret_bytes += map->bytes;
	}
	return json_pack("{s:o, s:o}", "types", only(types), "max_bytes_each", size_json(largest));
}

static json_t *who_json(const struct explain *explain)
{
	json_t *who = json_pack("{s:[s]}", "users", explain->user);

	if (explain->unit)
		(void)json_object_set_new(who, "units", json_pack("[s]", explain->unit));
	return who;
}

/* "ID": the object's name in the letters that an id may have. */
static void rule_id(const struct explain *explain, char id[POLICY_RULE_ID_MAX])
{
	const char *name = strrchr(explain->path, '/');
	size_t len = 0;

	for (name = name ? name + 1 : explain->path; *name && len + 1 < POLICY_RULE_ID_MAX; name++) {
		char c = *name >= 'A' && *name <= 'Z' ? (char)(*name | 0x20) : *name;
		bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (plain || (len > 0 && strchr("._-", c)))
			id[len++] = c;
	}
	if (len == 0)
		id[len++] = 'x';
	id[len] = '\0';
}

static json_t *rule_json(const struct explain *explain)
{
	char id[POLICY_RULE_ID_MAX], digest[2 * POLICY_SHA256_LEN + 8] = "sha256:";
	uint64_t bytes = 0;
	json_t *rule;
	size_t i;

	for (i = 0; i < POLICY_SHA256_LEN; i++)
		(void)snprintf(digest + 7 + 2 * i, 3, "%02x", explain->file.sha256[i]);
	rule_id(explain, id);
	rule = json_pack("{s:s, s:s, s:o, s:[s], s:o}", "id", id, "effect", "allow", "who",
			 who_json(explain), "digests", digest, "programs", programs_json(explain));
	if (explain->object.map_cnt)
		(void)json_object_set_new(rule, "maps", maps_json(explain, &bytes));
	(void)json_object_set_new(
		rule, "quota",
		json_pack("{s:I, s:I, s:o, s:I}", "programs", (json_int_t)explain->object.prog_cnt, "maps",
			  (json_int_t)explain->object.map_cnt, "map_bytes", size_json(bytes), "links",
			  (json_int_t)explain->object.prog_cnt));
	return rule;
}

int suggest_print(const struct explain *explain)
{
	json_t *top = json_pack(
		"{s:i, s:s, s:[o]}", "version", 1, "comment",
		"Suggested by bpfgate policy suggest: this object, this caller, nothing else. Read it before "
		"you grant it. Where programs are attached to interfaces, cgroups or tracepoints, add \"attach\".",
		"rules", rule_json(explain));

	return out_json_take(stdout, top, true) < 0 ? EXIT_INTERNAL : EXIT_OK;
}
