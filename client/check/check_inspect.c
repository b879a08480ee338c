/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `bpfgate inspect`: what an object needs, of a kernel and of whoever loads it. Promises to judge
 * nothing: it says what is written in the object, and the oldest series that has it all.
 */
#include "client/check/check_verbs.h"

#include <getopt.h>
#include <jansson.h>
#include <string.h>

#include "client/check/check_form.h"
#include "client/check/check_object.h"
#include "client/check/check_target.h"
#include "client/shared/cmd.h"
#include "client/check/check_features.h"
#include "client/check/needs.h"
#include "client/shared/options.h"
#include "client/shared/out.h"
#include "proto/own.h"
#include "verifier/kernel/helper_tab.h"
#include "verifier/kernel/names.h"
#include "verifier/tell/srcline.h"

/* One object being looked at. */
struct look {
	const struct check_kernel *kernel;
	const struct needs *needs;
	json_t *programs, *maps;
};

/* Each name once. */
static void add_name(json_t *list, const char *name)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one) if (!strcmp(json_string_value(one), name)) return;
	(void)json_array_append_new(list, json_string(name));
}

static const char *kfunc_name(const struct look *look, const struct bgv_program *prog,
			      const struct btf_view *view, uint32_t idx)
{
	uint32_t start = 0;
	const char *function = srcline_function(prog, view, idx, &start);
	const char *name = needs_symbol_at(look->needs, function, idx - start);

	return name ? name : "?";
}

/* Helpers and kfuncs that its instructions call. */
static void list_calls(const struct look *look, const struct bgv_program *prog, json_t *helpers,
		       json_t *kfuncs)
{
	struct btf_view *view = srcline_view(prog);
	char name[96];

	for (uint32_t i = 0; i < prog->insn_cnt; i++) {
		const struct bpf_insn *insn = &prog->insns[i];

		if (insn->code == (BPF_LD | BPF_IMM | BPF_DW)) {
			i++;
		} else if (insn->code == (BPF_JMP | BPF_CALL) &&
			   insn->src_reg == BPF_PSEUDO_KFUNC_CALL) {
			add_name(kfuncs, kfunc_name(look, prog, view, i));
		} else if (insn->code == (BPF_JMP | BPF_CALL) && !insn->src_reg &&
			   insn->imm < (int32_t)helper_tab_cnt(PROFILE_CNT - 1)) {
			(void)snprintf(name, sizeof(name), "bpf_%s", helper_tab_name(insn->imm));
			add_name(helpers, name);
		}
	}
	btf_view_free(view);
}

static json_t *map_json(const struct bgv_map *map)
{
	const char *type = names_map_type(map->type);

	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "name", map->name, "type",
			 type ? type : "?", "key_size", (json_int_t)map->key_size, "value_size",
			 (json_int_t)map->value_size, "max_entries", (json_int_t)map->max_entries,
			 "flags", (json_int_t)map->map_flags);
}

static void list_maps(struct look *look, const struct bgv_program *prog, json_t *names)
{
	const json_t *one;
	size_t k;

	for (uint32_t i = 0; i < prog->map_cnt; i++) {
		bool before = false;

		add_name(names, prog->maps[i].name);
		json_array_foreach(look->maps, k, one) before |=
			!strcmp(check_form_string(one, "name"), prog->maps[i].name);
		if (!before)
			(void)json_array_append_new(look->maps, map_json(&prog->maps[i]));
	}
}

/* What follows the last '/' of a section's name, where a kind of program comes before it. */
static const char *target_of(const char *section)
{
	const char *slash = strchr(section, '/');

	return slash ? slash + 1 : NULL;
}

static void look_at(void *arg, const struct check_object_program *program)
{
	const struct bgv_program *prog = program->prog;
	json_t *helpers = json_array(), *kfuncs = json_array(), *maps = json_array();
	struct look *look = arg;
	const char *type = prog ? names_prog_type(prog->prog_type) : NULL;
	const char *attach = prog && prog->expected_attach_type
				     ? names_attach_type(prog->expected_attach_type)
				     : NULL;
	const char *least = prog ? check_features_least(prog) : "";

	if (prog) {
		list_calls(look, prog, helpers, kfuncs);
		list_maps(look, prog, maps);
	}
	(void)json_array_append_new(
		look->programs,
		json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:b, s:I, s:o, s:o, s:o, s:s?, s:s?}",
			  "name", program->name, "section", program->section, "type", type,
			  "attach_type", attach, "target", target_of(program->section), "sleepable",
			  prog && (prog->prog_flags & PROG_F_SLEEPABLE), "insn_cnt",
			  (json_int_t)(prog ? prog->insn_cnt : 0), "helpers", helpers, "kfuncs",
			  kfuncs, "maps", maps, "least_kernel", *least ? least : NULL,
			  "not_relocated", prog ? NULL : program->finding->message));
}

static json_t *externs_json(const struct needs *needs)
{
	static const char *const kinds[] = { [NEEDS_CONFIG] = "configuration",
					     [NEEDS_VERSION] = "version",
					     [NEEDS_SYMBOL] = "symbol",
					     [NEEDS_VARIABLE] = "variable",
					     [NEEDS_FUNCTION] = "kfunc" };
	json_t *list = json_array();

	for (size_t i = 0; i < needs->extern_cnt; i++)
		(void)json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "name",
							    needs->externs[i].name, "kind",
							    kinds[needs->externs[i].kind], "weak",
							    needs->externs[i].weak));
	return list;
}

static json_t *cores_json(const struct needs *needs)
{
	json_t *list = json_array();
	char text[NEEDS_TEXT_BYTES];

	for (size_t i = 0; i < needs->core_cnt; i++) {
		needs_core_text(needs, &needs->cores[i], text);
		add_name(list, text);
	}
	return list;
}

/* NULL, with *ret_err set: it is not an object. */
static json_t *object_json(struct check_targets *targets, const struct check_options *opts,
			   const char *path, int *ret_err)
{
	struct look look = { .kernel = check_targets_get(
				     targets, opts->kernel_cnt ? opts->kernels[0] : NULL, 0) };
	char reason[CHECK_REASON_BYTES] = "";
	OWN_MEM uint8_t *bytes = NULL;
	struct needs *needs = NULL;
	size_t cnt = 0;
	json_t *doc = NULL;

	*ret_err = check_read_file(path, &bytes, &cnt);
	if (*ret_err < 0 || !look.kernel)
		return NULL;
	needs = needs_new(bytes, cnt);
	look.needs = needs;
	look.programs = json_array();
	look.maps = json_array();
	*ret_err = needs ? check_object_programs(bytes, cnt, needs, look.kernel, look_at, &look,
						 reason)
			 : -EBADMSG;
	if (*ret_err >= 0)
		doc = json_pack("{s:s, s:s, s:s, s:O, s:O, s:o, s:o}", "object", path, "kernel",
				look.kernel->name, "types",
				!needs->btf				? "none"
				: memmem(bytes, cnt, ".debug_info", 11) ? "BTF and DWARF"
									: "BTF",
				"programs", look.programs, "maps", look.maps, "externs",
				externs_json(needs), "core", cores_json(needs));
	json_decref(look.programs);
	json_decref(look.maps);
	needs_free(needs);
	return doc;
}

/* ---- for people ---------------------------------------------------------------------------- */

static void print_words(const char *what, const json_t *list)
{
	const json_t *one;
	size_t i;

	if (!json_array_size(list))
		return;
	(void)printf("  %-9s", what);
	json_array_foreach(list, i, one)
	{
		(void)fputs(i ? ", " : " ", stdout);
		out_safe(stdout,
			 json_is_string(one) ? json_string_value(one)
					     : check_form_string(one, "name"),
			 false);
		if (json_is_true(json_object_get(one, "weak")))
			(void)fputs(" (weak)", stdout);
	}
	(void)putchar('\n');
}

static void print_program(const json_t *program)
{
	const char *least = check_form_string(program, "least_kernel"),
		   *type = check_form_string(program, "type"),
		   *attach = check_form_string(program, "attach_type"),
		   *missing = check_form_string(program, "not_relocated");

	out_safe(stdout, check_form_string(program, "name"), false);
	(void)fputs("  SEC(\"", stdout);
	out_safe(stdout, check_form_string(program, "section"), false);
	(void)printf("\")  %s%s%s%s\n", type, *attach ? ", " : "", attach,
		     json_is_true(json_object_get(program, "sleepable")) ? ", may sleep" : "");
	if (*missing) {
		(void)fputs("  not relocated: ", stdout);
		out_safe(stdout, missing, false);
		(void)putchar('\n');
		return;
	}
	(void)printf("  %-9s %lld\n", "insns",
		     (long long)json_integer_value(json_object_get(program, "insn_cnt")));
	print_words("helpers", json_object_get(program, "helpers"));
	print_words("kfuncs", json_object_get(program, "kfuncs"));
	print_words("maps", json_object_get(program, "maps"));
	(void)printf("  %-9s %s\n", "least", *least ? least : "none of those known");
}

static void print_object(const json_t *doc)
{
	const json_t *one;
	size_t i;

	out_safe(stdout, check_form_string(doc, "object"), false);
	(void)printf(": types: %s; relocated for %s\n", check_form_string(doc, "types"),
		     check_form_string(doc, "kernel"));
	print_words("externs", json_object_get(doc, "externs"));
	print_words("CO-RE", json_object_get(doc, "core"));
	json_array_foreach(json_object_get(doc, "programs"), i, one) print_program(one);
	json_array_foreach(json_object_get(doc, "maps"), i, one)
	{
		(void)fputs("map ", stdout);
		out_safe(stdout, check_form_string(one, "name"), false);
		(void)printf("  %s, key %lld, value %lld, %lld entries, flags %#llx\n",
			     check_form_string(one, "type"),
			     (long long)json_integer_value(json_object_get(one, "key_size")),
			     (long long)json_integer_value(json_object_get(one, "value_size")),
			     (long long)json_integer_value(json_object_get(one, "max_entries")),
			     (long long)json_integer_value(json_object_get(one, "flags")));
	}
}

static int inspect(const struct check_options *opts, char **paths, int cnt)
{
	struct check_targets *targets = check_targets_new(opts);
	json_t *list = json_array(), *doc;
	int code = targets ? EXIT_OK : EXIT_INTERNAL, err;

	for (int i = 0; i < cnt && targets; i++) {
		json_t *object = object_json(targets, opts, paths[i], &err);

		if (object) {
			if (opts->format == CHECK_TEXT)
				print_object(object);
			(void)json_array_append_new(list, object);
			continue;
		}
		(void)fputs("bpfgate inspect: ", stderr);
		out_safe(stderr, paths[i], false);
		(void)fprintf(stderr, ": %s\n", err == -EBADMSG ? "no BPF object" : strerror(-err));
		code = EXIT_INPUT;
	}
	doc = json_pack("{s:s, s:O}", "schema_version", OUT_SCHEMA_VERSION, "objects", list);
	if (opts->format == CHECK_JSON && out_json(stdout, doc, opts->pretty) < 0)
		code = EXIT_INTERNAL;
	json_decref(doc);
	json_decref(list);
	check_targets_free(targets);
	return code;
}

static int inspect_take(void *ctx, enum option_id id, char *value)
{
	struct check_options *opts = ctx;

	if (id == OPT_KERNEL)
		opts->kernels[0] = value, opts->kernel_cnt = 1;
	else if (id == OPT_KERNELS)
		opts->kernels_dir = value;
	else
		opts->format = CHECK_JSON, opts->pretty |= id == OPT_PRETTY;
	return 0;
}

int check_inspect(int argc, char **argv, struct check_options *opts)
{
	int code;

	if (!options_parse(VERB_INSPECT, argc, argv, inspect_take, opts, &code))
		return code;
	return optind == argc ? options_usage(VERB_INSPECT)
			      : inspect(opts, argv + optind, argc - optind);
}
