/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy is loaded whole or not at all: where memory ends, at each allocation in turn, the answer
 * is ENOMEM and nothing stays behind. And what only shows with more than one file, rule or digest.
 */
#include "tests/policy/rig.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t cnt, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void __libc_free(void *block);

/* The C library allocates by these, too. */
#define FOR_ALL __attribute__((visibility("default")))

static bool counting;
static size_t taken, fails_at; /* the how manieth allocation fails; 0: none */
static long held;

static bool allowed(void)
{
	return !counting || ++taken != fails_at;
}

FOR_ALL void *malloc(size_t bytes)
{
	void *block = allowed() ? __libc_malloc(bytes) : NULL;

	held += counting && block;
	errno = block ? errno : ENOMEM;
	return block;
}

FOR_ALL void *calloc(size_t cnt, size_t bytes)
{
	void *block = allowed() ? __libc_calloc(cnt, bytes) : NULL;

	held += counting && block;
	errno = block ? errno : ENOMEM;
	return block;
}

FOR_ALL void *realloc(void *old, size_t bytes)
{
	void *block = allowed() ? __libc_realloc(old, bytes) : NULL;

	held += counting && block && !old;
	errno = block ? errno : ENOMEM;
	return block;
}

FOR_ALL void free(void *block)
{
	held -= counting && block;
	__libc_free(block);
}

static const char first[] =
	"{\"version\": 1,\n"
	" \"sets\": {\"@people\": [\"alice\", \"bob\"]},\n"
	" \"signers\": {\"a\": {\"x509\": \"/a\"}, \"b\": {\"x509\": \"/b\", \"revoked\": true}},\n"
	" \"rules\": [\n"
	"  {\"id\": \"full\", \"effect\": \"allow\", \"expires\": \"2027-01-01T00:00:00Z\",\n"
	"   \"who\": {\"users\": [\"alice\", \"carol\"], \"units\": [\"a.service\"], \"groups\": [\"tracers\"]},\n"
	"   \"signed_by\": {\"signers\": [\"a\", \"b\"], \"threshold\": 2},\n"
	"   \"digests\": [\"sha256:0101010101010101010101010101010101010101010101010101010101010101\"],\n"
	"   \"programs\": {\"types\": {\"only\": [\"xdp\"]}, \"helpers\": {\"only\": [\"bpf_map_lookup_elem\"]},\n"
	"     \"kfuncs\": {\"only\": [\"bpf_rcu_*\", \"bpf_task_*\"]},\n"
	"     \"attach\": {\"xdp\": [\"wan*\", \"netns:/run/netns/blue:eth0\"],\n"
	"       \"cgroup\": [\"/sys/fs/cgroup/a.slice\"], \"kprobe\": [\"vfs_*\"]}},\n"
	"   \"maps\": {\"types\": {\"only\": [\"hash\"]}, \"pin_under\": [\"/sys/fs/bpf/a\"],\n"
	"     \"share_with\": [\"user:bob\", \"group:devs:rw\"]},\n"
	"   \"quota\": {\"programs\": 2, \"maps\": 2}}]}";

static const char second[] =
	"{\"version\": 1, \"rules\": [\n"
	"  {\"id\": \"plain\", \"effect\": \"allow\", \"who\": {\"users\": [\"bob\"]},\n"
	"   \"signed_by\": {\"unsigned\": true}, \"programs\": {\"types\": {\"only\": [\"xdp\"]}}},\n"
	"\n"
	"  {\"id\": \"counted\", \"effect\": \"allow\", \"who\": {\"users\": [\"carol\"]},\n"
	"   \"programs\": {\"types\": {\"only\": [\"xdp\"]}},\n"
	"   \"digests\": [\"sha256:0202020202020202020202020202020202020202020202020202020202020202\"],\n"
	"   \"quota\": {\"programs\": 2, \"in_all\": {\"programs\": 4}}}]}";

static int load(struct policy **ret_policy, struct policy_report **ret_report)
{
	const struct policy_text texts[] = { { "a.json", first, strlen(first) },
					     { "b.json", second, strlen(second) } };
	const struct policy_env env = rig_env();

	return policy_from_texts(texts, 2, &env, ret_policy, ret_report);
}

static void decide(const struct policy *policy, uid_t uid,
		   const uint8_t (*digests)[POLICY_SHA256_LEN], size_t digest_cnt,
		   struct policy_decision *ret_decision)
{
	const struct policy_subject who = { .uid = uid, .gid = uid };
	const struct policy_prog_facts prog = {
		.type = 6, .insn_cnt = 2, .digests = digests, .digest_cnt = digest_cnt
	};
	const struct policy_rule_use use = { .rule = "counted" };
	const struct policy_request request = { .verb = POLICY_PROG_LOAD,
						.prog = &prog,
						.now_s = RIG_NOW,
						.rule_uses = &use,
						.rule_use_cnt = 1 };

	policy_decide(policy, &who, &request, ret_decision);
}

/* All of it is there: what was lost can only be what a finding quotes. */
static bool is_whole(const struct policy *policy)
{
	static const uint8_t digest[1][POLICY_SHA256_LEN] = { { 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
								2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
								2, 2, 2, 2, 2, 2, 2, 2, 2, 2 } };
	struct policy_decision bob, carol;

	decide(policy, 1002, NULL, 0, &bob);
	decide(policy, 1003, digest, 1, &carol);
	return policy_counts_rules(policy) && bob.verdict == POLICY_ALLOW &&
	       carol.verdict == POLICY_ALLOW && policy_path(policy, 1);
}

START_TEST(where_memory_ends_nothing_is_loaded_and_nothing_stays)
{
	struct policy_report *before = NULL;
	struct policy *once = NULL;

	ck_assert_int_eq(load(&once, &before), 0); /* some tables are made once */
	policy_report_free(before);
	policy_free(once);
	for (size_t n = 1;; n++) {
		struct policy_report *report = NULL;
		struct policy *policy = NULL;
		bool all, right;
		int r;

		held = 0;
		taken = 0;
		fails_at = n;
		counting = true;
		r = load(&policy, &report);
		all = taken < n;
		fails_at = 0;
		right = r == 0 ? is_whole(policy) : !policy;
		policy_report_free(report);
		policy_free(policy);
		ERR_clear_error(); /* the last one is OpenSSL's to keep */
		counting = false;
		ck_assert_int_eq(held, 0);
		ck_assert(right);
		/* what the JSON reader has no memory for is no JSON to it */
		ck_assert(r == 0 || r == -ENOMEM || r == -EBADMSG);
		if (all) {
			ck_assert_int_eq(r, 0);
			ck_assert_uint_gt(n, 300);
			break;
		}
	}
}
END_TEST

static struct policy *loaded(void)
{
	struct policy_report *report = NULL;
	struct policy *policy = NULL;

	if (load(&policy, &report) < 0)
		policy_report_print(report, POLICY_ERROR, stderr);
	ck_assert_ptr_nonnull(policy);
	policy_report_free(report);
	return policy;
}

START_TEST(a_decision_names_the_file_of_its_rule)
{
	struct policy *policy = loaded();
	struct policy_decision decision;

	decide(policy, 1002, NULL, 0, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_ALLOW);
	ck_assert_str_eq(decision.rule, "plain");
	ck_assert_str_eq(decision.place.file, "b.json");
	ck_assert_uint_eq(decision.place.line, 2);
	policy_free(policy);
}
END_TEST

START_TEST(one_digest_is_enough_when_it_is_the_listed_one)
{
	static const struct {
		uint8_t bytes;
		size_t cnt;
		enum policy_verdict verdict;
	} rows[] = { { 2, 1, POLICY_ALLOW }, { 3, 1, POLICY_DENY }, { 2, 0, POLICY_DENY } };
	struct policy *policy = loaded();

	for (size_t i = 0; i < ARRAY_CNT(rows); i++) {
		uint8_t digest[1][POLICY_SHA256_LEN];
		struct policy_decision decision;

		memset(digest, rows[i].bytes, sizeof(digest));
		decide(policy, 1003, (const uint8_t(*)[POLICY_SHA256_LEN])digest, rows[i].cnt,
		       &decision);
		ck_assert_int_eq(decision.verdict, rows[i].verdict);
	}
	policy_free(policy);
}
END_TEST

START_TEST(a_rule_that_counts_is_found_behind_others)
{
	struct policy *policy = loaded();

	ck_assert(policy_counts_rules(policy));
	policy_free(policy);
	policy = rig_rules(
		"{\"id\": \"a\", \"effect\": \"allow\", \"who\": {\"users\": [\"bob\"]},"
		" \"signed_by\": {\"unsigned\": true}, \"programs\": {\"types\": {\"only\": [\"xdp\"]}}}");
	ck_assert(!policy_counts_rules(policy));
	policy_free(policy);
}
END_TEST

START_TEST(only_a_rule_that_grants_is_unreachable)
{
	static const char form[] =
		"{\"version\": 1, \"rules\": ["
		"{\"id\": \"no\", \"effect\": \"deny\", \"who\": {\"users\": [\"bob\"]}},"
		"{\"id\": \"other\", \"effect\": \"%s\", \"who\": {\"users\": [\"bob\"]}%s}]}";
	static const char *const rest[] = {
		", \"signed_by\": {\"unsigned\": true}, \"programs\": {\"types\": {\"only\": [\"xdp\"]}}",
		""
	};

	for (int denies = 0; denies < 2; denies++) {
		OWN_MEM char *json = NULL, *found = NULL;

		ck_assert_int_gt(asprintf(&json, form, denies ? "deny" : "allow", rest[denies]), 0);
		found = rig_findings(json, POLICY_WARNING);
		ck_assert_int_eq(!strstr(found, "cannot be reached"), denies);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy: memory");
	TCase *tc = tcase_create("memory");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, where_memory_ends_nothing_is_loaded_and_nothing_stays);
	tcase_add_test(tc, a_decision_names_the_file_of_its_rule);
	tcase_add_test(tc, one_digest_is_enough_when_it_is_the_listed_one);
	tcase_add_test(tc, a_rule_that_counts_is_found_behind_others);
	tcase_add_test(tc, only_a_rule_that_grants_is_unreachable);
	suite_add_tcase(suite, tc);
	return rig_run(suite);
}
