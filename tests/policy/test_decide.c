/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decisions. For each condition one request that fails in that alone, beside the same request with
 * that one thing changed, which is granted.
 */
#include "tests/policy/rig.h"

#include <stdio.h>
#include <string.h>

#include "proto/own.h"

#define TYPE_SOCKET_FILTER 1
#define TYPE_KPROBE	   2
#define TYPE_XDP	   6
#define TYPE_SYSCALL	   31
#define MAP_HASH	   1
#define MAP_ARRAY	   2
#define HELPER_LOOKUP	   1
#define HELPER_UPDATE	   2
#define HELPER_SYS_BPF	   166

/* A rule with everything in it; requests below fail it in one thing each. */
static const char full_rules[] =
	"{\"version\": 1,\n"
	" \"signers\": {\"a\": {\"x509\": \"/a\"}, \"b\": {\"x509\": \"/b\"},\n"
	"   \"old\": {\"x509\": \"/o\", \"not_after\": \"2025-01-01T00:00:00Z\"},\n"
	"   \"gone\": {\"x509\": \"/g\", \"revoked\": true}},\n"
	" \"rules\": [\n"
	"  {\"id\": \"full\", \"effect\": \"allow\", \"expires\": \"2027-01-01T00:00:00Z\",\n"
	"   \"who\": {\"users\": [\"alice\"], \"units\": [\"a.service\"], \"groups\": [\"tracers\"]},\n"
	"   \"signed_by\": {\"signers\": [\"a\", \"b\", \"old\", \"gone\"], \"threshold\": 2},\n"
	"   \"digests\": "
	"[\"sha256:0101010101010101010101010101010101010101010101010101010101010101\"],\n"
	"   \"programs\": {\"types\": {\"only\": [\"xdp\"]},\n"
	"     \"helpers\": {\"only\": [\"bpf_map_lookup_elem\"]}, \"kfuncs\": {\"only\": [\"bpf_rcu_*\"]},\n"
	"     \"attach\": {\"xdp\": [\"wan*\", \"netns:/run/netns/blue:eth0\", \"netns:*:pub?\"],\n"
	"       \"cgroup\": [\"/sys/fs/cgroup/a.slice\"], \"kprobe\": [\"vfs_*\"],\n"
	"       \"sk_lookup\": [\"host\"]},\n"
	"     \"max_insns\": 100, \"perfmon\": \"judged\", \"test_run\": true},\n"
	"   \"maps\": {\"types\": {\"only\": [\"hash\"]}, \"max_bytes_each\": \"4K\",\n"
	"     \"pin_under\": [\"/sys/fs/bpf/a\"], \"share_with\": [\"user:bob\", \"group:devs:rw\"]},\n"
	"   \"quota\": {\"programs\": 2, \"maps\": 2, \"links\": 2, \"map_bytes\": \"8K\",\n"
	"     \"loads_per_minute\": 5, \"in_all\": {\"programs\": 5, \"maps\": 5, \"links\": 5,\n"
	"       \"map_bytes\": \"64K\", \"loads_per_minute\": 9}}}]}";

static const gid_t alice_groups[] = { 100, 2001 };
static const gid_t dev_groups[] = { 2002 };
static const char *const good_kfuncs[] = { "bpf_rcu_read_lock" };
static const char *const bad_kfuncs[] = { "bpf_rcu_read_lock", "bpf_task_acquire" };
static const struct policy_map_facts good_map = { "m", MAP_HASH, 4096 };
static const struct policy_map_facts bad_type_map = { "m", MAP_ARRAY, 4096 };
static const struct policy_map_facts big_map = { "m", MAP_HASH, 4097 };
static const struct policy_proof proofs_ab[] = { { "a" }, { "b" } };
static const struct policy_proof proofs_aa[] = { { "a" }, { "a" } };
static const struct policy_proof proofs_a_old[] = { { "a" }, { "old" } };
static const struct policy_proof proofs_a_gone[] = { { "a" }, { "gone" } };
static const struct policy_proof proofs_a_other_b[] = { { "a" }, { "b", { 1 } } };
static const struct policy_proof proofs_a_stranger[] = { { "a" }, { "c" } };
static const uint8_t good_digests[2][POLICY_SHA256_LEN] = {
	{ 9 }, { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		 1, 1, 1 } };
static const struct policy_path_id paths[] = {
	{ "/run/netns/blue", { 4, 40 } },
	{ "/sys/fs/cgroup/a.slice", { 7, 70 } },
};
static const struct policy_object_id below_a[] = { { 7, 71 }, { 7, 70 }, { 7, 1 } };
static const struct policy_object_id a_itself[] = { { 7, 70 }, { 7, 1 } };
static const struct policy_object_id beside_a[] = { { 7, 72 }, { 7, 1 } };
static const struct policy_object_id other_dev[] = { { 8, 70 } };

/* A request that may be changed, with all that it points to. */
struct asked {
	struct policy_subject who;
	struct policy_subject owner;
	struct policy_prog_facts prog;
	struct policy_target target;
	struct policy_request request;
};

/* What the full rule grants. */
static struct asked *ask(enum policy_verb verb)
{
	struct asked *asked = calloc(1, sizeof(*asked));

	asked->who = (struct policy_subject){ 1001, 1001, alice_groups, 2, "a.service" };
	asked->owner = asked->who;
	asked->prog = (struct policy_prog_facts){
		.name = "p",
		.type = TYPE_XDP,
		.insn_cnt = 100,
		.kfuncs = good_kfuncs,
		.kfunc_cnt = 1,
		.maps = &good_map,
		.map_cnt = 1,
		.proofs = proofs_ab,
		.proof_cnt = 2,
		.digests = good_digests,
		.digest_cnt = 2,
	};
	policy_helper_add(&asked->prog, HELPER_LOOKUP);
	asked->target = (struct policy_target){ .kind = POLICY_ATTACH_XDP, .netns = { 4, 1 },
						.ifname = "wan0" };
	asked->request = (struct policy_request){
		.verb = verb,
		.now_s = RIG_NOW,
		.host_netns = { 4, 1 },
		.paths = paths,
		.path_cnt = 2,
		.pin_path = "/sys/fs/bpf/a/x",
		.use = { 1, 1, 1, 4, 4096 },
	};
	if (verb == POLICY_PROG_LOAD || verb == POLICY_ATTACH || verb == POLICY_TEST_RUN)
		asked->request.prog = &asked->prog;
	if (verb == POLICY_MAP_CREATE || verb == POLICY_SHARE)
		asked->request.map = &good_map;
	if (verb == POLICY_ATTACH || verb == POLICY_QUERY || verb == POLICY_PERF_EVENT)
		asked->request.target = &asked->target;
	if (verb == POLICY_SHARE) {
		asked->request.owner = &asked->owner;
		asked->who = (struct policy_subject){ 1002, 1002, NULL, 0, NULL };
	}
	return asked;
}

/* Each changes one thing. */
static void no_change(struct asked *a) { (void)a; }
static void other_uid(struct asked *a) { a->who.uid = 1002; }
static void other_unit(struct asked *a) { a->who.unit = "b.service"; }
static void no_unit(struct asked *a) { a->who.unit = NULL; }
static void no_groups(struct asked *a) { a->who.group_cnt = 0; }
static void primary_group(struct asked *a) { a->who.group_cnt = 0; a->who.gid = 2001; }
static void too_late(struct asked *a) { a->request.now_s = 1798761600; }
static void last_second(struct asked *a) { a->request.now_s = 1798761599; }
static void one_proof(struct asked *a) { a->prog.proof_cnt = 1; }
static void same_proof_twice(struct asked *a) { a->prog.proofs = proofs_aa; }
static void proof_expired(struct asked *a) { a->prog.proofs = proofs_a_old; }
static void proof_revoked(struct asked *a) { a->prog.proofs = proofs_a_gone; }
static void proof_other_cert(struct asked *a) { a->prog.proofs = proofs_a_other_b; }
static void proof_stranger(struct asked *a) { a->prog.proofs = proofs_a_stranger; }
static void no_digest(struct asked *a) { a->prog.digest_cnt = 1; }
static void other_type(struct asked *a) { a->prog.type = TYPE_KPROBE; }
static void type_zero(struct asked *a) { a->prog.type = 0; }
static void type_beyond(struct asked *a) { a->prog.type = 70; }
static void more_helpers(struct asked *a) { policy_helper_add(&a->prog, HELPER_UPDATE); }
static void helper_beyond(struct asked *a) { policy_helper_add(&a->prog, 100000); }
static void no_helpers(struct asked *a) { memset(a->prog.helpers, 0, sizeof(a->prog.helpers)); }
static void more_kfuncs(struct asked *a) { a->prog.kfuncs = bad_kfuncs; a->prog.kfunc_cnt = 2; }
static void sleepable(struct asked *a) { a->prog.sleepable = true; }
static void insn_more(struct asked *a) { a->prog.insn_cnt = 101; }
static void map_of_other_type(struct asked *a) { a->prog.maps = &bad_type_map; }
static void create_other_type(struct asked *a) { a->request.map = &bad_type_map; }
static void create_big(struct asked *a) { a->request.map = &big_map; }
static void programs_full(struct asked *a) { a->request.use.programs = 2; }
static void loads_full(struct asked *a) { a->request.use.loads_last_minute = 5; }
static void maps_full(struct asked *a) { a->request.use.maps = 2; }
static void bytes_full(struct asked *a) { a->request.use.map_bytes = 4097; }
static void bytes_wrap(struct asked *a) { a->request.use.map_bytes = UINT64_MAX; }
static void links_full(struct asked *a) { a->request.use.links = 2; }
static void pins_full(struct asked *a) { a->request.use.pins = 256; }
static void pins_opened(struct asked *a) { a->request.use.pins = 256; a->request.opens_pin = true; }
static void btfs_full(struct asked *a) { a->request.use.btfs = 1024; }
/* What all who use the rule hold together: as much as leaves room for one more, and in one thing more. */
static struct policy_rule_use all_uses[] = { { { 9, 9, 9, 99, 1 << 20 }, "other" }, { { 4, 4, 4, 8, 61440 }, "full" } };
static void all_but(struct asked *a, struct policy_use use)
{
	all_uses[1].use = use;
	a->request.rule_uses = all_uses;
	a->request.rule_use_cnt = 2;
}
static void all_room(struct asked *a) { all_but(a, (struct policy_use){ 4, 4, 4, 8, 61440 }); }
static void all_programs_full(struct asked *a) { all_but(a, (struct policy_use){ 5, 4, 4, 8, 61440 }); }
static void all_maps_full(struct asked *a) { all_but(a, (struct policy_use){ 4, 5, 4, 8, 61440 }); }
static void all_links_full(struct asked *a) { all_but(a, (struct policy_use){ 4, 4, 5, 8, 61440 }); }
static void all_loads_full(struct asked *a) { all_but(a, (struct policy_use){ 4, 4, 4, 9, 61440 }); }
static void all_bytes_full(struct asked *a) { all_but(a, (struct policy_use){ 4, 4, 4, 8, 61441 }); }
static void all_unknown(struct asked *a) { a->request.rule_uses_unknown = true; }
static void live(struct asked *a) { a->request.live_frames = true; }
static void pin_elsewhere(struct asked *a) { a->request.pin_path = "/sys/fs/bpf/b/x"; }
static void pin_prefix(struct asked *a) { a->request.pin_path = "/sys/fs/bpf/ab"; }
static void no_pin(struct asked *a) { a->request.pin_path = NULL; }
static void no_prog(struct asked *a) { a->request.prog = NULL; }
static void no_target(struct asked *a) { a->request.target = NULL; }
static void owner_other(struct asked *a) { a->owner.uid = 1003; }
static void share_carol(struct asked *a) { a->who.uid = 1003; }

static void target(struct asked *a, enum policy_attach_kind kind, uint64_t netns, const char *name)
{
	a->target.kind = kind;
	a->target.netns = (struct policy_object_id){ 4, netns };
	a->target.ifname = name;
	a->target.name = name;
}

static void to_lan(struct asked *a) { target(a, POLICY_ATTACH_XDP, 1, "lan0"); }
static void to_unknown(struct asked *a) { target(a, POLICY_ATTACH_XDP, 1, NULL); }
static void to_wan_blue(struct asked *a) { target(a, POLICY_ATTACH_XDP, 40, "wan0"); }
static void to_eth_blue(struct asked *a) { target(a, POLICY_ATTACH_XDP, 40, "eth0"); }
static void to_eth_host(struct asked *a) { target(a, POLICY_ATTACH_XDP, 1, "eth0"); }
static void to_eth_red(struct asked *a) { target(a, POLICY_ATTACH_XDP, 50, "eth0"); }
static void to_pub_red(struct asked *a) { target(a, POLICY_ATTACH_XDP, 50, "pub1"); }
static void to_pub_host(struct asked *a) { target(a, POLICY_ATTACH_XDP, 1, "pub1"); }
static void blue_is_gone(struct asked *a) { to_eth_blue(a); a->request.path_cnt = 0; }
static void to_tcx(struct asked *a) { target(a, POLICY_ATTACH_TCX, 1, "wan0"); }
static void to_vfs(struct asked *a) { target(a, POLICY_ATTACH_KPROBE, 1, "vfs_read"); }
static void to_tcp(struct asked *a) { target(a, POLICY_ATTACH_KPROBE, 1, "tcp_sendmsg"); }
static void all_functions(struct asked *a) { to_vfs(a); a->target.whole = POLICY_FUNCTIONS; a->target.name = NULL; }
static void all_addresses(struct asked *a) { to_vfs(a); a->target.whole = POLICY_ADDRESSES; a->target.name = NULL; }
static void to_host_lookup(struct asked *a) { target(a, POLICY_ATTACH_SK_LOOKUP, 1, NULL); }
static void to_blue_lookup(struct asked *a) { target(a, POLICY_ATTACH_SK_LOOKUP, 40, NULL); }

static void to_cgroup(struct asked *a, const struct policy_object_id *ids, size_t cnt)
{
	target(a, POLICY_ATTACH_CGROUP, 1, NULL);
	a->target.cgroups = ids;
	a->target.cgroup_cnt = cnt;
}

static void to_below(struct asked *a) { to_cgroup(a, below_a, 3); }
static void to_itself(struct asked *a) { to_cgroup(a, a_itself, 2); }
static void to_beside(struct asked *a) { to_cgroup(a, beside_a, 2); }
static void to_other_dev(struct asked *a) { to_cgroup(a, other_dev, 1); }
static void to_root(struct asked *a) { to_cgroup(a, below_a + 2, 1); }
static void to_none(struct asked *a) { target(a, POLICY_ATTACH_NONE, 1, "x"); }

static const struct {
	enum policy_verb verb;
	void (*change)(struct asked *asked);
	enum policy_condition fails; /* POLICY_COND_NONE: allowed */
} cases[] = {
	{ POLICY_PROG_LOAD, no_change, POLICY_COND_NONE },
	{ POLICY_PROG_LOAD, other_uid, POLICY_COND_WHO },
	{ POLICY_PROG_LOAD, other_unit, POLICY_COND_WHO },
	{ POLICY_PROG_LOAD, no_unit, POLICY_COND_WHO },
	{ POLICY_PROG_LOAD, no_groups, POLICY_COND_WHO },
	{ POLICY_PROG_LOAD, primary_group, POLICY_COND_NONE },
	{ POLICY_PROG_LOAD, too_late, POLICY_COND_EXPIRES },
	{ POLICY_PROG_LOAD, last_second, POLICY_COND_NONE },
	{ POLICY_PROG_LOAD, one_proof, POLICY_COND_SIGNED_BY },
	{ POLICY_PROG_LOAD, same_proof_twice, POLICY_COND_SIGNED_BY },
	{ POLICY_PROG_LOAD, proof_expired, POLICY_COND_SIGNED_BY },
	{ POLICY_PROG_LOAD, proof_revoked, POLICY_COND_SIGNED_BY },
	{ POLICY_PROG_LOAD, proof_other_cert, POLICY_COND_SIGNED_BY },
	{ POLICY_PROG_LOAD, proof_stranger, POLICY_COND_SIGNED_BY },
	{ POLICY_PROG_LOAD, no_digest, POLICY_COND_DIGESTS },
	{ POLICY_PROG_LOAD, other_type, POLICY_COND_TYPES },
	{ POLICY_PROG_LOAD, type_zero, POLICY_COND_TYPES },
	{ POLICY_PROG_LOAD, type_beyond, POLICY_COND_TYPES },
	{ POLICY_PROG_LOAD, more_helpers, POLICY_COND_HELPERS },
	{ POLICY_PROG_LOAD, helper_beyond, POLICY_COND_HELPERS },
	{ POLICY_PROG_LOAD, no_helpers, POLICY_COND_NONE },
	{ POLICY_PROG_LOAD, more_kfuncs, POLICY_COND_KFUNCS },
	{ POLICY_PROG_LOAD, sleepable, POLICY_COND_SLEEPABLE },
	{ POLICY_PROG_LOAD, insn_more, POLICY_COND_MAX_INSNS },
	{ POLICY_PROG_LOAD, map_of_other_type, POLICY_COND_MAPS },
	{ POLICY_PROG_LOAD, programs_full, POLICY_COND_QUOTA },
	{ POLICY_PROG_LOAD, loads_full, POLICY_COND_QUOTA },
	{ POLICY_PROG_LOAD, all_room, POLICY_COND_NONE },
	{ POLICY_PROG_LOAD, all_programs_full, POLICY_COND_QUOTA },
	{ POLICY_PROG_LOAD, all_loads_full, POLICY_COND_QUOTA },
	{ POLICY_PROG_LOAD, all_maps_full, POLICY_COND_NONE },
	{ POLICY_PROG_LOAD, all_unknown, POLICY_COND_QUOTA },
	{ POLICY_PROG_LOAD, no_prog, POLICY_COND_SIGNED_BY },

	{ POLICY_MAP_CREATE, no_change, POLICY_COND_NONE },
	{ POLICY_MAP_CREATE, create_other_type, POLICY_COND_MAPS },
	{ POLICY_MAP_CREATE, create_big, POLICY_COND_MAPS },
	{ POLICY_MAP_CREATE, maps_full, POLICY_COND_QUOTA },
	{ POLICY_MAP_CREATE, bytes_full, POLICY_COND_QUOTA },
	{ POLICY_MAP_CREATE, bytes_wrap, POLICY_COND_QUOTA },
	{ POLICY_MAP_CREATE, all_room, POLICY_COND_NONE },
	{ POLICY_MAP_CREATE, all_maps_full, POLICY_COND_QUOTA },
	{ POLICY_MAP_CREATE, all_bytes_full, POLICY_COND_QUOTA },
	{ POLICY_MAP_CREATE, other_uid, POLICY_COND_WHO },

	{ POLICY_ATTACH, no_change, POLICY_COND_NONE },
	{ POLICY_ATTACH, to_lan, POLICY_COND_ATTACH },
	{ POLICY_ATTACH, to_unknown, POLICY_COND_ATTACH },
	{ POLICY_ATTACH, to_wan_blue, POLICY_COND_ATTACH },
	{ POLICY_ATTACH, to_eth_blue, POLICY_COND_NONE },
	{ POLICY_ATTACH, to_eth_host, POLICY_COND_ATTACH },
	{ POLICY_ATTACH, to_eth_red, POLICY_COND_ATTACH },
	{ POLICY_ATTACH, to_pub_red, POLICY_COND_NONE },
	{ POLICY_ATTACH, to_pub_host, POLICY_COND_ATTACH },
	{ POLICY_ATTACH, blue_is_gone, POLICY_COND_ATTACH },
	{ POLICY_ATTACH, to_tcx, POLICY_COND_ATTACH },
	{ POLICY_ATTACH, to_below, POLICY_COND_NONE },
	{ POLICY_ATTACH, to_itself, POLICY_COND_NONE },
	{ POLICY_ATTACH, to_beside, POLICY_COND_ATTACH },
	{ POLICY_ATTACH, to_other_dev, POLICY_COND_ATTACH },
	{ POLICY_ATTACH, to_root, POLICY_COND_ATTACH },
	{ POLICY_ATTACH, to_vfs, POLICY_COND_NONE },
	{ POLICY_ATTACH, to_tcp, POLICY_COND_ATTACH },
	{ POLICY_ATTACH, to_host_lookup, POLICY_COND_NONE },
	{ POLICY_ATTACH, to_blue_lookup, POLICY_COND_ATTACH },
	{ POLICY_ATTACH, to_none, POLICY_COND_ATTACH },
	{ POLICY_ATTACH, no_target, POLICY_COND_ATTACH },
	{ POLICY_ATTACH, links_full, POLICY_COND_QUOTA },
	{ POLICY_ATTACH, all_room, POLICY_COND_NONE },
	{ POLICY_ATTACH, all_links_full, POLICY_COND_QUOTA },
	{ POLICY_ATTACH, more_helpers, POLICY_COND_HELPERS },
	{ POLICY_ATTACH, proof_revoked, POLICY_COND_SIGNED_BY },
	{ POLICY_ATTACH, other_uid, POLICY_COND_WHO },

	{ POLICY_QUERY, no_change, POLICY_COND_NONE },
	{ POLICY_QUERY, to_lan, POLICY_COND_ATTACH },
	{ POLICY_PERF_EVENT, to_vfs, POLICY_COND_NONE },
	{ POLICY_PERF_EVENT, to_tcp, POLICY_COND_ATTACH },
	{ POLICY_PERF_EVENT, all_functions, POLICY_COND_NONE },
	{ POLICY_PERF_EVENT, all_addresses, POLICY_COND_ATTACH },
	{ POLICY_TEST_RUN, no_change, POLICY_COND_NONE },
	{ POLICY_TEST_RUN, live, POLICY_COND_TEST_RUN },
	{ POLICY_TEST_RUN, other_type, POLICY_COND_TYPES },
	{ POLICY_PIN, no_change, POLICY_COND_NONE },
	{ POLICY_PIN, pin_elsewhere, POLICY_COND_PIN },
	{ POLICY_PIN, pin_prefix, POLICY_COND_PIN },
	{ POLICY_PIN, no_pin, POLICY_COND_PIN },
	{ POLICY_PIN, pins_full, POLICY_COND_QUOTA },
	{ POLICY_PIN, pins_opened, POLICY_COND_NONE },
	{ POLICY_BTF_LOAD, no_change, POLICY_COND_NONE },
	{ POLICY_BTF_LOAD, btfs_full, POLICY_COND_QUOTA },
	{ POLICY_BTF_LOAD, other_uid, POLICY_COND_WHO },
	{ POLICY_SHARE, no_change, POLICY_COND_NONE },
	{ POLICY_SHARE, share_carol, POLICY_COND_SHARE },
	{ POLICY_SHARE, owner_other, POLICY_COND_WHO },
	{ POLICY_SHARE, create_other_type, POLICY_COND_MAPS },
};

static void decide(const struct policy *policy, const struct asked *asked,
		   struct policy_decision *ret_decision)
{
	policy_decide(policy, &asked->who, &asked->request, ret_decision);
}

START_TEST(a_request_that_differs_in_one_thing_fails_for_that_thing)
{
	struct policy *policy = rig_policy(full_rules);
	OWN_MEM struct asked *asked = ask(cases[_i].verb);
	struct policy_decision decision;

	cases[_i].change(asked);
	decide(policy, asked, &decision);
	ck_assert_msg((decision.verdict == POLICY_ALLOW) == (cases[_i].fails == POLICY_COND_NONE),
		      "case %d: %s", _i, decision.admin_text);
	ck_assert_msg(decision.condition == cases[_i].fails, "case %d: %s", _i, decision.admin_text);
	if (cases[_i].fails != POLICY_COND_WHO)
		ck_assert_str_eq(decision.rule, "full");
	policy_free(policy);
}
END_TEST

START_TEST(a_rule_names_its_callers_for_what_it_speaks_of)
{
	struct policy *policy = rig_policy(
		"{\"version\": 1, \"rules\": [\n"
		"{\"id\": \"m\", \"effect\": \"allow\", \"who\": {\"users\": [\"1001\", \"1003\"]},\n"
		" \"maps\": {\"types\": {\"only\": [\"hash\"]}}},\n"
		"{\"id\": \"p\", \"effect\": \"allow\", \"who\": {\"users\": [\"1002\", \"1003\"]},\n"
		" \"signed_by\": {\"unsigned\": true}, \"programs\": {\"types\": {\"only\": [\"xdp\"]}}},\n"
		"{\"id\": \"d\", \"effect\": \"deny\", \"who\": {\"users\": [\"1003\"]}}]}");
	static const struct {
		uid_t uid;
		bool programs, maps, btf;
	} rows[] = { { 1001, false, true, true }, { 1002, true, false, true },
		     { 1003, false, false, false }, { 1004, false, false, false } };

	for (size_t i = 0; i < ARRAY_CNT(rows); i++) {
		const struct policy_subject who = { .uid = rows[i].uid, .gid = rows[i].uid };

		ck_assert(policy_names_for(policy, &who, POLICY_PROG_LOAD) == rows[i].programs);
		ck_assert(policy_names_for(policy, &who, POLICY_ATTACH) == rows[i].programs);
		ck_assert(policy_names_for(policy, &who, POLICY_QUERY) == rows[i].programs);
		ck_assert(policy_names_for(policy, &who, POLICY_MAP_CREATE) == rows[i].maps);
		ck_assert(policy_names_for(policy, &who, POLICY_BTF_LOAD) == rows[i].btf);
	}
	policy_free(policy);
}
END_TEST

START_TEST(a_refusal_tells_rule_place_reason_and_mend)
{
	struct policy *policy = rig_policy(full_rules);
	OWN_MEM struct asked *asked = ask(POLICY_PROG_LOAD);
	struct policy_decision decision;

	asked->prog.proof_cnt = 1;
	decide(policy, asked, &decision);
	ck_assert_str_eq(decision.client_text, "no rule allows this; nearest is full (t.json:8): "
					       "signed_by: needs 2 of [a, b, old, gone]; found a only");
	ck_assert_str_eq(decision.admin_text,
			 "uid 1001 (a.service) asks to load a program \"p\" (xdp, 100 instructions): no "
			 "rule allows this; nearest is full (t.json:8): signed_by: needs 2 of [a, b, "
			 "old, gone]; found a only");
	ck_assert_ptr_nonnull(strstr(decision.remedy, "bpfgate sign OBJECT"));
	ck_assert_ptr_nonnull(strstr(decision.remedy, "rule full (t.json:8)"));
	ck_assert_str_eq(decision.place.file, "t.json");
	ck_assert_uint_eq(decision.place.line, 8);
	ck_assert_uint_eq(decision.place.column, 4);
	policy_free(policy);
}
END_TEST

START_TEST(a_grant_tells_its_terms)
{
	struct policy *policy = rig_policy(full_rules);
	OWN_MEM struct asked *asked = ask(POLICY_PROG_LOAD);
	struct policy_decision decision;

	decide(policy, asked, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_ALLOW);
	ck_assert_int_eq(decision.grant, POLICY_GRANT_HANDLE);
	ck_assert_int_eq(decision.perfmon, POLICY_PERFMON_JUDGED);
	ck_assert_int_eq(decision.unsupported, POLICY_UNSUPPORTED_REFUSE);
	ck_assert(!decision.whole_sandbox);
	ck_assert_uint_eq(decision.max_insns, 100);
	ck_assert_uint_eq(decision.quota.map_bytes, 8192);
	ck_assert_uint_eq(decision.quota.verify_ns, 5000000000ULL); /* not stated: the default */
	ck_assert_str_eq(decision.remedy, "");
	policy_free(policy);
}
END_TEST

#define ALICE_MAPS(id, more)                                                         \
	"{\"id\": \"" id "\", \"effect\": \"allow\", \"who\": {\"users\": [\"alice\"]}, " \
	"\"maps\": {\"types\": {\"only\": [\"hash\"]}}" more "}"

START_TEST(without_rules_nothing_is_allowed_and_the_refusal_says_how_to_allow)
{
	struct policy *policy = rig_policy("{\"version\": 1, \"rules\": []}");
	OWN_MEM struct asked *asked = ask(POLICY_MAP_CREATE);
	struct policy_decision decision;
	int verb;

	for (verb = 0; verb < POLICY_VERB_CNT; verb++) {
		asked->request.verb = (enum policy_verb)verb;
		decide(policy, asked, &decision);
		ck_assert_int_eq(decision.verdict, POLICY_DENY);
		ck_assert_ptr_nonnull(strstr(decision.remedy, "\"who\": {\"users\": [\"1001\"]}"));
		ck_assert_ptr_nonnull(strstr(decision.remedy, "systemctl reload bpfgated"));
	}
	policy_free(policy);
}
END_TEST

START_TEST(root_is_a_caller_like_any_other)
{
	struct policy *policy = rig_rules(ALICE_MAPS("m", ""));
	OWN_MEM struct asked *asked = ask(POLICY_MAP_CREATE);
	struct policy_decision decision;

	decide(policy, asked, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_ALLOW);
	asked->who = (struct policy_subject){ .uid = 0, .gid = 0 };
	decide(policy, asked, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_DENY);
	policy_free(policy);
}
END_TEST

START_TEST(a_deny_rule_wins_wherever_it_stands)
{
	static const char deny[] = "{\"id\": \"no\", \"effect\": \"deny\", \"who\": {\"users\": "
				   "[\"alice\"]}, \"maps\": {\"types\": {\"uses_any\": [\"hash\"]}}}";
	OWN_MEM struct asked *asked = ask(POLICY_MAP_CREATE);
	struct policy_decision decision;
	char rules[1024];
	int first;

	for (first = 0; first < 2; first++) {
		struct policy *policy;

		(void)snprintf(rules, sizeof(rules), "%s, %s", first ? deny : ALICE_MAPS("m", ""),
			       first ? ALICE_MAPS("m", "") : deny);
		policy = rig_rules(rules);
		decide(policy, asked, &decision);
		ck_assert_int_eq(decision.verdict, POLICY_DENY);
		ck_assert(decision.by_deny_rule);
		ck_assert_str_eq(decision.rule, "no");
		ck_assert_int_eq(decision.condition, POLICY_COND_MAPS);
		policy_free(policy);
	}
}
END_TEST

/* deny rules: what they state, a request that matches, one that does not */
static const struct {
	const char *stated;
	enum policy_verb verb;
	void (*change)(struct asked *asked);
	bool refused;
} denials[] = {
	{ "\"programs\": {\"types\": {\"uses_any\": [\"xdp\"]}}", POLICY_PROG_LOAD, no_change, true },
	{ "\"programs\": {\"types\": {\"uses_any\": [\"xdp\"]}}", POLICY_PROG_LOAD, other_type, false },
	{ "\"programs\": {\"types\": {\"uses_any\": [\"xdp\"]}}", POLICY_MAP_CREATE, no_change, false },
	{ "\"programs\": {\"types\": {\"any_except\": [\"xdp\"]}}", POLICY_PROG_LOAD, no_change, false },
	{ "\"programs\": {\"types\": {\"any_except\": [\"xdp\"]}}", POLICY_PROG_LOAD, other_type, true },
	{ "\"programs\": {\"types\": {\"any_except\": [\"xdp\"]}}", POLICY_PROG_LOAD, type_beyond, true },
	{ "\"programs\": {\"helpers\": {\"uses_any\": [\"bpf_map_update_elem\"]}}", POLICY_PROG_LOAD,
	  more_helpers, true },
	{ "\"programs\": {\"helpers\": {\"uses_any\": [\"bpf_map_update_elem\"]}}", POLICY_PROG_LOAD,
	  no_change, false },
	{ "\"programs\": {\"helpers\": {\"uses_any\": [\"bpf_map_update_elem\"]}}", POLICY_ATTACH,
	  more_helpers, true },
	{ "\"programs\": {\"helpers\": {\"any_except\": [\"bpf_map_lookup_elem\"]}}", POLICY_PROG_LOAD,
	  no_change, false },
	{ "\"programs\": {\"helpers\": {\"any_except\": [\"bpf_map_lookup_elem\"]}}", POLICY_PROG_LOAD,
	  helper_beyond, true },
	{ "\"programs\": {\"kfuncs\": {\"uses_any\": [\"bpf_task_*\"]}}", POLICY_PROG_LOAD, more_kfuncs,
	  true },
	{ "\"programs\": {\"kfuncs\": {\"uses_any\": [\"bpf_task_*\"]}}", POLICY_PROG_LOAD, no_change,
	  false },
	{ "\"programs\": {\"sleepable\": true}", POLICY_PROG_LOAD, sleepable, true },
	{ "\"programs\": {\"sleepable\": true}", POLICY_PROG_LOAD, no_change, false },
	{ "\"programs\": {\"attach\": {\"xdp\": [\"wan0\"]}}", POLICY_ATTACH, no_change, true },
	{ "\"programs\": {\"attach\": {\"xdp\": [\"wan0\"]}}", POLICY_ATTACH, to_lan, false },
	{ "\"programs\": {\"attach\": {\"xdp\": [\"wan0\"]}}", POLICY_PROG_LOAD, no_change, false },
	{ "\"maps\": {\"types\": {\"uses_any\": [\"array\"]}}", POLICY_MAP_CREATE, create_other_type,
	  true },
	{ "\"maps\": {\"types\": {\"uses_any\": [\"array\"]}}", POLICY_MAP_CREATE, no_change, false },
	{ "\"maps\": {\"types\": {\"uses_any\": [\"array\"]}}", POLICY_PROG_LOAD, map_of_other_type,
	  true },
	{ "\"signed_by\": {\"signers\": [\"a\"]}", POLICY_PROG_LOAD, no_change, true },
	{ "\"signed_by\": {\"signers\": [\"a\"]}", POLICY_PROG_LOAD, proof_stranger, true },
	{ "\"signed_by\": {\"unsigned\": true}", POLICY_PROG_LOAD, no_change, false },
	{ "\"digests\": [\"sha256:"
	  "0101010101010101010101010101010101010101010101010101010101010101\"]",
	  POLICY_PROG_LOAD, no_change, true },
	{ "\"digests\": [\"sha256:"
	  "0101010101010101010101010101010101010101010101010101010101010101\"]",
	  POLICY_PROG_LOAD, no_digest, false },
	{ "\"expires\": \"2026-06-01T00:00:00Z\"", POLICY_PROG_LOAD, no_change, true },
	{ "\"expires\": \"2026-06-01T00:00:00Z\"", POLICY_PROG_LOAD, too_late, false },
	{ "\"comment\": \"everything\"", POLICY_PIN, no_change, true },
	{ "\"comment\": \"everything\"", POLICY_BTF_LOAD, no_change, true },
};

/* The same signer's: once over the object, once over the instructions alone. */
START_TEST(a_rule_may_ask_for_signatures_over_objects)
{
	static const struct {
		const char *more;
		bool by_object, granted;
	} rows[] = {
		{ "", false, true },
		{ "", true, true },
		{ ", \"objects_only\": true", false, false },
		{ ", \"objects_only\": true", true, true },
	};
	OWN_MEM struct asked *asked = ask(POLICY_PROG_LOAD);
	struct policy_proof proof = proofs_ab[0];
	struct policy_decision decision;
	struct policy *policy;
	OWN_MEM char *json = NULL;

	ck_assert_int_gt(asprintf(&json,
				  "{\"version\": 1, \"signers\": {\"a\": {\"x509\": \"/a\"}}, \"rules\": [{\"id\": "
				  "\"r\", \"effect\": \"allow\", \"who\": {\"anyone\": true}, \"signed_by\": "
				  "{\"signers\": [\"a\"]%s}, \"programs\": {\"types\": {\"only\": [\"xdp\"]}, "
				  "\"helpers\": {\"any_except\": []}, \"kfuncs\": {\"any_except\": []}}, \"maps\": {\"types\": {\"any_except\": []}}}]}",
				  rows[_i].more),
			 0);
	policy = rig_policy(json);
	proof.by_object = rows[_i].by_object;
	asked->prog.proofs = &proof;
	asked->prog.proof_cnt = 1;
	decide(policy, asked, &decision);
	ck_assert_msg((decision.verdict == POLICY_ALLOW) == rows[_i].granted, "row %d: %s", _i, decision.admin_text);
	ck_assert(rows[_i].granted || strstr(decision.admin_text, "over the whole object"));
	policy_free(policy);
}
END_TEST

START_TEST(a_deny_rule_refuses_what_it_states_and_nothing_else)
{
	OWN_MEM struct asked *asked = ask(denials[_i].verb);
	struct policy_decision decision;
	struct policy *policy;
	OWN_MEM char *json = NULL;

	ck_assert_int_gt(
		asprintf(&json,
			 "{\"version\": 1, \"signers\": {\"a\": {\"x509\": \"/a\"}}, \"rules\": [{\"id\": "
			 "\"no\", \"effect\": \"deny\", \"who\": {\"anyone\": true}, %s}]}",
			 denials[_i].stated),
		0);
	policy = rig_policy(json);
	denials[_i].change(asked);
	decide(policy, asked, &decision);
	ck_assert_msg(decision.by_deny_rule == denials[_i].refused, "denial %d: %s", _i,
		      decision.admin_text);
	policy_free(policy);
}
END_TEST

START_TEST(two_rules_that_grant_half_each_grant_nothing)
{
	struct policy *policy = rig_rules(
		"{\"id\": \"type\", \"effect\": \"allow\", \"who\": {\"users\": [\"alice\"]}, "
		"\"signed_by\": {\"unsigned\": true}, \"programs\": {\"types\": {\"only\": [\"xdp\"]}, "
		"\"kfuncs\": {\"any_except\": []}}, \"maps\": {\"types\": {\"any_except\": []}}}, "
		"{\"id\": \"helpers\", \"effect\": \"allow\", \"who\": {\"users\": [\"alice\"]}, "
		"\"signed_by\": {\"unsigned\": true}, \"programs\": {\"types\": {\"only\": [\"kprobe\"]}, "
		"\"helpers\": {\"any_except\": []}, \"kfuncs\": {\"any_except\": []}}, "
		"\"maps\": {\"types\": {\"any_except\": []}}}");
	OWN_MEM struct asked *asked = ask(POLICY_PROG_LOAD);
	struct policy_decision decision;

	decide(policy, asked, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_DENY);
	memset(asked->prog.helpers, 0, sizeof(asked->prog.helpers));
	decide(policy, asked, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_ALLOW);
	ck_assert_str_eq(decision.rule, "type");
	policy_free(policy);
}
END_TEST

#define ANY_XDP(id, more)                                                                     \
	"{\"id\": \"" id "\", \"effect\": \"allow\", \"who\": {\"anyone\": true}, \"signed_by\": " \
	"{\"unsigned\": true}, \"programs\": {\"types\": {\"any_except\": []}, \"helpers\": "      \
	"{\"any_except\": []}, \"kfuncs\": {\"any_except\": []}" more "}, \"maps\": {\"types\": "  \
	"{\"any_except\": []}}}"

START_TEST(of_two_rules_that_grant_the_more_generous_sets_the_terms_in_any_order)
{
	static const char *const orders[] = {
		ANY_XDP("plain", "") ", " ANY_XDP("wide", ", \"perfmon\": \"judged\""),
		ANY_XDP("wide", ", \"perfmon\": \"judged\"") ", " ANY_XDP("plain", ""),
	};
	OWN_MEM struct asked *asked = ask(POLICY_PROG_LOAD);
	struct policy_decision decision;
	size_t i;

	for (i = 0; i < ARRAY_CNT(orders); i++) {
		struct policy *policy = rig_rules(orders[i]);

		decide(policy, asked, &decision);
		ck_assert_str_eq(decision.rule, "wide");
		ck_assert_int_eq(decision.perfmon, POLICY_PERFMON_JUDGED);
		policy_free(policy);
	}
}
END_TEST

START_TEST(types_that_touch_only_their_holder_default_to_fds)
{
	struct policy *policy = rig_rules(ANY_XDP("r", ""));
	struct policy *handles = rig_rules(ANY_XDP("r", ", \"grant\": \"handle\""));
	OWN_MEM struct asked *asked = ask(POLICY_PROG_LOAD);
	struct policy_decision decision;

	decide(policy, asked, &decision);
	ck_assert_int_eq(decision.grant, POLICY_GRANT_HANDLE);
	asked->prog.type = TYPE_SOCKET_FILTER;
	decide(policy, asked, &decision);
	ck_assert_int_eq(decision.grant, POLICY_GRANT_FD);
	decide(handles, asked, &decision);
	ck_assert_int_eq(decision.grant, POLICY_GRANT_HANDLE);
	policy_free(policy);
	policy_free(handles);
}
END_TEST

START_TEST(any_except_grants_no_helper_without_a_name)
{
	struct policy *policy = rig_rules(ANY_XDP("r", ""));
	OWN_MEM struct asked *asked = ask(POLICY_PROG_LOAD);
	struct policy_decision decision;

	policy_helper_add(&asked->prog, HELPER_UPDATE);
	decide(policy, asked, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_ALLOW);
	policy_helper_add(&asked->prog, 500);
	decide(policy, asked, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_DENY);
	ck_assert_int_eq(decision.condition, POLICY_COND_HELPERS);
	policy_free(policy);
}
END_TEST

START_TEST(no_rule_grants_bpf_sys_bpf)
{
	struct policy *policy = rig_rules(ANY_XDP("r", ""));
	OWN_MEM struct asked *asked = ask(POLICY_PROG_LOAD);
	struct policy_decision decision;

	asked->prog.type = TYPE_SYSCALL;
	decide(policy, asked, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_ALLOW);
	policy_helper_add(&asked->prog, HELPER_SYS_BPF);
	decide(policy, asked, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_DENY);
	ck_assert_ptr_nonnull(strstr(decision.client_text, "bpf_sys_bpf is not granted"));
	policy_free(policy);
}
END_TEST

START_TEST(who_is_not_named_learns_nothing_of_the_rules)
{
	struct policy *policy = rig_policy(full_rules);
	OWN_MEM struct asked *asked = ask(POLICY_PROG_LOAD);
	struct policy_decision decision;

	asked->who = (struct policy_subject){ .uid = 4711, .gid = 4711 };
	decide(policy, asked, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_DENY);
	ck_assert_str_eq(decision.rule, "");
	ck_assert_ptr_null(strstr(decision.client_text, "full"));
	ck_assert_ptr_null(strstr(decision.client_text, "alice"));
	ck_assert_ptr_null(strstr(decision.remedy, "full"));
	ck_assert_ptr_nonnull(strstr(decision.client_text, "all 1 rules concern others"));
	policy_free(policy);
}
END_TEST

START_TEST(names_from_clients_cannot_move_the_terminals_cursor)
{
	struct policy *policy = rig_policy(full_rules);
	OWN_MEM struct asked *asked = ask(POLICY_PIN);
	struct policy_decision decision;

	asked->request.pin_path = "/sys/fs/bpf/b/\033[2J\n";
	decide(policy, asked, &decision);
	ck_assert_ptr_null(strchr(decision.client_text, '\033'));
	ck_assert_ptr_null(strchr(decision.admin_text, '\n'));
	ck_assert_ptr_nonnull(strstr(decision.client_text, "\\x1b[2J\\x0a"));
	policy_free(policy);
}
END_TEST

START_TEST(sharing_says_whether_the_other_may_write)
{
	struct policy *policy = rig_policy(full_rules);
	OWN_MEM struct asked *asked = ask(POLICY_SHARE);
	struct policy_decision decision;

	decide(policy, asked, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_ALLOW);
	ck_assert(!decision.share_rw);
	asked->who = (struct policy_subject){ 1003, 1003, dev_groups, 1, NULL };
	decide(policy, asked, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_ALLOW);
	ck_assert(decision.share_rw);
	policy_free(policy);
}
END_TEST

/* Alice's map, and a rule that refuses: to whom, and with what beside the kernel's word. */
static bool is_refused(const char *who, const struct policy_subject *subject)
{
	struct policy *policy;
	OWN_MEM struct asked *asked = ask(POLICY_MAP_CREATE);
	struct policy_decision decision;
	char rules[1024];

	(void)snprintf(rules, sizeof(rules), "%s, {\"id\": \"no\", \"effect\": \"deny\", \"who\": %s}",
		       ALICE_MAPS("m", ""), who);
	policy = rig_rules(rules);
	asked->who = *subject;
	decide(policy, asked, &decision);
	ck_assert_int_eq(policy_denies_groups(policy), strstr(who, "groups") != NULL);
	policy_free(policy);
	ck_assert_int_eq(decision.verdict == POLICY_DENY, decision.by_deny_rule);
	return decision.by_deny_rule;
}

START_TEST(what_is_refused_to_a_person_is_refused_to_the_ids_it_was_lent)
{
	static const uid_t bob[] = { 1004, 1002 }, carol[] = { 1003 };
	struct policy_subject who = { .uid = 1001, .gid = 1001 };

	ck_assert(!is_refused("{\"users\": [\"bob\"]}", &who));
	who.owners = carol;
	who.owner_cnt = 1;
	ck_assert(!is_refused("{\"users\": [\"bob\"]}", &who));
	who.owners = bob;
	who.owner_cnt = 2;
	ck_assert(is_refused("{\"users\": [\"bob\"]}", &who));
}
END_TEST

START_TEST(what_is_refused_to_a_group_is_refused_to_members_who_have_left_it)
{
	static const gid_t tracers[] = { 100, 2001 }, devs[] = { 2002 };
	struct policy_subject who = { .uid = 1001, .gid = 1001 };

	ck_assert(!is_refused("{\"groups\": [\"tracers\"]}", &who));
	who.member_of = devs;
	who.member_cnt = 1;
	ck_assert(!is_refused("{\"groups\": [\"tracers\"]}", &who));
	who.member_of = tracers;
	who.member_cnt = 2;
	ck_assert(is_refused("{\"groups\": [\"tracers\"]}", &who));
	who.member_cnt = 0;
	who.membership_unknown = true;
	ck_assert(is_refused("{\"groups\": [\"tracers\"]}", &who));
	ck_assert(!is_refused("{\"users\": [\"bob\"]}", &who));
}
END_TEST

START_TEST(nobody_is_allowed_what_its_owner_or_its_entry_in_the_database_is)
{
	static const uid_t alice[] = { 1001 };
	struct policy *policy = rig_policy(full_rules);
	OWN_MEM struct asked *asked = ask(POLICY_PROG_LOAD);
	struct policy_decision decision;

	decide(policy, asked, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_ALLOW);
	asked->who.group_cnt = 0;
	asked->who.member_of = alice_groups;
	asked->who.member_cnt = 2;
	decide(policy, asked, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_DENY);
	asked->who.group_cnt = 2;
	asked->who.uid = 100000;
	asked->who.owners = alice;
	asked->who.owner_cnt = 1;
	decide(policy, asked, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_DENY);
	policy_free(policy);
}
END_TEST

START_TEST(shadow_rules_decide_nothing_and_say_what_they_would)
{
	struct policy *policy = rig_rules(
		ALICE_MAPS("m", "") ", {\"id\": \"try\", \"effect\": \"deny\", \"shadow\": true, \"who\": "
				    "{\"users\": [\"alice\"]}}");
	struct policy *none = rig_rules(ALICE_MAPS("try", ", \"shadow\": true"));
	OWN_MEM struct asked *asked = ask(POLICY_MAP_CREATE);
	struct policy_decision decision;

	decide(policy, asked, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_ALLOW);
	ck_assert_int_eq(decision.shadow_verdict, POLICY_DENY);
	ck_assert_str_eq(decision.shadow_rule, "try");
	decide(none, asked, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_DENY);
	ck_assert_int_eq(decision.shadow_verdict, POLICY_ALLOW);
	ck_assert_str_eq(decision.shadow_rule, "try");
	policy_free(policy);
	policy_free(none);
}
END_TEST

START_TEST(labels_and_executables_narrow)
{
	struct policy *policy = rig_rules(
		"{\"id\": \"r\", \"effect\": \"allow\", \"who\": {\"labels\": [\"a_t\"], \"exe\": "
		"[\"/usr/bin/a\"]}, \"maps\": {\"types\": {\"any_except\": []}}}");
	OWN_MEM struct asked *asked = ask(POLICY_MAP_CREATE);
	struct policy_decision decision;

	asked->who.label = "a_t";
	asked->who.exe = "/usr/bin/a";
	decide(policy, asked, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_ALLOW);
	asked->who.exe = "/usr/bin/b";
	decide(policy, asked, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_DENY);
	asked->who.exe = "/usr/bin/a";
	asked->who.label = NULL;
	decide(policy, asked, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_DENY);
	policy_free(policy);
}
END_TEST

START_TEST(the_paths_of_targets_are_told_once_each)
{
	struct policy *policy = rig_policy(full_rules);

	ck_assert_str_eq(policy_path(policy, 0), "/run/netns/blue");
	ck_assert_str_eq(policy_path(policy, 1), "/sys/fs/cgroup/a.slice");
	ck_assert_ptr_null(policy_path(policy, 2));
	policy_free(policy);
}
END_TEST

START_TEST(an_examination_agrees_with_the_decision)
{
	struct policy *policy = rig_policy(full_rules);
	OWN_MEM struct asked *asked = ask(cases[_i].verb);
	struct policy_decision decision;
	struct policy_outcome outcome;

	cases[_i].change(asked);
	decide(policy, asked, &decision);
	policy_examine(policy, 0, &asked->who, &asked->request, &outcome);
	ck_assert_int_eq(outcome.matches, decision.verdict == POLICY_ALLOW);
	ck_assert_int_eq(outcome.matches, outcome.failed_cnt == 0);
	policy_free(policy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy: deciding");
	TCase *tc = tcase_create("decide");

	tcase_add_loop_test(tc, a_request_that_differs_in_one_thing_fails_for_that_thing, 0,
			    (int)ARRAY_CNT(cases));
	tcase_add_loop_test(tc, an_examination_agrees_with_the_decision, 0, (int)ARRAY_CNT(cases));
	tcase_add_test(tc, a_rule_names_its_callers_for_what_it_speaks_of);
	tcase_add_test(tc, a_refusal_tells_rule_place_reason_and_mend);
	tcase_add_test(tc, a_grant_tells_its_terms);
	tcase_add_test(tc, without_rules_nothing_is_allowed_and_the_refusal_says_how_to_allow);
	tcase_add_test(tc, root_is_a_caller_like_any_other);
	tcase_add_test(tc, a_deny_rule_wins_wherever_it_stands);
	tcase_add_loop_test(tc, a_rule_may_ask_for_signatures_over_objects, 0, 4);
	tcase_add_loop_test(tc, a_deny_rule_refuses_what_it_states_and_nothing_else, 0,
			    (int)ARRAY_CNT(denials));
	tcase_add_test(tc, two_rules_that_grant_half_each_grant_nothing);
	tcase_add_test(tc, of_two_rules_that_grant_the_more_generous_sets_the_terms_in_any_order);
	tcase_add_test(tc, types_that_touch_only_their_holder_default_to_fds);
	tcase_add_test(tc, any_except_grants_no_helper_without_a_name);
	tcase_add_test(tc, no_rule_grants_bpf_sys_bpf);
	tcase_add_test(tc, who_is_not_named_learns_nothing_of_the_rules);
	tcase_add_test(tc, names_from_clients_cannot_move_the_terminals_cursor);
	tcase_add_test(tc, sharing_says_whether_the_other_may_write);
	tcase_add_test(tc, what_is_refused_to_a_person_is_refused_to_the_ids_it_was_lent);
	tcase_add_test(tc, what_is_refused_to_a_group_is_refused_to_members_who_have_left_it);
	tcase_add_test(tc, nobody_is_allowed_what_its_owner_or_its_entry_in_the_database_is);
	tcase_add_test(tc, shadow_rules_decide_nothing_and_say_what_they_would);
	tcase_add_test(tc, labels_and_executables_narrow);
	tcase_add_test(tc, the_paths_of_targets_are_told_once_each);
	suite_add_tcase(suite, tc);
	return rig_run(suite);
}
