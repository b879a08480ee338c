/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads cases. Promises that a key it does not know is an error, as in a policy: a misspelt fact would
 * make a test pass for the wrong reason. It trusts nothing of the file but its size.
 */
#include "client/command/policy_case.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proto/own.h"

#define LIST_MAX 64 /* groups, helpers, maps ... of one case */
#define ID_BASE	 1000000000u

struct policy_case {
	const char *name; /* strings belong to the JSON, which outlives the case */
	struct policy_subject who;
	struct policy_subject owner;
	gid_t groups[LIST_MAX];
	gid_t owner_groups[LIST_MAX];
	struct policy_prog_facts prog;
	struct policy_map_facts map;
	struct policy_map_facts maps[LIST_MAX];
	const char *kfuncs[LIST_MAX];
	struct policy_proof proofs[LIST_MAX];
	uint8_t digests[LIST_MAX][POLICY_SHA256_LEN];
	struct policy_target target;
	struct policy_object_id cgroups[LIST_MAX];
	struct policy_path_id paths[LIST_MAX];
	struct policy_request request;
	struct policy_rule_use in_all;
	bool expect_allow;
	const char *expect_rule;
	const char *expect_condition;
	const char *expect_shadow;
};

/* What reading needs besides the case itself. */
struct reading {
	struct policy_case *one;
	const struct policy *policy;
	char *why;
	size_t why_bytes;
	bool failed;
};

typedef void (*read_fn)(struct reading *rd, const json_t *value, void *dest);

struct case_key {
	const char *name;
	read_fn read;
};

__attribute__((format(printf, 2, 3))) static void fail(struct reading *rd, const char *format, ...)
{
	va_list args;

	if (rd->failed)
		return; /* the first one tells most */
	rd->failed = true;
	va_start(args, format);
	(void)vsnprintf(rd->why, rd->why_bytes, format, args);
	va_end(args);
}

/* A number for a name: the same for the same name, far from real ids. FNV-1a, 64 bits. */
static uint64_t name_hash(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3ULL;
	return hash;
}

static uint32_t name_id(const char *name)
{
	char *end;
	unsigned long id = strtoul(name, &end, 10);

	if (*name && !*end && id < ID_BASE)
		return (uint32_t)id;
	return ID_BASE + (uint32_t)(name_hash(name) % ID_BASE);
}

static int find_id(void *ctx, const char *name, uint32_t *ret_id)
{
	(void)ctx;
	*ret_id = name_id(name);
	return 0;
}

void policy_case_env(struct policy_env *ret_env)
{
	policy_env_init(ret_env);
	ret_env->find_user = find_id;
	ret_env->find_group = find_id;
	ret_env->any_owner = true;
	ret_env->keys_assumed = true;
}

static struct policy_object_id path_identity(const char *path)
{
	return (struct policy_object_id){ 1, name_hash(path) };
}

static void read_keys(struct reading *rd, const json_t *object, const struct case_key *keys,
		      size_t key_cnt, void *dest)
{
	const char *name;
	json_t *value;
	size_t i;

	if (!json_is_object(object)) {
		fail(rd, "an object {...} is needed");
		return;
	}
	json_object_foreach((json_t *)object, name, value) {
		for (i = 0; i < key_cnt && strcmp(keys[i].name, name) != 0; i++)
			;
		if (i == key_cnt)
			fail(rd, "\"%s\": unknown key", name);
		else
			keys[i].read(rd, value, dest);
	}
}

static const char *text_of(struct reading *rd, const json_t *value)
{
	if (!json_is_string(value)) {
		fail(rd, "a string is needed");
		return "";
	}
	return json_string_value(value);
}

static uint32_t number_of(struct reading *rd, const json_t *value)
{
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value) || number < 0 || number > UINT32_MAX)
		fail(rd, "a whole number is needed");
	return (uint32_t)number;
}

static uint64_t bytes_of(struct reading *rd, const json_t *value)
{
	static const char units[] = "KMG";
	const char *text = text_of(rd, value), *unit;
	char *end;
	uint64_t bytes = strtoull(text, &end, 10);

	unit = *end ? strchr(units, *end) : NULL;
	if (end == text || (*end && (!unit || end[1])))
		fail(rd, "a size such as \"16M\" is needed");
	return unit ? bytes << (10 * (unit - units + 1)) : bytes;
}

static int id_of(struct reading *rd, const json_t *value, int (*find)(const char *), const char *noun)
{
	int id = find(text_of(rd, value));

	if (id < 0)
		fail(rd, "unknown %s \"%s\"", noun, text_of(rd, value));
	return id < 0 ? 0 : id;
}

/* Each element of a list, at most LIST_MAX. */
static size_t list_of(struct reading *rd, const json_t *value)
{
	size_t cnt = json_array_size(value);

	if (!json_is_array(value) || cnt > LIST_MAX) {
		fail(rd, "a list [...] of at most %u is needed", LIST_MAX);
		return 0;
	}
	return cnt;
}

static void who_user(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_subject *)dest)->uid = name_id(text_of(rd, value));
}

static void who_groups(struct reading *rd, const json_t *value, void *dest)
{
	struct policy_subject *who = dest;
	gid_t *groups = who == &rd->one->who ? rd->one->groups : rd->one->owner_groups;
	size_t i;

	who->group_cnt = list_of(rd, value);
	who->groups = groups;
	for (i = 0; i < who->group_cnt; i++)
		groups[i] = name_id(text_of(rd, json_array_get(value, i)));
}

static void who_unit(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_subject *)dest)->unit = text_of(rd, value);
}

static void who_label(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_subject *)dest)->label = text_of(rd, value);
}

static void who_exe(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_subject *)dest)->exe = text_of(rd, value);
}

static const struct case_key who_keys[] = {
	{ "user", who_user },	{ "groups", who_groups }, { "unit", who_unit },
	{ "label", who_label }, { "exe", who_exe },
};

static void map_name(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_map_facts *)dest)->name = text_of(rd, value);
}

static void map_type(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_map_facts *)dest)->type =
		(uint32_t)id_of(rd, value, policy_map_type_id, "map type");
}

static void map_bytes(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_map_facts *)dest)->bytes = bytes_of(rd, value);
}

static const struct case_key map_keys[] = { { "name", map_name }, { "type", map_type },
					    { "bytes", map_bytes } };

static void prog_type(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_prog_facts *)dest)->type =
		(uint32_t)id_of(rd, value, policy_prog_type_id, "program type");
}

static void prog_name(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_prog_facts *)dest)->name = text_of(rd, value);
}

static void prog_insns(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_prog_facts *)dest)->insn_cnt = number_of(rd, value);
}

static void prog_sleepable(struct reading *rd, const json_t *value, void *dest)
{
	if (!json_is_boolean(value))
		fail(rd, "true or false is needed");
	((struct policy_prog_facts *)dest)->sleepable = json_is_true(value);
}

static void prog_helpers(struct reading *rd, const json_t *value, void *dest)
{
	size_t cnt = list_of(rd, value), i;

	for (i = 0; i < cnt; i++)
		policy_helper_add(dest, (uint32_t)id_of(rd, json_array_get(value, i),
							policy_helper_id, "helper"));
}

static void prog_kfuncs(struct reading *rd, const json_t *value, void *dest)
{
	struct policy_prog_facts *prog = dest;
	size_t i;

	prog->kfunc_cnt = list_of(rd, value);
	prog->kfuncs = rd->one->kfuncs;
	for (i = 0; i < prog->kfunc_cnt; i++)
		rd->one->kfuncs[i] = text_of(rd, json_array_get(value, i));
}

static void prog_maps(struct reading *rd, const json_t *value, void *dest)
{
	struct policy_prog_facts *prog = dest;
	size_t i;

	prog->map_cnt = list_of(rd, value);
	prog->maps = rd->one->maps;
	for (i = 0; i < prog->map_cnt; i++)
		read_keys(rd, json_array_get(value, i), map_keys, ARRAY_CNT(map_keys),
			  &rd->one->maps[i]);
}

static const struct case_key prog_keys[] = {
	{ "name", prog_name },		 { "type", prog_type },	      { "insns", prog_insns },
	{ "sleepable", prog_sleepable }, { "helpers", prog_helpers }, { "kfuncs", prog_kfuncs },
	{ "maps", prog_maps },
};

static void target_kind(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_target *)dest)->kind =
		(enum policy_attach_kind)id_of(rd, value, policy_attach_kind_id, "attach kind");
}

static void target_interface(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_target *)dest)->ifname = text_of(rd, value);
}

static void target_netns(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_target *)dest)->netns = path_identity(text_of(rd, value));
}

static void target_name(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_target *)dest)->name = text_of(rd, value);
}

/* The directory and all above it, as the kernel's tree would have them. */
static void target_cgroup(struct reading *rd, const json_t *value, void *dest)
{
	struct policy_target *target = dest;
	OWN_MEM char *path = strdup(text_of(rd, value));
	char *slash;

	target->cgroups = rd->one->cgroups;
	while (path && *path && target->cgroup_cnt < LIST_MAX) {
		rd->one->cgroups[target->cgroup_cnt++] = path_identity(path);
		slash = strrchr(path, '/');
		if (!slash)
			break;
		*slash = '\0';
	}
}

static const struct case_key target_keys[] = {
	{ "kind", target_kind }, { "interface", target_interface }, { "netns", target_netns },
	{ "name", target_name }, { "cgroup", target_cgroup },
};

static void use_programs(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_use *)dest)->programs = number_of(rd, value);
}

static void use_maps(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_use *)dest)->maps = number_of(rd, value);
}

static void use_links(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_use *)dest)->links = number_of(rd, value);
}

static void use_loads(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_use *)dest)->loads_last_minute = number_of(rd, value);
}

static void use_pins(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_use *)dest)->pins = number_of(rd, value);
}

static void use_btfs(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_use *)dest)->btfs = number_of(rd, value);
}

static void use_bytes(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_use *)dest)->map_bytes = bytes_of(rd, value);
}

static const struct case_key use_keys[] = {
	{ "programs", use_programs },	   { "maps", use_maps }, { "links", use_links },
	{ "loads_last_minute", use_loads }, { "map_bytes", use_bytes }, { "pins", use_pins }, { "btfs", use_btfs },
};

static void in_all_rule(struct reading *rd, const json_t *value, void *dest)
{
	struct policy_rule_use *use = dest;

	snprintf(use->rule, sizeof(use->rule), "%s", text_of(rd, value));
}

/* The use is what a struct policy_rule_use begins with. */
static const struct case_key in_all_keys[] = {
	{ "rule", in_all_rule },   { "programs", use_programs },	    { "maps", use_maps },
	{ "links", use_links },    { "loads_last_minute", use_loads }, { "map_bytes", use_bytes }, { "pins", use_pins }, { "btfs", use_btfs },
};

static void case_name(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_case *)dest)->name = text_of(rd, value);
}

static void case_verb(struct reading *rd, const json_t *value, void *dest)
{
	static const struct {
		const char *word;
		enum policy_verb verb;
	} verbs[] = {
		{ "load", POLICY_PROG_LOAD },	   { "create-map", POLICY_MAP_CREATE },
		{ "load-btf", POLICY_BTF_LOAD },   { "attach", POLICY_ATTACH },
		{ "query", POLICY_QUERY },	   { "perf-event", POLICY_PERF_EVENT },
		{ "test-run", POLICY_TEST_RUN }, { "pin", POLICY_PIN },
		{ "share", POLICY_SHARE },
	};
	const char *word = text_of(rd, value);
	size_t i;

	for (i = 0; i < ARRAY_CNT(verbs); i++) {
		if (strcmp(verbs[i].word, word) == 0) {
			((struct policy_case *)dest)->request.verb = verbs[i].verb;
			return;
		}
	}
	fail(rd, "unknown verb \"%s\"", word);
}

static void case_who(struct reading *rd, const json_t *value, void *dest)
{
	read_keys(rd, value, who_keys, ARRAY_CNT(who_keys), &((struct policy_case *)dest)->who);
}

static void case_owner(struct reading *rd, const json_t *value, void *dest)
{
	struct policy_case *one = dest;

	one->request.owner = &one->owner;
	read_keys(rd, value, who_keys, ARRAY_CNT(who_keys), &one->owner);
}

static void case_signers(struct reading *rd, const json_t *value, void *dest)
{
	struct policy_case *one = dest;
	size_t i;

	one->prog.proof_cnt = list_of(rd, value);
	one->prog.proofs = one->proofs;
	for (i = 0; i < one->prog.proof_cnt; i++)
		one->proofs[i] = (struct policy_proof){ .signer = text_of(rd, json_array_get(value, i)),
							.by_object = true };
}

static void case_digests(struct reading *rd, const json_t *value, void *dest)
{
	struct policy_case *one = dest;
	size_t i, j;

	one->prog.digest_cnt = list_of(rd, value);
	one->prog.digests = (const uint8_t(*)[POLICY_SHA256_LEN])one->digests;
	for (i = 0; i < one->prog.digest_cnt; i++) {
		const char *text = text_of(rd, json_array_get(value, i));

		if (strlen(text) != 71 || strncmp(text, "sha256:", 7) != 0)
			fail(rd, "a digest is \"sha256:\" and 64 hexadecimal digits");
		for (j = 0; !rd->failed && j < POLICY_SHA256_LEN; j++) {
			if (sscanf(text + 7 + 2 * j, "%2hhx", &one->digests[i][j]) != 1)
				fail(rd, "a digest is \"sha256:\" and 64 hexadecimal digits");
		}
	}
}

static void case_program(struct reading *rd, const json_t *value, void *dest)
{
	struct policy_case *one = dest;

	one->request.prog = &one->prog;
	read_keys(rd, value, prog_keys, ARRAY_CNT(prog_keys), &one->prog);
}

static void case_map(struct reading *rd, const json_t *value, void *dest)
{
	struct policy_case *one = dest;

	one->request.map = &one->map;
	read_keys(rd, value, map_keys, ARRAY_CNT(map_keys), &one->map);
}

static void case_target(struct reading *rd, const json_t *value, void *dest)
{
	struct policy_case *one = dest;

	one->request.target = &one->target;
	one->target.netns = one->request.host_netns;
	read_keys(rd, value, target_keys, ARRAY_CNT(target_keys), &one->target);
}

static void case_in_all(struct reading *rd, const json_t *value, void *dest)
{
	struct policy_case *one = dest;

	one->request.rule_uses = &one->in_all;
	one->request.rule_use_cnt = 1;
	read_keys(rd, value, in_all_keys, ARRAY_CNT(in_all_keys), &one->in_all);
}

static void case_use(struct reading *rd, const json_t *value, void *dest)
{
	read_keys(rd, value, use_keys, ARRAY_CNT(use_keys),
		  &((struct policy_case *)dest)->request.use);
}

static void case_pin(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_case *)dest)->request.pin_path = text_of(rd, value);
}

static void case_live(struct reading *rd, const json_t *value, void *dest)
{
	if (!json_is_boolean(value))
		fail(rd, "true or false is needed");
	((struct policy_case *)dest)->request.live_frames = json_is_true(value);
}

static void case_now(struct reading *rd, const json_t *value, void *dest)
{
	struct tm tm = { 0 };
	const char *end = strptime(text_of(rd, value), "%Y-%m-%dT%H:%M:%SZ", &tm);

	if (!end || *end)
		fail(rd, "a time such as \"2027-01-31T23:59:59Z\" is needed");
	((struct policy_case *)dest)->request.now_s = timegm(&tm);
}

static void case_expect(struct reading *rd, const json_t *value, void *dest)
{
	const char *word = text_of(rd, value);

	((struct policy_case *)dest)->expect_allow = strcmp(word, "allow") == 0;
	if (strcmp(word, "allow") != 0 && strcmp(word, "deny") != 0)
		fail(rd, "\"expect\" is \"allow\" or \"deny\"");
}

static void case_rule(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_case *)dest)->expect_rule = text_of(rd, value);
}

static void case_condition(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_case *)dest)->expect_condition = text_of(rd, value);
}

static void case_shadow(struct reading *rd, const json_t *value, void *dest)
{
	((struct policy_case *)dest)->expect_shadow = text_of(rd, value);
}

static void case_comment(struct reading *rd, const json_t *value, void *dest)
{
	(void)dest;
	(void)text_of(rd, value);
}

static const struct case_key case_keys[] = {
	{ "name", case_name },
	{ "comment", case_comment },
	{ "verb", case_verb },
	{ "who", case_who },
	{ "owner", case_owner },
	{ "signers", case_signers },
	{ "digests", case_digests },
	{ "program", case_program },
	{ "map", case_map },
	{ "target", case_target },
	{ "use", case_use }, { "in_all", case_in_all },
	{ "pin", case_pin },
	{ "live_frames", case_live },
	{ "now", case_now },
	{ "expect", case_expect },
	{ "rule", case_rule },
	{ "condition", case_condition },
	{ "shadow_rule", case_shadow },
};

static const char *const needed[] = { "name", "verb", "who", "expect" };

static void read_case(struct reading *rd, const json_t *json)
{
	struct policy_case *one = rd->one;
	const char *path;
	size_t i;

	one->who.uid = one->who.gid = one->owner.uid = one->owner.gid = ID_BASE;
	one->request.now_s = time(NULL);
	one->request.host_netns = path_identity("host");
	one->request.paths = one->paths;
	for (i = 0; i < LIST_MAX && (path = policy_path(rd->policy, i)); i++)
		one->paths[i] = (struct policy_path_id){ path, path_identity(path) };
	one->request.path_cnt = i;
	read_keys(rd, json, case_keys, ARRAY_CNT(case_keys), one);
	for (i = 0; i < ARRAY_CNT(needed); i++) {
		if (json_is_object(json) && !json_object_get(json, needed[i]))
			fail(rd, "\"%s\" is missing", needed[i]);
	}
}

int policy_case_read(const json_t *json, const struct policy *policy, struct policy_case **ret_case,
		     char *ret_why, size_t why_bytes)
{
	struct reading rd = { .policy = policy, .why = ret_why, .why_bytes = why_bytes };

	rd.one = calloc(1, sizeof(*rd.one));
	if (!rd.one)
		return -ENOMEM;
	read_case(&rd, json);
	if (rd.failed) {
		policy_case_free(rd.one);
		return -EBADMSG;
	}
	*ret_case = rd.one;
	return 0;
}

void policy_case_free(struct policy_case *one)
{
	free(one);
}

const char *policy_case_name(const struct policy_case *one)
{
	return one->name;
}

static bool is_expected(const char *expected, const char *got)
{
	return !expected || strcmp(expected, got) == 0;
}

bool policy_case_holds(const struct policy_case *one, const struct policy *policy, char *ret_why,
		       size_t why_bytes)
{
	struct policy_decision decision;

	policy_decide(policy, &one->who, &one->request, &decision);
	if ((decision.verdict == POLICY_ALLOW) == one->expect_allow &&
	    is_expected(one->expect_rule, decision.rule) &&
	    is_expected(one->expect_condition, policy_condition_name(decision.condition)) &&
	    is_expected(one->expect_shadow, decision.shadow_rule))
		return true;
	(void)snprintf(ret_why, why_bytes, "%s: %s%s%s",
		       decision.verdict == POLICY_ALLOW ? "allowed" : "denied", decision.admin_text,
		       decision.shadow_rule[0] ? "; shadow rule " : "", decision.shadow_rule);
	return false;
}
