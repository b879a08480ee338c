/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a policy file: the index of places and jansson must agree on them, every finding must be
 * fit for a terminal, and a policy that is taken must decide without harm, the same twice.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"
#include "tests/policy/json_agree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int find_id(void *ctx, const char *name, uint32_t *ret_id)
{
	(void)ctx;
	*ret_id = (uint32_t)strlen(name);
	return name[0] == 'x' ? -ENOENT : 0;
}

static int read_key(void *ctx, const char *path, char **ret_bytes, size_t *ret_len)
{
	(void)ctx;
	(void)path;
	(void)ret_bytes;
	(void)ret_len;
	return -ENOENT;
}

static void check_report(const struct policy_report *report)
{
	const char *line;
	size_t i;

	for (i = 0; (line = policy_report_line(report, i)); i++)
		for (; *line; line++)
			assert(*line >= 0x20 && *line < 0x7f);
}

static void decide(const struct policy *policy)
{
	static const struct policy_map_facts map = { "m", 1, 4096 };
	struct policy_prog_facts prog = { .type = 6, .insn_cnt = 10, .helpers = { 2 },
					  .maps = &map, .map_cnt = 1 };
	struct policy_target target = { .kind = POLICY_ATTACH_XDP, .ifname = "eth0", .name = "x" };
	struct policy_subject who = { .uid = 4, .gid = 4 };
	struct policy_decision first, second;
	int verb;

	for (verb = 0; verb < POLICY_VERB_CNT; verb++) {
		struct policy_request request = {
			.verb = (enum policy_verb)verb, .now_s = 1700000000, .prog = &prog,
			.map = &map, .target = &target, .owner = &who, .pin_path = "/sys/fs/bpf/x",
		};

		policy_decide(policy, &who, &request, &first);
		policy_decide(policy, &who, &request, &second);
		assert(memcmp(&first, &second, sizeof(first)) == 0);
		assert(first.verdict == POLICY_DENY || first.rule[0]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct policy_text text = { "f.json", (const char *)data, size };
	const struct policy_env env = { .find_user = find_id, .find_group = find_id,
					.read_key = read_key, .now_s = 1700000000,
					.keys_assumed = true };
	struct policy_report *report = NULL;
	struct policy *policy = NULL;
	int r;

	assert(json_agree((const char *)data, size));
	r = policy_from_texts(&text, 1, &env, &policy, &report);
	assert(r == 0 || r == -EBADMSG);
	assert((r == 0) == (policy != NULL));
	check_report(report);
	if (policy)
		decide(policy);
	policy_report_free(report);
	policy_free(policy);
	return 0;
}
