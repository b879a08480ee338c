/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may attach to what: each kind of rule with each of the words that go beside it, asked about
 * each kind of target, whoever else it reaches and whatever it tells. And which of two rules that
 * both grant sets the terms. Compared with targets.golden, or told here.
 */
#include "tests/policy/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/names.h"
#include "proto/own.h"
#include "tests/lib/golden.h"

/* ---- targets ---- */

static const char *const attaches[] = {
	"{}",
	"{\"tracepoint\": [\"sched:*\"]}",
	"{\"tracepoint\": [\"sched:sched_switch\"]}",
	"{\"kprobe\": [\"vfs_*\"]}",
	"{\"kprobe\": [\"*\"]}",
	"{\"tracing\": [\"vfs_*\"]}",
	"{\"tracing\": [\"*\"]}",
	"{\"uprobe\": [\"/usr/bin/bash\"]}",
	"{\"uprobe\": [\"/usr/*\"]}",
	"{\"uprobe\": [\"*\"]}",
	"{\"perf_event\": [\"software\"]}",
	"{\"cgroup\": [\"/sys/fs/cgroup/a.slice\"]}",
	"{\"sk_lookup\": [\"host\"]}",
	"{\"netfilter\": [\"netns:*\"]}",
	"{\"xdp\": [\"eth*\", \"netns:/run/netns/blue:*\"]}",
	"{\"tracepoint\": [\"net:*\"], \"uprobe\": [\"/bin/sh\"], \"kprobe\": [\"tcp_*\"]}",
	"{\"any\": [\"*\"]}",
};

static const char *const words[] = {
	"",
	", \"processes\": \"any\"",
	", \"processes\": \"own\"",
	", \"samples\": true",
	", \"samples\": false",
	", \"kernel_addresses\": true",
	", \"processes\": \"any\", \"samples\": true, \"kernel_addresses\": true",
};

static const char *const names[] = { "sched:sched_switch", "vfs_read", "/usr/bin/bash", "/usr/bin/sh", "software", "eth0" };
static const struct policy_object_id cgroups[] = { { 7, 71 }, { 7, 70 } };
static const struct policy_path_id paths[] = { { "/run/netns/blue", { 4, 40 } },
					       { "/sys/fs/cgroup/a.slice", { 7, 70 } },
					       { "/usr/bin/bash", { 8, 80 } },
					       { "/bin/sh", { 8, 81 } } };
static const struct policy_object_id files[] = { { 0, 0 }, { 8, 80 }, { 8, 81 } }, netns[] = { { 4, 1 }, { 4, 40 }, { 4, 7 } };

static uint64_t fold_text(uint64_t sum, const char *text)
{
	return golden_fold(golden_fold_u64(sum, strlen(text)), text, strlen(text));
}

struct tally {
	const struct policy *policy;
	unsigned int asked, allowed;
	uint64_t sum;
};

static void ask(struct tally *tally, const struct policy_target *target, enum policy_verb verb)
{
	const struct policy_subject who = { .uid = 1001 };
	const struct policy_prog_facts prog = { .name = "p", .type = 2, .insn_cnt = 2 };
	const struct policy_request request = { .verb = verb,
						.now_s = RIG_NOW,
						.prog = verb == POLICY_ATTACH ? &prog : NULL,
						.target = target,
						.host_netns = { 4, 1 },
						.paths = paths,
						.path_cnt = ARRAY_CNT(paths) };
	struct policy_decision d;

	policy_decide(tally->policy, &who, &request, &d);
	tally->asked++;
	tally->allowed += d.verdict == POLICY_ALLOW;
	tally->sum = fold_text(fold_text(golden_fold_u64(tally->sum, d.verdict), d.client_text), d.admin_text);
}

static void ask_target(struct tally *tally, const struct policy_target *plain)
{
	for (unsigned int n = 0; n < 4 * (POLICY_ADDRESSES + 1); n++) {
		struct policy_target target = *plain;

		target.others = n & 1;
		target.samples = n & 2;
		target.whole = (enum policy_whole)(n / 4);
		ask(tally, &target, POLICY_PERF_EVENT);
		ask(tally, &target, POLICY_ATTACH);
	}
}

static void ask_all(struct tally *tally)
{
	for (int kind = POLICY_ATTACH_NONE + 1; kind < POLICY_ATTACH_CNT; kind++)
		for (size_t i = 0; i < ARRAY_CNT(names) * ARRAY_CNT(files); i++) {
			const char *name = names[i / ARRAY_CNT(files)];
			struct policy_target target = { .kind = (enum policy_attach_kind)kind,
							.netns = netns[i % ARRAY_CNT(files)],
							.ifindex = 3,
							.ifname = name,
							.cgroups = cgroups,
							.cgroup_cnt = i % ARRAY_CNT(files),
							.name = name,
							.file = files[i % ARRAY_CNT(files)] };

			ask_target(tally, &target);
		}
}

START_TEST(each_target_by_each_rule)
{
	struct golden *golden = golden_begin("tests/policy/targets.golden");

	for (size_t i = 0; i < ARRAY_CNT(attaches) * ARRAY_CNT(words); i++) {
		const char *attach = attaches[i / ARRAY_CNT(words)], *word = words[i % ARRAY_CNT(words)];
		struct tally tally = { .sum = GOLDEN_SUM };
		OWN_MEM char *rules = NULL;
		struct policy *policy;

		ck_assert_int_gt(asprintf(&rules,
					  "{\"id\": \"r\", \"effect\": \"allow\", \"who\": {\"anyone\": true}, \"signed_by\": "
					  "{\"unsigned\": true}, \"programs\": {\"types\": {\"any_except\": []}, \"helpers\": "
					  "{\"any_except\": []}, \"attach\": %s%s}}",
					  attach, word),
				 0);
		policy = rig_rules(rules);
		tally.policy = policy;
		ask_all(&tally);
		golden_line(golden, "allow %s%s: %u of %u, %016jx", attach, word, tally.allowed, tally.asked,
			    (uintmax_t)tally.sum);
		policy_free(policy);
	}
	ck_assert(golden_end(golden));
}
END_TEST

START_TEST(each_target_refused_by_each_rule)
{
	struct golden *golden = golden_begin("tests/policy/targets-refused.golden");

	for (size_t i = 1; i < ARRAY_CNT(attaches); i++) {
		struct tally tally = { .sum = GOLDEN_SUM };
		OWN_MEM char *rules = NULL;
		struct policy *policy;

		ck_assert_int_gt(asprintf(&rules,
					  "{\"id\": \"no\", \"effect\": \"deny\", \"who\": {\"anyone\": true}, \"programs\": "
					  "{\"attach\": %s}}, {\"id\": \"r\", \"effect\": \"allow\", \"who\": {\"anyone\": true}, "
					  "\"signed_by\": {\"unsigned\": true}, \"programs\": {\"types\": {\"any_except\": []}, "
					  "\"helpers\": {\"any_except\": []}, \"attach\": {\"any\": [\"*\"]}, \"processes\": \"any\", "
					  "\"samples\": true, \"kernel_addresses\": true}}",
					  attaches[i]),
				 0);
		policy = rig_rules(rules);
		tally.policy = policy;
		ask_all(&tally);
		golden_line(golden, "deny %s: %u of %u, %016jx", attaches[i], tally.allowed, tally.asked,
			    (uintmax_t)tally.sum);
		policy_free(policy);
	}
	ck_assert(golden_end(golden));
}
END_TEST

/* ---- values ---- */

#define RULE_OF(programs, rest)                                                                                        \
	"{\"version\": 1, \"rules\": [{\"id\": \"r\", \"effect\": \"allow\", \"who\": {\"anyone\": true}, "                      \
	"\"signed_by\": {\"unsigned\": true}, \"programs\": {\"types\": {\"only\": [\"kprobe\"]}" programs "}" rest "}]}"

static const char of_programs[] = RULE_OF(", \"%s\": %s", ""), of_quota[] = RULE_OF("", ", \"quota\": {\"%s\": %s}"),
		  of_attach[] = RULE_OF(", \"attach\": {\"%s\": [\"%s\"]}", "");

/* The first mistake, and a sum of all that is said. */
static void tell_findings(struct golden *golden, const char *key, const char *value, const char *json)
{
	OWN_MEM char *all = rig_findings(json, POLICY_NOTE), *errors = rig_findings(json, POLICY_ERROR);

	golden_line(golden, "%s %s: %016jx %.*s", key, value, (uintmax_t)fold_text(GOLDEN_SUM, all),
		    (int)strcspn(errors, "\n"), errors);
}

START_TEST(each_value_of_the_words_beside)
{
	static const char *const values[] = { "\"any\"", "\"own\"", "\"none\"", "true", "false", "null", "0", "1", "-1",
					      "4294967295", "4294967296", "[]", "{}", "\"1M\"" };
	static const char *const keys[] = { "processes", "samples", "kernel_addresses" }, *const quotas[] = { "pins", "btfs",
					      "programs", "maps", "links", "loads_per_minute" };
	static const char *const binaries[] = { "/usr/bin/bash", "/usr/*", "*", "*/libc.so.6", "bash", "b*", "/", "/a/../b",
						"/a//b", "", "?", "/?", "./a", "/a/" };
	struct golden *golden = golden_begin("tests/policy/words-beside.golden");

	for (size_t i = 0; i < ARRAY_CNT(keys) + ARRAY_CNT(quotas) + 1; i++)
		for (size_t n = 0; n < ARRAY_CNT(values); n++) {
			bool is_key = i < ARRAY_CNT(keys), is_quota = !is_key && i < ARRAY_CNT(keys) + ARRAY_CNT(quotas);
			const char *key = is_key ? keys[i] : is_quota ? quotas[i - ARRAY_CNT(keys)] : "uprobe";
			const char *value = is_key || is_quota ? values[n] : binaries[n];
			OWN_MEM char *json = NULL;

			ck_assert_int_gt(asprintf(&json, is_key ? of_programs : is_quota ? of_quota : of_attach, key, value), 0);
			tell_findings(golden, key, value, json);
		}
	ck_assert(golden_end(golden));
}
END_TEST

/* ---- of two rules ---- */

/* From the weightiest on: what is wide and what is narrow, in the programs or in the quota. */
static const struct {
	const char *wide, *narrow;
	bool in_quota;
} terms[] = {
	{ ", \"perfmon\": \"grant\"", ", \"perfmon\": \"judged\"", false },
	{ ", \"grant\": \"fd\"", ", \"grant\": \"handle\"", false },
	{ ", \"unsupported\": \"kernel\"", "", false },
	{ "", ", \"sandbox\": \"whole\"", false },
	{ ", \"max_insns\": 200", ", \"max_insns\": 100", false },
	{ "\"verify_seconds\": 2", "\"verify_seconds\": 1", true },
};

static char *rule_of(const char *id, size_t wide, size_t narrow)
{
	const char *programs[2] = { "", "" }, *quota = "\"programs\": 9";
	char *rule = NULL;

	for (size_t i = 0; i < ARRAY_CNT(terms); i++) {
		const char *text = i == wide ? terms[i].wide : i == narrow ? terms[i].narrow : NULL;

		if (text && terms[i].in_quota)
			quota = text;
		else if (text)
			programs[i == narrow] = text;
	}
	ck_assert_int_gt(asprintf(&rule,
				  "{\"id\": \"%s\", \"effect\": \"allow\", \"who\": {\"anyone\": true}, \"signed_by\": {\"unsigned\": true}, "
				  "\"programs\": {\"types\": {\"only\": [\"xdp\"]}, \"helpers\": {\"any_except\": []}%s%s}, \"quota\": {%s}}",
				  id, programs[0], programs[1], quota),
			 0);
	return rule;
}

static void see_winner(const char *first, const char *second, const char *id)
{
	const struct policy_subject who = { .uid = 1001 };
	const struct policy_prog_facts prog = { .name = "p", .type = 6, .insn_cnt = 2 };
	const struct policy_request request = { .verb = POLICY_PROG_LOAD, .now_s = RIG_NOW, .prog = &prog };
	const char *const orders[][2] = { { first, second }, { second, first } };

	for (size_t i = 0; i < ARRAY_CNT(orders); i++) {
		OWN_MEM char *rules = NULL;
		struct policy_decision d;
		struct policy *policy;

		ck_assert_int_gt(asprintf(&rules, "%s, %s", orders[i][0], orders[i][1]), 0);
		policy = rig_rules(rules);
		policy_decide(policy, &who, &request, &d);
		ck_assert_msg(d.verdict == POLICY_ALLOW && strcmp(d.rule, id) == 0, "%s of %s", d.rule, rules);
		policy_free(policy);
	}
}

/* What is weightier decides, whatever the lighter terms say; of equal rules the first by name. */
START_TEST(the_more_generous_of_two_sets_the_terms_by_each_term)
{
	enum { NONE = ARRAY_CNT(terms) };
	OWN_MEM char *a = rule_of("a", NONE, NONE), *b = rule_of("b", NONE, NONE);

	see_winner(a, b, "a");
	for (size_t i = 0; i < ARRAY_CNT(terms); i++) {
		OWN_MEM char *wide = rule_of("z", i, NONE), *narrow = rule_of("a", NONE, i);

		see_winner(wide, narrow, "z");
		for (size_t k = i + 1; k < ARRAY_CNT(terms); k++) {
			OWN_MEM char *one = rule_of("z", i, k), *other = rule_of("a", k, i);

			see_winner(one, other, "z");
		}
	}
}
END_TEST

START_TEST(a_grant_has_each_quota_of_its_rule)
{
	const struct policy_subject who = { .uid = 1001 };
	const struct policy_prog_facts prog = { .name = "p", .type = 6, .insn_cnt = 2 };
	const struct policy_request request = { .verb = POLICY_PROG_LOAD, .now_s = RIG_NOW, .prog = &prog };
	struct policy *policy = rig_rules(
		"{\"id\": \"r\", \"effect\": \"allow\", \"who\": {\"anyone\": true}, \"signed_by\": {\"unsigned\": true}, "
		"\"programs\": {\"types\": {\"only\": [\"xdp\"]}}, \"quota\": {\"programs\": 1, \"maps\": 2, \"links\": 3, "
		"\"pins\": 4, \"btfs\": 5, \"loads_per_minute\": 6, \"map_bytes\": \"7K\", \"verify_seconds\": 8, "
		"\"verify_memory\": \"9M\"}}");
	struct policy_decision d;

	policy_decide(policy, &who, &request, &d);
	ck_assert_int_eq(d.verdict, POLICY_ALLOW);
	ck_assert_uint_eq(d.quota.programs, 1);
	ck_assert_uint_eq(d.quota.maps, 2);
	ck_assert_uint_eq(d.quota.links, 3);
	ck_assert_uint_eq(d.quota.pins, 4);
	ck_assert_uint_eq(d.quota.btfs, 5);
	ck_assert_uint_eq(d.quota.loads_per_minute, 6);
	ck_assert_uint_eq(d.quota.map_bytes, 7 << 10);
	ck_assert_uint_eq(d.quota.verify_ns, 8000000000u);
	ck_assert_uint_eq(d.quota.verify_memory_bytes, 9 << 20);
	policy_free(policy);
}
END_TEST

START_TEST(a_rule_is_found_by_its_whole_name)
{
	static const char *const ids[] = { "a", "ab", "b-2" }, *const others[] = { "", "A", "abc", "b", "b-22", "c" };
	OWN_MEM char *first = rule_of(ids[0], 99, 99), *second = rule_of(ids[1], 99, 99), *third = rule_of(ids[2], 99, 99),
		     *rules = NULL;
	struct policy *policy;

	ck_assert_int_gt(asprintf(&rules, "%s, %s, %s", first, second, third), 0);
	policy = rig_rules(rules);
	for (size_t i = 0; i < ARRAY_CNT(ids); i++)
		ck_assert_int_eq(policy_find_rule(policy, ids[i]), (int)i);
	for (size_t i = 0; i < ARRAY_CNT(others); i++)
		ck_assert_int_lt(policy_find_rule(policy, others[i]), 0);
	policy_free(policy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy/sweep_targets");
	TCase *tc = tcase_create("sweep_targets");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, each_target_by_each_rule);
	tcase_add_test(tc, each_target_refused_by_each_rule);
	tcase_add_test(tc, each_value_of_the_words_beside);
	tcase_add_test(tc, the_more_generous_of_two_sets_the_terms_by_each_term);
	tcase_add_test(tc, a_rule_is_found_by_its_whole_name);
	tcase_add_test(tc, a_grant_has_each_quota_of_its_rule);
	suite_add_tcase(suite, tc);
	return rig_run(suite);
}
