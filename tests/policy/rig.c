/* SPDX-License-Identifier: Apache-2.0 */
/* The policy tests' own small world: see rig.h. It trusts the tests and refuses bad policies. */
#include "tests/policy/rig.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/own.h"

struct rig_name {
	const char *name;
	uint32_t id;
};

static int find(const struct rig_name *names, size_t cnt, const char *name, uint32_t *ret_id)
{
	size_t i;

	for (i = 0; i < cnt; i++) {
		if (strcmp(names[i].name, name) == 0) {
			*ret_id = names[i].id;
			return 0;
		}
	}
	return -ENOENT;
}

static int find_user(void *ctx, const char *name, uid_t *ret_uid)
{
	static const struct rig_name users[] = { { "alice", 1001 }, { "bob", 1002 },
						 { "carol", 1003 } };

	(void)ctx;
	return find(users, ARRAY_CNT(users), name, ret_uid);
}

static int find_group(void *ctx, const char *name, gid_t *ret_gid)
{
	static const struct rig_name groups[] = { { "tracers", 2001 }, { "devs", 2002 } };

	(void)ctx;
	return find(groups, ARRAY_CNT(groups), name, ret_gid);
}

static int read_key(void *ctx, const char *path, char **ret_bytes, size_t *ret_len)
{
	(void)ctx;
	(void)path;
	(void)ret_bytes;
	(void)ret_len;
	return -ENOENT;
}

struct policy_env rig_env(void)
{
	return (struct policy_env){
		.find_user = find_user,
		.find_group = find_group,
		.read_key = read_key,
		.now_s = RIG_NOW,
		.keys_assumed = true,
	};
}

struct policy *rig_policy(const char *json)
{
	struct policy_text text = { "t.json", json, strlen(json) };
	struct policy_env env = rig_env();
	struct policy_report *report = NULL;
	struct policy *policy = NULL;
	int r = policy_from_texts(&text, 1, &env, &policy, &report);

	if (r < 0)
		policy_report_print(report, POLICY_ERROR, stderr);
	ck_assert_int_eq(r, 0);
	policy_report_free(report);
	return policy;
}

struct policy *rig_rules(const char *rules)
{
	OWN_MEM char *json = NULL;

	ck_assert_int_gt(asprintf(&json, "{\"version\": 1, \"rules\": [%s]}", rules), 0);
	return rig_policy(json);
}

char *rig_findings(const char *json, enum policy_severity least)
{
	struct policy_text text = { "t.json", json, strlen(json) };
	struct policy_env env = rig_env();
	struct policy_report *report = NULL;
	struct policy *policy = NULL;
	char *found = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&found, &len);
	int r = policy_from_texts(&text, 1, &env, &policy, &report);

	ck_assert(r == 0 || r == -EBADMSG);
	ck_assert_int_eq(r == 0, policy_report_cnt(report, POLICY_ERROR) == 0);
	policy_report_print(report, least, out);
	(void)fclose(out);
	policy_report_free(report);
	policy_free(policy);
	return found;
}

int rig_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
