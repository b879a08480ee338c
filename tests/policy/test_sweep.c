/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy with everything in it, changed in one place at a time: each value exchanged for each
 * other kind of value, each byte left out or exchanged. What is said to it, and what it then
 * decides about a set of requests, is compared with findings.golden; each field of a request at its
 * neighbours with decisions.golden.
 */
#include "tests/policy/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/match.h"
#include "policy/names.h"
#include "policy/rule.h"
#include "policy/text.h"
#include "policy/worth.h"
#include "proto/own.h"
#include "tests/lib/golden.h"

/* clang-format off */
static const char full_text[] =
	"{\"version\": 1, \"comment\": \"\\u00e4\\n \\ud83d\\ude00\",\n"
	" \"signers\": {\"a\": {\"x509\": \"/a\", \"role\": \"ca\"}, \"b\": {\"x509\": \"/b\", \"role\": \"leaf\", \"comment\": \"x\"},\n"
	"   \"old\": {\"x509\": \"/o\", \"not_after\": \"2025-01-01T00:00:00Z\", \"sha256\": \"0000000000000000000000000000000000000000000000000000000000000000\"},\n"
	"   \"gone\": {\"x509\": \"/g\", \"revoked\": true}},\n"
	" \"sets\": {\"@h\": [\"bpf_map_lookup_elem\", \"bpf_map_update_elem\"], \"@w\": [\"wan*\"]},\n"
	" \"rules\": [\n"
	"  {\"id\": \"full\", \"effect\": \"allow\", \"expires\": \"2028-02-29T00:00:00Z\", \"log\": \"full\",\n"
	"   \"who\": {\"users\": [\"alice\", \"1009\"], \"units\": [\"a.service\"], \"groups\": [\"tracers\"], \"labels\": [\"ok_t\"], \"exe\": [\"/bin/a\"]},\n"
	"   \"signed_by\": {\"signers\": [\"a\", \"b\", \"old\", \"gone\"], \"threshold\": 2},\n"
	"   \"digests\": [\"sha256:0101010101010101010101010101010101010101010101010101010101010101\"],\n"
	"   \"programs\": {\"types\": {\"only\": [\"xdp\"]}, \"helpers\": {\"only\": [\"@h\"]}, \"kfuncs\": {\"only\": [\"bpf_rcu_*\"]},\n"
	"     \"attach\": {\"xdp\": [\"@w\", \"netns:/run/netns/blue:eth0\", \"netns:*:pub?\"],\n"
	"       \"cgroup\": [\"/sys/fs/cgroup/a.slice\"], \"kprobe\": [\"vfs_*\"], \"sk_lookup\": [\"host\"], \"netfilter\": [\"netns:/run/netns/blue\", \"netns:*\"]},\n"
	"     \"max_insns\": 100, \"sleepable\": false, \"perfmon\": \"judged\", \"grant\": \"fd\", \"unsupported\": \"kernel\", \"sandbox\": \"whole\", \"test_run\": true},\n"
	"   \"maps\": {\"types\": {\"only\": [\"hash\"]}, \"max_bytes_each\": \"4K\",\n"
	"     \"pin_under\": [\"/sys/fs/bpf/a\"], \"share_with\": [\"user:bob\", \"group:devs:rw\", \"unit:c.service\"]},\n"
	"   \"quota\": {\"programs\": 2, \"maps\": 2, \"links\": 2, \"map_bytes\": \"8K\", \"loads_per_minute\": 5, \"verify_seconds\": 1.5, \"verify_memory\": \"1M\"}},\n"
	"  {\"id\": \"no\", \"effect\": \"deny\", \"shadow\": true, \"who\": {\"groups\": [\"devs\"]},\n"
	"   \"programs\": {\"helpers\": {\"uses_any\": [\"bpf_send_signal\"]}, \"types\": {\"any_except\": [\"lsm\"]}}},\n"
	"  {\"id\": \"maps-only\", \"effect\": \"allow\", \"who\": {\"anyone\": true}, \"maps\": {\"types\": {\"any_except\": [\"arena\"]}, \"max_bytes_each\": \"1G\"}}]}";

static const char deny_text[] =
	"{\"version\": 1, \"rules\": [\n"
	"  {\"id\": \"deny\", \"effect\": \"deny\", \"expires\": \"2027-01-01T00:00:00Z\", \"log\": \"denials\", \"who\": {\"users\": [\"alice\"], \"groups\": [\"tracers\"]},\n"
	"   \"digests\": [\"sha256:0101010101010101010101010101010101010101010101010101010101010101\"],\n"
	"   \"programs\": {\"types\": {\"uses_any\": [\"xdp\"]}, \"helpers\": {\"any_except\": [\"bpf_map_update_elem\"]}, \"kfuncs\": {\"uses_any\": [\"bpf_rcu_*\"]},\n"
	"     \"attach\": {\"xdp\": [\"wan*\"], \"any\": [\"*\"]}, \"sleepable\": true},\n"
	"   \"maps\": {\"types\": {\"uses_any\": [\"hash\"]}}},\n"
	"  {\"id\": \"all\", \"effect\": \"allow\", \"who\": {\"anyone\": true}, \"signed_by\": {\"unsigned\": true},\n"
	"   \"programs\": {\"types\": {\"any_except\": []}, \"helpers\": {\"any_except\": []}, \"kfuncs\": {\"any_except\": []}, \"attach\": {\"any\": [\"*\"]}, \"test_run\": \"live\", \"perfmon\": \"grant\"},\n"
	"   \"maps\": {\"types\": {\"any_except\": []}}}]}";
/* clang-format on */

/* ---- requests ---- */

static const gid_t groups[] = { 100, 2001, 2002 };
static const char *const kfuncs[] = { "bpf_rcu_read_lock", "bpf_task_acquire" };
static const struct policy_path_id paths[] = { { "/run/netns/blue", { 4, 40 } },
					       { "/sys/fs/cgroup/a.slice", { 7, 70 } } };
static const struct policy_object_id cgroups[] = { { 7, 71 }, { 7, 70 }, { 7, 1 } };
static const uint8_t digests[2][POLICY_SHA256_LEN] = { { 9 }, { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
								1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
								1, 1, 1, 1, 1, 1, 1, 1, 1, 1 } };

struct asked {
	struct policy_subject who, owner;
	struct policy_prog_facts prog;
	struct policy_map_facts map;
	struct policy_proof proofs[3];
	struct policy_target target;
	struct policy_request request;
};

static void ask(struct asked *asked, enum policy_verb verb)
{
	memset(asked, 0, sizeof(*asked));
	asked->who = (struct policy_subject){ .uid = 1001,
					      .gid = 1001,
					      .groups = groups,
					      .group_cnt = 2,
					      .unit = "a.service",
					      .label = "ok_t",
					      .exe = "/bin/a" };
	asked->owner = asked->who;
	asked->map = (struct policy_map_facts){ "m", 1, 4096 };
	asked->proofs[0].signer = "a";
	asked->proofs[1].signer = "b";
	asked->proofs[2].signer = "a";
	asked->prog = (struct policy_prog_facts){ .name = "p",
						  .type = 6,
						  .insn_cnt = 100,
						  .kfuncs = kfuncs,
						  .kfunc_cnt = 1,
						  .maps = &asked->map,
						  .map_cnt = 1,
						  .proofs = asked->proofs,
						  .proof_cnt = 2,
						  .digests = digests,
						  .digest_cnt = 2 };
	policy_helper_add(&asked->prog, 1);
	asked->target = (struct policy_target){ .kind = POLICY_ATTACH_XDP,
						.netns = { 4, 1 },
						.ifindex = 3,
						.ifname = "wan0",
						.cgroups = cgroups,
						.cgroup_cnt = 3,
						.name = "vfs_read" };
	asked->request = (struct policy_request){ .verb = verb,
						  .now_s = RIG_NOW,
						  .host_netns = { 4, 1 },
						  .paths = paths,
						  .path_cnt = 2,
						  .pin_path = "/sys/fs/bpf/a/x",
						  .use = { 1, 1, 1, 4, 4096 } };
	if (verb == POLICY_PROG_LOAD || verb == POLICY_ATTACH || verb == POLICY_TEST_RUN)
		asked->request.prog = &asked->prog;
	if (verb == POLICY_MAP_CREATE || verb == POLICY_SHARE)
		asked->request.map = &asked->map;
	if (verb == POLICY_ATTACH || verb == POLICY_QUERY || verb == POLICY_PERF_EVENT)
		asked->request.target = &asked->target;
	if (verb == POLICY_SHARE) {
		asked->request.owner = &asked->owner;
		asked->who = (struct policy_subject){ .uid = 1002, .gid = 2002, .groups = groups };
	}
}

static uint64_t fold_text(uint64_t sum, const char *text)
{
	return golden_fold(golden_fold_u64(sum, strlen(text)), text, strlen(text));
}

static uint64_t fold_decision(uint64_t sum, const struct policy_decision *d)
{
	const uint64_t numbers[] = { d->verdict,
				     d->condition,
				     d->by_deny_rule,
				     d->place.line,
				     d->place.column,
				     d->grant,
				     d->perfmon,
				     d->unsupported,
				     d->whole_sandbox,
				     d->max_insns,
				     d->share_rw,
				     d->log,
				     d->quota.programs,
				     d->quota.maps,
				     d->quota.links,
				     d->quota.loads_per_minute,
				     d->quota.map_bytes,
				     d->quota.verify_ns,
				     d->quota.verify_memory_bytes,
				     d->shadow_verdict };

	sum = golden_fold(sum, numbers, sizeof(numbers));
	sum = fold_text(
		fold_text(fold_text(fold_text(sum, d->client_text), d->admin_text), d->remedy),
		d->rule);
	return fold_text(fold_text(sum, d->place.file), d->shadow_rule);
}

static uint64_t fold_examined(uint64_t sum, const struct policy *policy, const struct asked *asked)
{
	for (size_t i = 0; i < policy_rule_cnt(policy); i++) {
		struct policy_outcome o;

		policy_examine(policy, i, &asked->who, &asked->request, &o);
		sum = golden_fold_u64(fold_text(sum, o.rule), o.deny | (uint64_t)o.shadow << 1 |
								      (uint64_t)o.matches << 2 |
								      o.failed_cnt << 3);
		sum = golden_fold_u64(sum, o.place.line * 1000ull + o.place.column);
		for (int c = 0; c < POLICY_COND_CNT; c++) {
			sum = golden_fold_u64(sum, o.steps[c].state * 1000000ull +
							   o.steps[c].place.line * 1000ull +
							   o.steps[c].place.column);
			sum = fold_text(sum, o.steps[c].text);
		}
	}
	return sum;
}

static uint64_t fold_verbs(uint64_t sum, const struct policy *policy)
{
	for (enum policy_verb verb = 0; verb < POLICY_VERB_CNT; verb++) {
		struct policy_decision decision;
		struct asked asked;

		ask(&asked, verb);
		policy_decide(policy, &asked.who, &asked.request, &decision);
		sum = fold_examined(fold_decision(sum, &decision), policy, &asked);
		sum = golden_fold_u64(sum, policy_names(policy, &asked.who));
	}
	sum = golden_fold_u64(sum, policy_denies_groups(policy));
	sum = golden_fold_u64(sum, policy_lists_digest(policy, digests[1]) +
					   2u * policy_lists_digest(policy, digests[0]));
	for (size_t i = 0; policy_path(policy, i); i++)
		sum = fold_text(sum, policy_path(policy, i));
	return fold_text(sum, policy_digest(policy));
}

/* ---- texts with one change ---- */

struct tally {
	unsigned int taken, refused;
	uint64_t sum;
	char first[160]; /* finding */
};

static void try_text(const char *bytes, size_t len, struct tally *tally)
{
	struct policy_text text = { "t.json", bytes, len };
	struct policy_env env = rig_env();
	struct policy_report *report = NULL;
	struct policy *policy = NULL;
	OWN_MEM char *found = NULL;
	size_t found_len;
	FILE *out = open_memstream(&found, &found_len);
	int r = policy_from_texts(&text, 1, &env, &policy, &report);

	policy_report_print(report, POLICY_NOTE, out);
	(void)fclose(out);
	tally->sum = golden_fold_u64(fold_text(tally->sum, found), (uint64_t)r);
	for (size_t i = 0; policy_report_line(report, i); i++)
		tally->sum = fold_text(tally->sum, policy_report_line(report, i));
	if (!*tally->first && policy_report_line(report, 0) && r < 0)
		(void)snprintf(tally->first, sizeof(tally->first), "%s",
			       policy_report_line(report, 0));
	tally->taken += r == 0;
	tally->refused += r < 0;
	if (r == 0)
		tally->sum = fold_verbs(tally->sum, policy);
	policy_report_free(report);
	policy_free(policy);
}

static void try_exchanged(const char *text, size_t at, size_t n, const char *other,
			  struct tally *tally)
{
	OWN_MEM char *changed = NULL;
	int len = asprintf(&changed, "%.*s%s%s", (int)at, text, other, text + at + n);

	ck_assert_int_gt(len, 0);
	try_text(changed, (size_t)len, tally);
}

/* The length of the value or key at this place; 0: none begins here. */
static size_t token_at(const char *text, size_t at)
{
	const char *p = text + at;

	if (*p == '"') {
		size_t n = 1;

		while (p[n] != '"')
			n += p[n] == '\\' ? 2 : 1;
		return n + 1;
	}
	if (*p == '[' || *p == '{') {
		int depth = 0;

		for (size_t n = 0;; n++) {
			depth += (p[n] == '[' || p[n] == '{') - (p[n] == ']' || p[n] == '}');
			if (!depth)
				return n + 1;
		}
	}
	return strspn(p, "0123456789truefals.");
}

static void sweep_tokens(struct golden *golden, const char *text)
{
	static const char *const others[] = { "null",
					      "true",
					      "0",
					      "1",
					      "-1",
					      "1.5",
					      "64",
					      "65",
					      "4294967295",
					      "4294967296",
					      "1e300",
					      "\"\"",
					      "\"x\"",
					      "\"*\"",
					      "\"@h\"",
					      "\"@none\"",
					      "\"4096M\"",
					      "[]",
					      "[\"*\"]",
					      "[\"\"]",
					      "[1]",
					      "{}",
					      "{\"only\": [\"hash\"]}",
					      "\"any\"",
					      "\"live\"",
					      "\"deny\"" };

	for (size_t at = 0, n; text[at]; at += n && text[at] != '[' && text[at] != '{' ? n : 1) {
		struct tally tally = { .sum = GOLDEN_SUM };

		n = token_at(text, at);
		if (!n || !at)
			continue;
		for (size_t i = 0; i < ARRAY_CNT(others); i++)
			try_exchanged(text, at, n, others[i], &tally);
		golden_line(golden, "%.*s: taken %u, refused %u, %016jx, %s",
			    (int)(n < 40 ? n : 40), text + at, tally.taken, tally.refused,
			    (uintmax_t)tally.sum, tally.first);
	}
}

static void sweep_bytes(struct golden *golden, const char *text)
{
	static const char *const others[] = { "",  "\"",   "}",	   ",", "\\",
					      "x", "\x01", "\xc3", "-", "\n" };
	struct tally tally = { .sum = GOLDEN_SUM };
	unsigned int line = 1;

	for (size_t at = 0; text[at]; at++) {
		/* The beginnings of lines are enough of everything. */
		for (size_t i = 0; i < ARRAY_CNT(others); i++)
			if (i < 1 || at % 5 == i % 5)
				try_exchanged(text, at, 1, others[i], &tally);
		if (text[at] != '\n' && text[at + 1])
			continue;
		golden_line(golden, "line %u: taken %u, refused %u, %016jx, %s", line++,
			    tally.taken, tally.refused, (uintmax_t)tally.sum, tally.first);
		tally = (struct tally){ .sum = GOLDEN_SUM };
	}
}

START_TEST(each_value_exchanged)
{
	struct golden *golden = golden_begin("tests/policy/findings.golden");

	sweep_tokens(golden, full_text);
	sweep_tokens(golden, deny_text);
	ck_assert(golden_end(golden));
}
END_TEST

START_TEST(each_byte_exchanged)
{
	struct golden *golden = golden_begin("tests/policy/bytes.golden");

	sweep_bytes(golden, full_text);
	ck_assert(golden_end(golden));
}
END_TEST

/* Strings where their form counts, each in the place of one that is right. */
START_TEST(each_form_of_string)
{
	static const struct {
		const char *was;
		const char *others[24];
	} rows[] = {
		{ "\"4K\"",
		  { "0", "0K", "1", "1K", "1M", "1G", "1T", "1k", "K", "1KK", "16777216T",
		    "16777215T", "18446744073709551615", "18446744073709551616", "01", "-1", "1 ",
		    " 1" } },
		{ "\"2028-02-29T00:00:00Z\"",
		  { "2027-02-29T00:00:00Z", "2100-02-29T00:00:00Z",  "2000-02-29T00:00:00Z",
		    "2028-02-30T00:00:00Z", "2028-04-31T00:00:00Z",  "2028-12-31T23:59:59Z",
		    "2028-13-01T00:00:00Z", "2028-00-01T00:00:00Z",  "2028-01-00T00:00:00Z",
		    "2028-01-01T24:00:00Z", "2028-01-01T00:60:00Z",  "2028-01-01T00:00:60Z",
		    "2028-01-01T00:00:61Z", "2028-01-01t00:00:00Z",  "2028-1-01T00:00:00Z",
		    "1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z",  "9999-12-31T23:59:59Z",
		    "2028-01-01T00:00:00",  "2028-01-01T00:00:00Zx", "2026-01-01T00:00:00Z",
		    "2026-01-01T00:00:01Z", "2025-12-31T23:59:59Z" } },
		{ "\"wan*\"",
		  { "123456789012345", "1234567890123456", "a/b", "a:b", "netns:*:", "netns::eth0",
		    "netns:/a:", "netns:/a:b:c", "netns:a:b", "netns:/:x", "host",
		    "netns:/run/../x:y", "netns:*:a/b" } },
		{ "\"/sys/fs/cgroup/a.slice\"",
		  { "/", "//", "a", "/a/", "/a//b", "/a/../b", "/a/./b", "/a*",
		    "/sys/fs/cgroup" } },
		{ "\"/sys/fs/bpf/a\"",
		  { "/", "/a/", "/a//b", "/../b", "/a/..", "/.", "/a/.b", "sys" } },
		{ "\"user:bob\"",
		  { "user:", "user:nobody-such", "user:1002", "user:4294967295", "user:4294967294",
		    "user:bob:rw", "user:bob:ro", "user:bob:rw:rw", "group:devs", "group:2002",
		    "group:4294967295", "unit:x.service", "unit:x*", "unit:", "unit:x",
		    "unit:x.timer", "bob", ":bob" } },
		{ "\"alice\"",
		  { "0", "root", "1001", "01001", "4294967294", "4294967295", "4294967296", "-1",
		    "ali*", "bob ", "alicf", "alic", "aliceb" } },
		{ "\"a.service\"",
		  { "a.socket", "a", "a@.service", "a@b.service", ".service", "a.service/",
		    "a/b.service", "a?.service", "user@1000.service", "a.scope", "a.slice" } },
		{ "\"full\"",
		  { "a", "A", "-a", "0", "a_b.c-d", "a b",
		    "123456789012345678901234567890123456789012345678901234567890123",
		    "1234567890123456789012345678901234567890123456789012345678901234", "no" } },
		{ "\"bpf_rcu_*\"",
		  { "bpf_rcu_read_lock", "bpf_rcu_read_lokc", "*", "?", "bpf_", "nothing_like_it",
		    "bpf_task_*" } },
		{ "\"xdp\"",
		  { "xpd", "xd", "socket_filter", "socket_filte", "syscall", "unspec", "XDP",
		    "tracing", "xdpxdpxdp" } },
		{ "\"hash\"",
		  { "hahs", "array", "arena", "lpm_trie", "prog_array", "has", "hash_of_mapz" } },
		{ "\"bpf_map_update_elem\"",
		  { "bpf_map_updaet_elem", "bpf_map_update_ele", "map_update_elem", "bpf_sys_bpf",
		    "bpf_probe_read_kernel", "bpf_probe_write_user", "bpf_override_return",
		    "bpf_send_signal", "bpf_get_current_task", "bpf_trace_printk" } },
		{ "\"sha256:0101010101010101010101010101010101010101010101010101010101010101\"",
		  { "sha256:", "sha256:01",
		    "SHA256:0101010101010101010101010101010101010101010101010101010101010101",
		    "sha256:010101010101010101010101010101010101010101010101010101010101010g",
		    "sha256:010101010101010101010101010101010101010101010101010101010101010A",
		    "sha256:01010101010101010101010101010101010101010101010101010101010101011",
		    "sha256:000000000000000000000000000000000000000000000000000000000000000f" } },
	};
	struct golden *golden = golden_begin("tests/policy/forms.golden");

	for (size_t i = 0; i < ARRAY_CNT(rows); i++)
		for (size_t o = 0; o < ARRAY_CNT(rows[i].others) && rows[i].others[o]; o++) {
			const char *at = strstr(full_text, rows[i].was);
			struct tally tally = { .sum = GOLDEN_SUM };
			char other[120];

			ck_assert_ptr_nonnull(at);
			(void)snprintf(other, sizeof(other), "\"%s\"", rows[i].others[o]);
			try_exchanged(full_text, (size_t)(at - full_text), strlen(rows[i].was),
				      other, &tally);
			golden_line(golden, "%s for %s: %s, %016jx, %s", other, rows[i].was,
				    tally.taken ? "taken" : "refused", (uintmax_t)tally.sum,
				    tally.first);
		}
	ck_assert(golden_end(golden));
}
END_TEST

/* ---- requests with one change ---- */

static void tell_decision(struct golden *golden, const struct policy *policy,
			  const struct asked *asked, const char *what)
{
	struct policy_decision d;
	uint64_t sum;

	policy_decide(policy, &asked->who, &asked->request, &d);
	sum = fold_examined(fold_decision(GOLDEN_SUM, &d), policy, asked);
	golden_line(golden, "%s %s: %s %s %u:%u, %016jx%s%.70s",
		    policy_verb_name(asked->request.verb), what,
		    d.verdict == POLICY_ALLOW ? "allow" : "deny",
		    policy_condition_name(d.condition) ?: "", d.place.line, d.place.column,
		    (uintmax_t)sum, d.verdict == POLICY_ALLOW ? "" : ", ",
		    d.verdict == POLICY_ALLOW ? "" : d.client_text);
}

/* A number in an asked: each value that counts. */
static const struct number {
	const char *name;
	size_t at;
	bool is_long;
	uint64_t values[8];
	size_t cnt;
} numbers[] = {
#define NUMBER(field, wide, ...)                                                                   \
	{                                                                                          \
#field, offsetof(struct asked, field), wide,                                       \
			{ __VA_ARGS__ }, sizeof((uint64_t[]){ __VA_ARGS__ }) / 8                   \
	}
	NUMBER(who.uid, false, 0, 1000, 1002, 1009, 4294967295),
	NUMBER(who.gid, false, 0, 2001, 2002),
	NUMBER(who.group_cnt, true, 0, 1, 3),
	NUMBER(owner.uid, false, 1002, 1009),
	NUMBER(owner.group_cnt, true, 0, 1),
	NUMBER(prog.type, false, 0, 5, 7, 511, 512, 4294967295),
	NUMBER(prog.insn_cnt, false, 0, 98, 99, 101, 4294967295),
	NUMBER(prog.kfunc_cnt, true, 0, 2),
	NUMBER(prog.map_cnt, true, 0),
	NUMBER(prog.proof_cnt, true, 0, 1, 3),
	NUMBER(prog.digest_cnt, true, 0, 1),
	NUMBER(prog.helpers[0], true, 0, 4, 6, 2),
	NUMBER(prog.helpers[1], true, 1, 1ull << 45, 1ull << 63),
	NUMBER(prog.helpers[7], true, 1, 1ull << 63),
	NUMBER(map.type, false, 0, 2, 33, 600),
	NUMBER(map.bytes, true, 0, 4095, 4097, 1ull << 30, (1ull << 30) + 1),
	NUMBER(target.netns.ino, true, 0, 2, 40, 41),
	NUMBER(target.netns.dev, true, 3, 7),
	NUMBER(target.cgroup_cnt, true, 0, 1, 2),
	NUMBER(request.now_s, true, 0, 1798761599, 1798761600, 1835395199, 1835395200),
	NUMBER(request.use.programs, false, 0, 2, 3, 4294967295),
	NUMBER(request.use.maps, false, 0, 2, 3),
	NUMBER(request.use.links, false, 0, 2, 3),
	NUMBER(request.use.loads_last_minute, false, 0, 5, 6),
	NUMBER(request.use.map_bytes, true, 0, 4095, 4097, 18446744073709551615u),
	NUMBER(request.host_netns.ino, true, 2, 40),
	NUMBER(request.path_cnt, true, 0, 1),
};

static const struct text_field {
	const char *name;
	size_t at;
	const char *values[10];
} texts[] = {
#define TEXT(field, ...)                                                                           \
	{                                                                                          \
#field, offsetof(struct asked, field),                                             \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
	TEXT(who.unit, "b.service", "a.service2", "A.service", "", "c.service"),
	TEXT(who.label, "ok_u", "", "ok_t:s0"),
	TEXT(who.exe, "/bin/b", "/bin/a ", "/bin/aa"),
	TEXT(target.ifname, "wan", "wa", "lan0", "eth0", "pub1", "pub12", "pub"),
	TEXT(target.name, "vfs", "vfs_", "vf_read", "tcp_x"),
	TEXT(request.pin_path, "/sys/fs/bpf/a", "/sys/fs/bpf/ab", "/sys/fs/bpf/a/b/c",
	     "/sys/fs/bpf", "/", "x"),
	TEXT(prog.name, "", "a\"b\x1b[1m", "0123456789012345"),
	TEXT(map.name, "", "\xff\x7f~ "),
	TEXT(proofs[0].signer, "b", "old", "gone", "nobody"),
	TEXT(proofs[1].signer, "a", "old", "gone"),
};

static void sweep_request(struct golden *golden, const struct policy *policy, enum policy_verb verb)
{
	struct asked asked;
	char what[80];

	ask(&asked, verb);
	tell_decision(golden, policy, &asked, "as it is");
	for (size_t i = 0; i < ARRAY_CNT(numbers); i++)
		for (size_t v = 0; v < numbers[i].cnt; v++) {
			ask(&asked, verb);
			memcpy((char *)&asked + numbers[i].at, &numbers[i].values[v],
			       numbers[i].is_long ? 8 : 4);
			(void)snprintf(what, sizeof(what), "%s %ju", numbers[i].name,
				       (uintmax_t)numbers[i].values[v]);
			tell_decision(golden, policy, &asked, what);
		}
	for (size_t i = 0; i < ARRAY_CNT(texts); i++)
		for (size_t v = 0; v == 0 || (v < 10 && texts[i].values[v - 1]); v++) {
			const char *value = v ? texts[i].values[v - 1] : NULL;

			ask(&asked, verb);
			if (!value && !strncmp(texts[i].name, "proofs", 6))
				continue;
			memcpy((char *)&asked + texts[i].at, &value, sizeof(value));
			(void)snprintf(what, sizeof(what), "%s %zu", texts[i].name, v);
			tell_decision(golden, policy, &asked, what);
		}
	for (enum policy_attach_kind kind = 0; kind < POLICY_ATTACH_CNT; kind++) {
		ask(&asked, verb);
		asked.target.kind = kind;
		(void)snprintf(what, sizeof(what), "at %s", policy_attach_name(kind) ?: "nothing");
		tell_decision(golden, policy, &asked, what);
	}
}

/* What is true or not, or there or not. */
static void sweep_flags(struct golden *golden, const struct policy *policy, enum policy_verb verb)
{
	static const uid_t owners[] = { 1001, 1002 };
	static const gid_t members[] = { 2002, 2001 };

	for (unsigned int flag = 0; flag < 13; flag++) {
		struct asked asked;
		char what[40];

		ask(&asked, verb);
		asked.prog.sleepable = flag == 0;
		asked.prog.helper_beyond = flag == 1;
		asked.request.live_frames = flag == 2;
		asked.who.membership_unknown = flag == 3;
		if (flag >= 4 && flag <= 6) {
			asked.who.uid = 1005;
			asked.who.owners = owners;
			asked.who.owner_cnt = flag - 4;
		}
		if (flag >= 7 && flag <= 9) {
			asked.who.group_cnt = 0;
			asked.who.member_of = members;
			asked.who.member_cnt = flag - 7;
		}
		if (flag == 10)
			asked.request.prog = NULL;
		if (flag == 11)
			asked.request.target = NULL;
		if (flag == 12)
			asked.request.map = NULL;
		(void)snprintf(what, sizeof(what), "flag %u", flag);
		tell_decision(golden, policy, &asked, what);
	}
}

START_TEST(each_field_of_a_request)
{
	struct golden *golden = golden_begin("tests/policy/decisions.golden");
	const char *const policies[] = { full_text, deny_text };

	for (size_t i = 0; i < ARRAY_CNT(policies); i++) {
		struct policy *policy = rig_policy(policies[i]);

		for (enum policy_verb verb = 0; verb < POLICY_VERB_CNT; verb++) {
			sweep_request(golden, policy, verb);
			sweep_flags(golden, policy, verb);
		}
		policy_free(policy);
	}
	ck_assert(golden_end(golden));
}
END_TEST

/* ---- small parts ---- */

/* All words of up to 4 letters of an alphabet; false past the last. */
static bool word_no(unsigned int no, const char *letters, char word[5])
{
	unsigned int base = (unsigned int)strlen(letters), at = 0;

	for (; no && at < 4; at++, no = (no - 1) / base)
		word[at] = letters[(no - 1) % base];
	word[at] = '\0';
	return !no;
}

/* By recursion, as the shell's manual says it. */
static bool glob_by_the_book(const char *glob, const char *string)
{
	if (!*glob)
		return !*string;
	if (*glob == '*')
		return glob_by_the_book(glob + 1, string) ||
		       (*string && glob_by_the_book(glob, string + 1));
	return *string && (*glob == '?' || *glob == *string) &&
	       glob_by_the_book(glob + 1, string + 1);
}

START_TEST(each_small_pattern_with_each_small_word)
{
	char glob[5], word[5];

	for (unsigned int g = 0; word_no(g, "ab*?", glob); g++)
		for (unsigned int w = 0; word_no(w, "ab", word); w++)
			ck_assert_msg(rule_glob(glob, word) == glob_by_the_book(glob, word),
				      "%s %s", glob, word);
}
END_TEST

START_TEST(a_path_is_under_a_directory_by_whole_components)
{
	static const struct {
		const char *path, *dir;
		bool under;
	} rows[] = {
		{ "/a", "/a", true },	    { "/a/b", "/a", true },	{ "/ab", "/a", false },
		{ "/a", "/a/", true },	    { "/a", "/ab", false },	{ "/", "/", true },
		{ "/a", "/", true },	    { "/b", "/a", false },	{ "/a/b", "/a/", true },
		{ "/a/b/c", "/a/b", true }, { "/a/bc", "/a/b", false }, { "", "/a", false },
	};

	for (size_t i = 0; i < ARRAY_CNT(rows); i++)
		ck_assert_msg(rule_path_under(rows[i].path, rows[i].dir) == rows[i].under,
			      "%s under %s", rows[i].path, rows[i].dir);
}
END_TEST

START_TEST(words_tables_and_texts)
{
	static const char *const near[] = { "",
					    "x",
					    "xpd",
					    "hahs",
					    "bpf_map_lookup_elme",
					    "kprobes",
					    "socketfilter",
					    "bpf_rcu_read_lok",
					    "zzzzzzzz",
					    "bpf_",
					    "cgroupskb",
					    "devmap_hsah" };
	static const unsigned long long bytes[] = { 0,		1,	    1023,
						    1024,	1025,	    1536,
						    1048575,	1048576,    201ull << 20,
						    1ull << 30, 3ull << 40, (1ull << 40) + 1,
						    UINT64_MAX };
	struct golden *golden = golden_begin("tests/policy/words.golden");
	uint64_t sum = GOLDEN_SUM;
	char a[5], b[5];

	for (enum names_kind kind = 0; kind < NAMES_CNT; kind++) {
		golden_line(golden, "%s", names_noun(kind));
		for (uint32_t id = 0; id < 1024; id++)
			if (names_word(kind, id)) {
				golden_line(golden, "%u %s", id, names_word(kind, id));
				ck_assert_int_ge(names_find(kind, names_word(kind, id)), 0);
			}
		for (size_t i = 0; i < ARRAY_CNT(near); i++)
			golden_line(golden, "near %s: %s, %d", near[i],
				    names_nearest(kind, near[i]) ?: "(none)",
				    names_find(kind, near[i]));
	}
	for (unsigned int i = 0; word_no(i, "ab", a); i++)
		for (unsigned int j = 0; word_no(j, "abc", b); j++)
			for (unsigned int limit = 0; limit < 5; limit++)
				sum = golden_fold_u64(sum, names_distance(a, b, limit));
	golden_line(golden, "distances %016jx", (uintmax_t)sum);
	for (size_t len = 0; len < 40; len++)
		golden_line(golden, "slips of %zu: %u", len, names_slip_limit(len));
	for (size_t i = 0; worth_helper(i); i++)
		golden_line(golden, "worth %s %d %d: %s", worth_helper(i)->name,
			    worth_helper(i)->worth, worth_helper(i)->perfmon,
			    worth_text(worth_helper(i)->worth) ?: "");
	for (size_t i = 0; worth_kfunc(i); i++)
		golden_line(golden, "worth %s %d %d: %s", worth_kfunc(i)->name,
			    worth_kfunc(i)->worth, worth_kfunc(i)->perfmon,
			    worth_text(worth_kfunc(i)->worth) ?: "");
	for (size_t i = 0; i < ARRAY_CNT(bytes); i++) {
		char room[32];
		struct text text = TEXT_IN(room);

		text_add_bytes(&text, bytes[i]);
		golden_line(golden, "%llu: %s, %zu", bytes[i], room, text_columns(&text));
	}
	ck_assert(golden_end(golden));
}
END_TEST

START_TEST(a_text_is_cut_where_its_room_ends)
{
	static const char odd[] = "a\tb\"\\\x1b\x7f\x80~ \n";
	struct golden *golden = golden_begin("tests/policy/texts.golden");

	for (size_t room = 8; room < 60; room++) {
		char bytes[64];
		struct text text;

		memset(bytes, '#', sizeof(bytes));
		text = text_start(bytes, room);
		text_addf(&text, "%s-%d,", "abcdef", 1234);
		text_add_name(&text, odd);
		text_add_untrusted(&text, odd, sizeof(odd));
		text_add_name(&text, NULL);
		ck_assert_uint_eq(text_columns(&text), strlen(bytes));
		ck_assert(bytes[room] == '#');
		golden_line(golden, "%zu: %s", room, bytes);
	}
	ck_assert(golden_end(golden));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy/sweep");
	TCase *tc = tcase_create("sweep");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, each_small_pattern_with_each_small_word);
	tcase_add_test(tc, a_path_is_under_a_directory_by_whole_components);
	tcase_add_test(tc, words_tables_and_texts);
	tcase_add_test(tc, a_text_is_cut_where_its_room_ends);
	tcase_add_test(tc, each_field_of_a_request);
	tcase_add_test(tc, each_form_of_string);
	tcase_add_test(tc, each_value_exchanged);
	tcase_add_test(tc, each_byte_exchanged);
	suite_add_tcase(suite, tc);
	return rig_run(suite);
}
