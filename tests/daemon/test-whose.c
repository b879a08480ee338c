/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose program, whose namespace, whose pin: what was decided is what is executed. Each attack stands beside a control
 * that differs only in what is refused. The daemon and its users live in a network namespace of the test's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/bpfgate.h"
#include "client/self.h"
#include "proto/own.h"
#include "tests/daemon/live.h"
#include "tests/lib/holds.h"

#define CGROUP_ALONE  "/sys/fs/cgroup"
#define CGROUP_HYBRID "/sys/fs/cgroup/unified"

#define WHOSE_RULE(name, user)                                                                     \
	"{\"id\": \"" name "\", \"effect\": \"allow\", \"who\": {\"users\": [\"" user "\"]},\n"       \
	" \"signed_by\": {\"unsigned\": true},\n"                                                   \
	" \"programs\": {\"types\": {\"only\": [\"sched_cls\", \"cgroup_skb\", \"sk_skb\"]},\n"         \
	"  \"attach\": {\"tcx\": [\"lo\"], \"map\": [\"sockmap\"],\n"                                 \
	"   \"cgroup\": [\"" CGROUP_ALONE "/bpfgate-whose\", \"" CGROUP_HYBRID "/bpfgate-whose\"]}},\n" \
	" \"maps\": {\"types\": {\"any_except\": []}, \"max_bytes_each\": \"1M\",\n"                  \
	"  \"pin_under\": [\"/sys/fs/bpf/whose\"], \"share_with\": [\"user:65532:rw\"]}}"

static const char whose_policy[] = "{\"version\": 1, \"rules\": [\n" WHOSE_RULE("alice", "65531") ",\n" WHOSE_RULE(
	"bob", "65532") "\n]}\n";

/* Kernel 6.6's, which Debian 12's headers lack. */
enum { TCX_INGRESS = 46, SK_SKB_VERDICT = 38, BEFORE = 1 << 3, AFTER = 1 << 4, BY_ID = 1 << 5 };
enum { REPLACE = 1 << 2 };

static struct live live;

static int call_sized(int cmd, void *attr, unsigned int bytes)
{
	int r = bpfgate_bpf(cmd, attr, bytes);

	r = r < 0 ? -errno : r;
	if (getenv("LIVE_VERBOSE"))
		fprintf(stderr, "    command %d: %d %s\n", cmd, r, bpfgate_last_reason());
	return r;
}

static int call(int cmd, union bpf_attr *attr)
{
	return call_sized(cmd, attr, sizeof(*attr));
}

/* An attr with fields that the build host's header may lack. */
static int call_bytes(int cmd, uint8_t attr[ATTR_BYTES])
{
	return call_sized(cmd, attr, ATTR_BYTES);
}

/* ---- what stands on the loopback interface ---- */

/* PROG_ATTACH or PROG_DETACH; prog 0: none is named. */
static void lo_fill(uint8_t attr[ATTR_BYTES], uint32_t prog, uint32_t flags, uint32_t anchor)
{
	memset(attr, 0, ATTR_BYTES);
	attr_put_u32(attr, ATTR_ATTACH_TARGET_IFINDEX, 1);
	attr_put_u32(attr, ATTR_ATTACH_BPF_FD, prog);
	attr_put_u32(attr, ATTR_ATTACH_TYPE, TCX_INGRESS);
	attr_put_u32(attr, ATTR_ATTACH_FLAGS, flags);
	attr_put_u32(attr, ATTR_ATTACH_RELATIVE_FD, anchor);
}

static int lo_do(int cmd, int prog, uint32_t flags, uint32_t anchor)
{
	uint8_t attr[ATTR_BYTES];

	lo_fill(attr, (uint32_t)prog, flags, anchor);
	return call_bytes(cmd, attr);
}

/* The same as root, past the daemon. */
static int lo_natively(int cmd, int prog)
{
	uint8_t attr[ATTR_BYTES];

	lo_fill(attr, (uint32_t)prog, 0, 0);
	return self_bpf((uint32_t)cmd, attr, ATTR_BYTES);
}

static int load_natively(void)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = -1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = ARRAY_CNT(insns);
	attr.license = (uintptr_t) "GPL";
	return self_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
}

/* How many stand there; what is there is root's to see. */
static int lo_cnt(void)
{
	uint8_t attr[ATTR_BYTES] = { 0 };
	int r;

	attr_put_u32(attr, ATTR_QUERY_TARGET_IFINDEX, 1);
	attr_put_u32(attr, ATTR_QUERY_ATTACH_TYPE, TCX_INGRESS);
	r = self_bpf(BPF_PROG_QUERY, attr, ATTR_BYTES);
	return r < 0 ? r : (int)attr_u32(attr, ATTR_QUERY_COUNT);
}

static int load_cls(int32_t ret)
{
	return live_prog(BPF_PROG_TYPE_SCHED_CLS, "cls", ret);
}

static bool part_attach_and_close(void *arg)
{
	int prog = load_cls(-1);

	return HOLDS(prog >= 0) && HOLDS(lo_do(BPF_PROG_ATTACH, prog, 0, 0) == 0);
}

static bool part_detach_others(void *arg)
{
	return HOLDS(lo_do(BPF_PROG_DETACH, 0, 0, 0) == -EPERM) &&
	       HOLDS(live_reason_has("another user's")) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, 0, AFTER, 0) == -EPERM) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, 0, BEFORE | BY_ID, *(uint32_t *)arg) == -EPERM);
}

static bool part_detach_own(void *arg)
{
	return HOLDS(lo_do(BPF_PROG_DETACH, 0, 0, 0) == 0);
}

static bool part_detach_first(void *arg)
{
	return HOLDS(lo_do(BPF_PROG_DETACH, 0, BEFORE, 0) == 0);
}

static bool part_find_nothing(void *arg)
{
	return HOLDS(lo_do(BPF_PROG_DETACH, 0, 0, 0) == -ENOENT);
}

/* Alice's below root's: the last is root's, the first hers. Her descriptor is closed already. */
static bool a_detach_that_names_nobody_takes_only_ones_own(void)
{
	OWN_FD int roots = load_natively();
	uint32_t id = live_id_of(roots);
	bool ok;

	ok = HOLDS(live_as(LIVE_ALICE, part_attach_and_close, NULL)) &&
	     HOLDS(lo_natively(BPF_PROG_ATTACH, roots) == 0) &&
	     HOLDS(live_as(LIVE_BOB, part_detach_others, &id)) &&
	     HOLDS(live_as(LIVE_ALICE, part_find_nothing, NULL) == false) && HOLDS(lo_cnt() == 2) &&
	     HOLDS(live_as(LIVE_ALICE, part_detach_first, NULL)) && HOLDS(lo_cnt() == 1);
	/* Where only hers is, it needs no word. */
	ok = HOLDS(lo_natively(BPF_PROG_DETACH, roots) == 0) && HOLDS(ok) &&
	     HOLDS(live_as(LIVE_ALICE, part_attach_and_close, NULL)) &&
	     HOLDS(live_as(LIVE_BOB, part_find_nothing, NULL) == false) &&
	     HOLDS(live_as(LIVE_ALICE, part_detach_own, NULL)) && HOLDS(lo_cnt() == 0);
	return HOLDS(ok) && HOLDS(live_as(LIVE_ALICE, part_find_nothing, NULL));
}

static bool part_anchors(void *arg)
{
	const uint32_t *roots = arg;
	int last = load_cls(-1), bad;

	/* Behind root's stands nobody yet: AFTER means root's own then, as in the kernel. */
	bad = lo_do(BPF_PROG_DETACH, 0, AFTER | BY_ID, *roots) == -EPERM ? 0 : 1;
	return HOLDS(last >= 0) &&
	       HOLDS(lo_do(BPF_PROG_ATTACH, last, AFTER | BY_ID, *roots) == 0) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, 0, BY_ID, *roots) == -EINVAL) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, 0, AFTER | BY_ID, 0x7ffffff0) == -ENOENT) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, 0, BEFORE | AFTER | BY_ID, *roots) == -ERANGE) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, 0, BEFORE, (uint32_t)last) == -EPERM) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, 0, AFTER | BY_ID, *roots) == 0) && HOLDS(bad == 0);
}

static bool an_anchor_says_whose_program_goes(void)
{
	OWN_FD int roots = load_natively();
	uint32_t id = live_id_of(roots);
	bool ok = HOLDS(lo_natively(BPF_PROG_ATTACH, roots) == 0) &&
		  HOLDS(live_as(LIVE_ALICE, part_anchors, &id)) && HOLDS(lo_cnt() == 1);

	return HOLDS(lo_natively(BPF_PROG_DETACH, roots) == 0) && HOLDS(ok);
}

static bool part_replace(void *arg)
{
	uint8_t attr[ATTR_BYTES];
	int first = load_cls(-1), second = load_cls(0), foreign;

	lo_fill(attr, (uint32_t)second, REPLACE, 0);
	attr_put_u32(attr, ATTR_ATTACH_REPLACE_BPF_FD, *(uint32_t *)arg);
	foreign = call_bytes(BPF_PROG_ATTACH, attr);
	if (FAILS(foreign != -EPERM || !live_reason_has("replaced")))
		return false;
	attr_put_u32(attr, ATTR_ATTACH_REPLACE_BPF_FD, (uint32_t)first);
	return HOLDS(lo_do(BPF_PROG_ATTACH, first, 0, 0) == 0) &&
	       HOLDS(call_bytes(BPF_PROG_ATTACH, attr) == 0) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, second, 0, 0) == 0);
}

/* Root's descriptor in Alice's hands is no right to take root's program from its place. */
static bool a_replaced_program_is_ones_own(void)
{
	OWN_FD int roots = load_natively();
	uint32_t number = (uint32_t)roots;
	bool ok = HOLDS(lo_natively(BPF_PROG_ATTACH, roots) == 0) &&
		  HOLDS(live_as(LIVE_ALICE, part_replace, &number)) && HOLDS(lo_cnt() == 1);

	return HOLDS(lo_natively(BPF_PROG_DETACH, roots) == 0) && HOLDS(ok);
}

/* ---- a cgroup where one stands ---- */

static const char *cgroup_path(void)
{
	struct statfs fs;

	if (statfs(CGROUP_ALONE, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
		return CGROUP_ALONE "/bpfgate-whose";
	return CGROUP_HYBRID "/bpfgate-whose";
}

static int cgroup_do(int cmd, int prog, uint32_t flags)
{
	OWN_FD int cgroup = open(cgroup_path(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)prog;
	attr.attach_type = BPF_CGROUP_INET_EGRESS;
	attr.attach_flags = flags;
	return call(cmd, &attr);
}

static bool part_stand(void *arg)
{
	int prog = live_prog(BPF_PROG_TYPE_CGROUP_SKB, "skb", 1);

	return HOLDS(prog >= 0) && HOLDS(cgroup_do(BPF_PROG_ATTACH, prog, *(uint32_t *)arg) == 0);
}

static bool part_push_aside(void *arg)
{
	return HOLDS(cgroup_do(BPF_PROG_DETACH, 0, 0) == -EPERM) &&
	       HOLDS(live_reason_has("another user's"));
}

static bool part_step_aside(void *arg)
{
	return HOLDS(cgroup_do(BPF_PROG_DETACH, 0, 0) == 0) &&
	       HOLDS(cgroup_do(BPF_PROG_DETACH, 0, 0) == -ENOENT);
}

static bool part_not_among_many(void *arg)
{
	return HOLDS(cgroup_do(BPF_PROG_DETACH, 0, 0) == -EINVAL);
}

static bool the_one_at_a_cgroup_goes_by_its_own_users_word(void)
{
	uint32_t alone = 0, many = BPF_F_ALLOW_MULTI;
	bool ok;

	if (FAILS(mkdir(cgroup_path(), 0755) < 0 && errno != EEXIST))
		return false;
	ok = HOLDS(live_as(LIVE_ALICE, part_stand, &alone)) &&
	     HOLDS(live_as(LIVE_BOB, part_push_aside, NULL)) &&
	     HOLDS(live_as(LIVE_ALICE, part_step_aside, NULL)) &&
	     HOLDS(live_as(LIVE_ALICE, part_stand, &many)) &&
	     HOLDS(live_as(LIVE_ALICE, part_not_among_many, NULL));
	return HOLDS(rmdir(cgroup_path()) == 0) && HOLDS(ok);
}

/* ---- a socket map, which has room for one ---- */

static int map_attach(int map, int prog)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)map;
	attr.attach_bpf_fd = (uint32_t)prog;
	attr.attach_type = SK_SKB_VERDICT;
	return call(BPF_PROG_ATTACH, &attr);
}

/* Bob may write this map: its descriptor is Alice's gift. */
struct gift {
	int sock[2];
	uint32_t id;
};

static bool part_fill_place(void *arg)
{
	struct gift *gift = arg;
	int map = live_map(BPF_MAP_TYPE_SOCKMAP, 0);
	int first = live_prog(BPF_PROG_TYPE_SK_SKB, "first", 1);
	int second = live_prog(BPF_PROG_TYPE_SK_SKB, "second", 0);
	char done = 0;

	gift->id = live_id_of(map);
	return HOLDS(map >= 0) && HOLDS(first >= 0) && HOLDS(map_attach(map, first) == 0) &&
	       HOLDS(write(gift->sock[1], &gift->id, sizeof(gift->id)) == sizeof(gift->id)) &&
	       HOLDS(read(gift->sock[1], &done, 1) == 1) && HOLDS(done == 'y') &&
	       HOLDS(map_attach(map, second) == 0);
}

static bool part_take_place(void *arg)
{
	const struct gift *gift = arg;
	union bpf_attr attr;
	int map, prog = live_prog(BPF_PROG_TYPE_SK_SKB, "bob", 0);

	memset(&attr, 0, sizeof(attr));
	attr.map_id = gift->id;
	map = call(BPF_MAP_GET_FD_BY_ID, &attr);
	return HOLDS(map >= 0) && HOLDS(prog >= 0) && HOLDS(map_attach(map, prog) == -EPERM) &&
	       HOLDS(live_reason_has("another user's"));
}

static bool who_may_write_a_socket_map_does_not_replace_its_program(void)
{
	struct gift gift = { 0 };
	int status = 1;
	pid_t pid;
	bool ok;

	if (FAILS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gift.sock) < 0))
		return false;
	pid = fork();
	if (pid == 0) {
		close(gift.sock[0]);
		_exit(live_as(LIVE_ALICE, part_fill_place, &gift) ? 0 : 1);
	}
	close(gift.sock[1]);
	ok = HOLDS(read(gift.sock[0], &gift.id, sizeof(gift.id)) == sizeof(gift.id)) &&
	     HOLDS(live_as(LIVE_BOB, part_take_place, &gift));
	ok = HOLDS(write(gift.sock[0], ok ? "y" : "n", 1) == 1) && HOLDS(ok);
	close(gift.sock[0]);
	return HOLDS(waitpid(pid, &status, 0) == pid) && HOLDS(status == 0) && HOLDS(ok);
}

struct test {
	const char *name;
	bool (*run)(void);
};
#define TEST(name) { #name, name }

static const struct test tests[] = {
	TEST(a_detach_that_names_nobody_takes_only_ones_own),
	TEST(an_anchor_says_whose_program_goes),
	TEST(a_replaced_program_is_ones_own),
	TEST(the_one_at_a_cgroup_goes_by_its_own_users_word),
	TEST(who_may_write_a_socket_map_does_not_replace_its_program),
};

static bool part_holds_nothing(void *arg)
{
	union bpf_attr attr;

	/* A walk looks at what really exists. */
	memset(&attr, 0, sizeof(attr));
	(void)call(BPF_PROG_GET_NEXT_ID, &attr);
	return HOLDS(live_mine("programs") == 0) && HOLDS(live_mine("maps") == 0) &&
	       HOLDS(live_mine("links") == 0) && HOLDS(live_mine("connections") == 1);
}

static bool users_hold_nothing(void *arg)
{
	return HOLDS(live_as(LIVE_ALICE, part_holds_nothing, NULL)) &&
	       HOLDS(live_as(LIVE_BOB, part_holds_nothing, NULL));
}

static bool fds_are_as_before(void *arg)
{
	/* Spare judges come and go; loaders, of two users and the ledger, stay idle for a while. */
	return HOLDS(live_fd_cnt(&live) <= *(int *)arg + 10);
}

static bool run_test(const struct test *test, int *before)
{
	bool ok = holds_run(test->run);
	bool clean = live_until(users_hold_nothing, NULL) && live_until(fds_are_as_before, before);

	if (!ok || !clean)
		printf("FAILED %s%s\n", test->name, ok ? " (something was left behind)" : "");
	return ok && clean;
}

int main(int argc, char **argv)
{
	const char *builddir = getenv("builddir") ? getenv("builddir") : ".";
	unsigned int passed = 0, failed = 0;
	int before;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getuid() != 0 || unshare(CLONE_NEWNET) < 0 || system("ip link set lo up") != 0) {
		printf("skipped: a daemon and a network of its own need root\n0 passed, 0 failed, %zu skipped\n",
		       ARRAY_CNT(tests));
		return 77;
	}
	if (!live_start(&live, builddir, whose_policy)) {
		printf("the daemon does not start\n0 passed, 1 failed\n");
		return 1;
	}
	(void)live_until(users_hold_nothing, NULL);
	before = live_fd_cnt(&live);
	for (size_t i = 0; i < ARRAY_CNT(tests); i++) {
		if (argc > 1 && strcmp(argv[1], tests[i].name) != 0)
			continue;
		if (run_test(&tests[i], &before))
			passed++;
		else
			failed++;
	}
	if (!live_stop(&live)) {
		failed++;
		printf("FAILED the daemon does not end as it should\n");
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed ? 1 : 0;
}
