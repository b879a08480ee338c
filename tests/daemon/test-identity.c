/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who calls, and where, when it calls: threads and processes that change their user or their
 * network namespace after their first call. What they were gives them nothing any more, and what
 * they are counts at once. The daemon has a network namespace of the test's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/library/self.h"
#include "proto/own.h"
#include "tests/daemon/attack.h"
#include "tests/lib/holds.h"

/* Serves those who are in it: by their group, not by their user. */
#define IDENTITY_GROUP 65540
#define IDENTITY_DAVE  65534

static const char identity_policy[] =
	"{\"version\": 1, \"rules\": [\n"
	"{\"id\": \"alice\", \"effect\": \"allow\", \"who\": {\"users\": [\"65531\"]},\n"
	" \"signed_by\": {\"unsigned\": true},\n"
	" \"programs\": {\"types\": {\"only\": [\"sched_cls\", \"netfilter\"]}, \"test_run\": true,\n"
	"  \"attach\": {\"tcx\": [\"lo\"], \"netfilter\": [\"host\"]}}},\n"
	"{\"id\": \"bob\", \"effect\": \"allow\", \"who\": {\"users\": [\"65532\"]},\n"
	" \"signed_by\": {\"unsigned\": true},\n"
	" \"programs\": {\"types\": {\"only\": [\"sched_cls\"]},\n"
	"  \"attach\": {\"tcx\": [\"lo\", \"netns:*:lo\"]}},\n"
	" \"maps\": {\"types\": {\"only\": [\"array\"]}, \"max_bytes_each\": \"1M\"}},\n"
	"{\"id\": \"root\", \"effect\": \"allow\", \"who\": {\"users\": [\"0\"]},\n"
	" \"signed_by\": {\"unsigned\": true},\n"
	" \"maps\": {\"types\": {\"only\": [\"array\"]}, \"max_bytes_each\": \"1M\"}},\n"
	"{\"id\": \"crew\", \"effect\": \"allow\", \"who\": {\"groups\": [\"65540\"]},\n"
	" \"signed_by\": {\"unsigned\": true},\n"
	" \"maps\": {\"types\": {\"only\": [\"array\"]}, \"max_bytes_each\": \"1M\"}}\n]}\n";

/* Kernel 6.6's, which Debian 12's headers lack. */
enum { NETFILTER_PROG = 32, NETFILTER_LINK = 45, TCX_INGRESS = 46 };

/* An interface that is only in the daemon's namespace. */
enum { ONLY_HERE = 7101 };

static struct live live;

/* ---- becoming somebody, in one thread only ---- */

static bool become(uid_t uid, gid_t gid)
{
	return syscall(SYS_setresgid, gid, gid, 0) == 0 && syscall(SYS_setresuid, uid, uid, 0) == 0;
}

static bool regain(void)
{
	return syscall(SYS_setresuid, 0, 0, 0) == 0 && syscall(SYS_setresgid, 0, 0, 0) == 0;
}

/* Leaves the network namespace, or enters the one of netns, as whoever this is. */
static bool move(uid_t uid, int netns)
{
	if (!regain())
		return false;
	if (netns < 0 ? unshare(CLONE_NEWNET) < 0 : setns(netns, CLONE_NEWNET) < 0)
		return false;
	return become(uid, uid);
}

/* In a process of its own, which keeps root as its saved user. */
static bool in_child(bool (*part)(int home), uid_t uid)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0) {
		OWN_FD int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

		_exit(home >= 0 && setgroups(0, NULL) == 0 && become(uid, uid) && part(home) ? 0
											     : 1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* ---- what is tried ---- */

/* As a command of `bpfgate run`: bpf(2) itself. */
static bool is_command;

static int call(int cmd, void *attr, unsigned int bytes)
{
	return is_command ? self_bpf((uint32_t)cmd, attr, bytes) : live_call(cmd, attr, bytes);
}

static int load(uint32_t type, uint32_t attach_type)
{
	/* Three instructions: not one of the programs that loaders probe with. */
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = 77 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.expected_attach_type = attach_type;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = ARRAY_CNT(insns);
	attr.license = (uintptr_t) "GPL";
	return call(BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int load_cls(void)
{
	return load(BPF_PROG_TYPE_SCHED_CLS, 0);
}

static int link_lo(int prog)
{
	uint32_t attr[4] = { (uint32_t)prog, 1, TCX_INGRESS, 0 };

	return call(BPF_LINK_CREATE, attr, sizeof(attr));
}

static int make_map(void)
{
	uint32_t attr[4] = { BPF_MAP_TYPE_ARRAY, 4, 8, 4 };

	return call(BPF_MAP_CREATE, attr, sizeof(attr));
}

/* How many stand at lo, as the daemon says it of the caller's own. */
static int lo_cnt(void)
{
	uint8_t attr[ATTR_BYTES] = { 0 };
	int r;

	attr_put_u32(attr, ATTR_QUERY_TARGET_IFINDEX, 1);
	attr_put_u32(attr, ATTR_QUERY_ATTACH_TYPE, TCX_INGRESS);
	r = call(BPF_PROG_QUERY, attr, ATTR_BYTES);
	return r < 0 ? r : (int)attr_u32(attr, ATTR_QUERY_COUNT);
}

/* The same as the kernel says it, of all: as root, in the namespace of this thread. */
static int lo_cnt_natively(uid_t uid)
{
	uint8_t attr[ATTR_BYTES] = { 0 };
	int r;

	attr_put_u32(attr, ATTR_QUERY_TARGET_IFINDEX, 1);
	attr_put_u32(attr, ATTR_QUERY_ATTACH_TYPE, TCX_INGRESS);
	if (!regain())
		return -EPERM;
	r = self_bpf(BPF_PROG_QUERY, attr, ATTR_BYTES);
	if (!become(uid, uid))
		return -EPERM;
	return r < 0 ? r : (int)attr_u32(attr, ATTR_QUERY_COUNT);
}

/* ---- a network namespace that was left ---- */

static bool nobody_stands_there(void *arg)
{
	return lo_cnt_natively(*(uid_t *)arg) == 0;
}

static bool part_attach_elsewhere(int home)
{
	OWN_FD int prog = load_cls();
	OWN_FD int before = link_lo(prog);
	OWN_FD int after = -1;
	OWN_FD int again = -1;
	uid_t alice = LIVE_ALICE;

	if (FAILS(before < 0 || lo_cnt_natively(LIVE_ALICE) != 1))
		return false;
	if (FAILS(!move(LIVE_ALICE, -1)))
		return false;
	after = link_lo(prog);
	if (FAILS(after != -EPERM || lo_cnt_natively(LIVE_ALICE) != 0))
		return false;
	own_close_fd(&before);
	/*
	 * The loader that made the link may not have run since it sent it, and closes its copy then: before
	 * it takes the next request, but this is not one.
	 */
	if (FAILS(!move(LIVE_ALICE, home) || !live_until(nobody_stands_there, &alice)))
		return false;
	again = link_lo(prog);
	return HOLDS(again >= 0) && HOLDS(lo_cnt_natively(LIVE_ALICE) == 1);
}

static bool who_left_a_namespace_attaches_nothing_there(void)
{
	return in_child(part_attach_elsewhere, LIVE_ALICE);
}

/* Bob may, in both: but each where he is. */
static bool part_attach_where_one_is(int home)
{
	OWN_FD int prog = load_cls();
	OWN_FD int here = link_lo(prog);
	OWN_FD int there = -1;

	if (here < 0 || !move(LIVE_BOB, -1))
		return false;
	there = link_lo(prog);
	return there >= 0 && lo_cnt_natively(LIVE_BOB) == 1 && move(LIVE_BOB, home) &&
	       lo_cnt_natively(LIVE_BOB) == 1;
}

static bool what_is_attached_is_attached_where_the_caller_is(void)
{
	return in_child(part_attach_where_one_is, LIVE_BOB);
}

static bool part_query_elsewhere(int home)
{
	OWN_FD int prog = load_cls();
	OWN_FD int link = link_lo(prog);

	return link >= 0 && lo_cnt() == 1 && move(LIVE_BOB, -1) && lo_cnt() == 0 &&
	       move(LIVE_BOB, home) && lo_cnt() == 1;
}

static bool a_query_is_about_where_the_caller_is(void)
{
	return in_child(part_query_elsewhere, LIVE_BOB);
}

static int netfilter_link(int prog)
{
	uint32_t attr[12] = {
		(uint32_t)prog, 0, NETFILTER_LINK, 0, 2 /* NFPROTO_IPV4 */, 1, 100, 0
	};

	return call(BPF_LINK_CREATE, attr, sizeof(attr));
}

static bool part_netfilter_elsewhere(int home)
{
	OWN_FD int prog = load(NETFILTER_PROG, NETFILTER_LINK);
	OWN_FD int here = netfilter_link(prog);
	OWN_FD int there = -1;

	if (here < 0 || !move(LIVE_ALICE, -1))
		return false;
	there = netfilter_link(prog);
	return there == -EPERM;
}

static bool netfilter_is_where_the_caller_is(void)
{
	return in_child(part_netfilter_elsewhere, LIVE_ALICE);
}

/* A packet that came in by that interface. */
static int test_run_by(int prog, uint32_t ifindex)
{
	struct __sk_buff skb = { .ifindex = ifindex };
	uint8_t packet[64] = { 0 };
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)prog;
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	attr.test.ctx_in = (uintptr_t)&skb;
	attr.test.ctx_size_in = sizeof(skb);
	return call(BPF_PROG_TEST_RUN, &attr, sizeof(attr));
}

static bool part_test_run_elsewhere(int home)
{
	OWN_FD int prog = load_cls();

	return prog >= 0 && test_run_by(prog, ONLY_HERE) == 0 && move(LIVE_ALICE, -1) &&
	       test_run_by(prog, ONLY_HERE) == -ENODEV && test_run_by(prog, 1) == 0;
}

static bool a_test_run_is_where_the_caller_is(void)
{
	return in_child(part_test_run_elsewhere, LIVE_ALICE);
}

/* ---- a user that was left ---- */

static bool turn_into(uid_t uid, gid_t gid)
{
	return regain() && setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0;
}

/* Bob may do both himself, but with what is his: the handle is still Alice's. */
static bool part_setuid(int home)
{
	OWN_FD int prog = load_cls();
	OWN_FD int link = link_lo(prog);
	OWN_FD int map = make_map();
	OWN_FD int bobs = -1, bobs_link = -1, alices_link = -1;

	if (prog < 0 || link < 0 || map != -EPERM || live_mine("programs") != 1 ||
	    !turn_into(LIVE_BOB, LIVE_ALICE))
		return false;
	map = make_map();
	if (map < 0 || live_mine("programs") != 0 || live_mine("maps") != 1 || lo_cnt() != 0)
		return false;
	alices_link = link_lo(prog);
	if (alices_link != -EPERM || !live_reason_has("another user"))
		return false;
	bobs = load_cls();
	bobs_link = link_lo(bobs);
	return bobs_link >= 0 && lo_cnt() == 1;
}

static bool who_became_another_user_is_that_user(void)
{
	return in_child(part_setuid, LIVE_ALICE);
}

static bool part_setgid(int home)
{
	OWN_FD int map = -1;

	if (!regain() || !become(IDENTITY_DAVE, IDENTITY_GROUP))
		return false;
	map = make_map();
	return map >= 0 && turn_into(IDENTITY_DAVE, IDENTITY_DAVE) && make_map() == -EPERM;
}

static bool part_setgroups(int home)
{
	const gid_t crew = IDENTITY_GROUP;
	OWN_FD int map = -1;

	if (!regain() || setgroups(1, &crew) < 0 || !become(IDENTITY_DAVE, IDENTITY_DAVE))
		return false;
	map = make_map();
	return map >= 0 && regain() && setgroups(0, NULL) == 0 &&
	       become(IDENTITY_DAVE, IDENTITY_DAVE) && make_map() == -EPERM;
}

static bool who_left_a_group_is_out_of_it(void)
{
	return in_child(part_setgid, IDENTITY_DAVE) && in_child(part_setgroups, IDENTITY_DAVE);
}

/* ---- threads that differ ---- */

enum { THREAD_ROUNDS = 40 };

struct side {
	pthread_barrier_t *barrier;
	bool (*arrive)(void);
	bool (*is_right)(void);
	bool ok;
};

static void *side_run(void *arg)
{
	struct side *side = arg;

	side->ok = side->arrive();
	for (int i = 0; i < THREAD_ROUNDS; i++) {
		pthread_barrier_wait(side->barrier);
		if (side->ok && !side->is_right())
			side->ok = false;
	}
	return NULL;
}

/* At the same time, in one process. */
static bool threads_differ(bool (*arrive)(void), bool (*there)(void), bool (*here)(void))
{
	pthread_barrier_t barrier;
	struct side side = { &barrier, arrive, there, false };
	pthread_t thread;
	bool ok = true;

	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&thread, NULL, side_run, &side) != 0)
		return false;
	for (int i = 0; i < THREAD_ROUNDS; i++) {
		pthread_barrier_wait(&barrier);
		if (!here())
			ok = false;
	}
	pthread_join(thread, NULL);
	return ok && side.ok;
}

static bool arrive_elsewhere(void)
{
	return move(LIVE_ALICE, -1);
}

static bool finds_one(void)
{
	return lo_cnt() == 1;
}

static bool is_not_told(void)
{
	return lo_cnt() == -EPERM;
}

static bool part_threads_netns(int home)
{
	OWN_FD int prog = load_cls();
	OWN_FD int link = link_lo(prog);

	return link >= 0 && threads_differ(arrive_elsewhere, is_not_told, finds_one);
}

static bool arrive_as_bob(void)
{
	return regain() && become(LIVE_BOB, LIVE_ALICE);
}

static bool makes_maps(void)
{
	OWN_FD int map = make_map();

	return map >= 0 && lo_cnt() == 0;
}

static bool makes_no_maps(void)
{
	OWN_FD int map = make_map();

	return map == -EPERM && lo_cnt() == 1;
}

static bool part_threads_users(int home)
{
	OWN_FD int prog = load_cls();
	OWN_FD int link = link_lo(prog);

	return link >= 0 && threads_differ(arrive_as_bob, makes_maps, makes_no_maps);
}

static bool threads_are_each_who_and_where_they_are(void)
{
	return in_child(part_threads_netns, LIVE_ALICE) && in_child(part_threads_users, LIVE_ALICE);
}

/* ---- commands of `bpfgate run` ---- */

/* Runs this program once more, as that user's command. */
static bool run_as(uid_t uid, const char *mode)
{
	const char *builddir = getenv("builddir") ? getenv("builddir") : ".";
	char bpfgate[256], self[256] = "";
	int status = 1;
	pid_t pid;

	snprintf(bpfgate, sizeof(bpfgate), "%s/client/bpfgate", builddir);
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return false;
	pid = fork();
	if (pid == 0) {
		if (uid == 0 ? setgroups(1, &(gid_t){ IDENTITY_GROUP }) == 0 : live_become(uid))
			execl(bpfgate, "bpfgate", "run", "--", self, "--command", mode, NULL);
		_exit(99);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool write_text(const char *path, const char *text)
{
	OWN_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* unshare -Urn */
static bool leave_unprivileged(uid_t uid)
{
	char map[32];

	snprintf(map, sizeof(map), "0 %u 1", (unsigned int)uid);
	/* Who was root owns nothing of his own in /proc. */
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 &&
	       unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 &&
	       write_text("/proc/self/uid_map", map) &&
	       write_text("/proc/self/setgroups", "deny") &&
	       write_text("/proc/self/gid_map", map) && getuid() == 0;
}

static bool command_leaves(void)
{
	OWN_FD int prog = load_cls();
	OWN_FD int before = link_lo(prog);
	OWN_FD int after = -1;

	if (before < 0 || lo_cnt() != 1 || !leave_unprivileged(LIVE_ALICE))
		return false;
	after = link_lo(prog);
	return after == -EPERM && lo_cnt() == -EPERM;
}

/* One that stays sees nothing of what the other, who has left, attaches. */
static bool command_attaches_elsewhere(void)
{
	int ends[2], status = 1;
	char byte = 'y';
	pid_t pid;
	bool ok;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	pid = fork();
	if (pid == 0)
		_exit(read(ends[0], &byte, 1) == 1 && byte == 'y' && lo_cnt() == 0 ? 0 : 1);
	if (pid > 0 && leave_unprivileged(LIVE_BOB)) {
		OWN_FD int prog = load_cls();
		OWN_FD int link = link_lo(prog);

		byte = link >= 0 && lo_cnt() == 1 ? 'y' : 'n';
		ok = write(ends[1], &byte, 1) == 1 && waitpid(pid, &status, 0) == pid;
		return ok && status == 0;
	}
	return false;
}

static bool a_command_that_leaves_attaches_where_it_is(void)
{
	return run_as(LIVE_ALICE, "leaves") && run_as(LIVE_BOB, "attaches-elsewhere");
}

/* Root may make maps and nothing else, Alice everything but maps. */
static bool command_drops(void)
{
	OWN_FD int map = make_map();
	OWN_FD int prog = load_cls();
	OWN_FD int link = -1;

	if (map < 0 || prog != -EPERM || !live_become(LIVE_ALICE))
		return false;
	prog = load_cls();
	link = link_lo(prog);
	return make_map() == -EPERM && link >= 0 && lo_cnt() == 1;
}

static bool command_drops_and_leaves(void)
{
	if (unshare(CLONE_NEWNET) < 0 || !live_become(LIVE_ALICE))
		return false;

	OWN_FD int prog = load_cls();

	return prog >= 0 && link_lo(prog) == -EPERM && lo_cnt() == -EPERM;
}

static bool command_leaves_its_group(void)
{
	const gid_t crew = IDENTITY_GROUP;
	OWN_FD int map = -1;

	if (setgroups(1, &crew) < 0 || !become(IDENTITY_DAVE, IDENTITY_DAVE))
		return false;
	map = make_map();
	return map >= 0 && regain() && setgroups(0, NULL) == 0 &&
	       become(IDENTITY_DAVE, IDENTITY_DAVE) && make_map() == -EPERM;
}

static bool a_command_that_drops_root_is_root_no_more(void)
{
	return run_as(0, "drops") && run_as(0, "drops-and-leaves") && run_as(0, "leaves-its-group");
}

static bool command_has_threads(void)
{
	if (setgroups(0, NULL) < 0 || !become(LIVE_ALICE, LIVE_ALICE))
		return false;
	return part_threads_netns(-1) && part_threads_users(-1);
}

static bool threads_of_a_command_are_each_who_and_where_they_are(void)
{
	return run_as(0, "has-threads");
}

/*
 * Nobody can follow: who comes from outside cannot lay down his groups in a user namespace that
 * forbids it. Before, and without the group, it works.
 */
static bool command_cannot_be_followed(void)
{
	OWN_FD int prog = -1;

	if (!live_become(LIVE_ALICE))
		return false;
	prog = load_cls();
	if (prog < 0 || lo_cnt() != 0 || !leave_unprivileged(LIVE_ALICE))
		return false;
	return lo_cnt() == -EPERM && load_cls() == -EPERM;
}

/* Ids without a name in a user namespace all look alike there: root and Alice, too. */
static bool command_is_nameless(void)
{
	if (!live_become(LIVE_ALICE) || unshare(CLONE_NEWUSER) < 0)
		return false;
	return make_map() == -EPERM;
}

static bool who_cannot_be_stood_in_for_is_refused(void)
{
	return run_as(0, "cannot-be-followed") && run_as(0, "is-nameless");
}

static const struct {
	const char *mode;
	bool (*run)(void);
} commands[] = {
	{ "leaves", command_leaves },
	{ "attaches-elsewhere", command_attaches_elsewhere },
	{ "drops", command_drops },
	{ "drops-and-leaves", command_drops_and_leaves },
	{ "leaves-its-group", command_leaves_its_group },
	{ "has-threads", command_has_threads },
	{ "cannot-be-followed", command_cannot_be_followed },
	{ "is-nameless", command_is_nameless },
};

static int command_failed(const char *mode)
{
	fprintf(stderr, "FAILED command %s\n", mode);
	return 1;
}

static int command_main(const char *mode)
{
	is_command = true;
	for (size_t i = 0; i < ARRAY_CNT(commands); i++)
		if (strcmp(commands[i].mode, mode) == 0)
			return commands[i].run() ? 0 : command_failed(mode);
	return 2;
}

static const struct attack_row rows[] = {
	ATTACK(who_left_a_namespace_attaches_nothing_there),
	ATTACK(what_is_attached_is_attached_where_the_caller_is),
	ATTACK(a_query_is_about_where_the_caller_is),
	ATTACK(netfilter_is_where_the_caller_is),
	ATTACK(a_test_run_is_where_the_caller_is),
	ATTACK(who_became_another_user_is_that_user),
	ATTACK(who_left_a_group_is_out_of_it),
	ATTACK(threads_are_each_who_and_where_they_are),
	ATTACK(a_command_that_leaves_attaches_where_it_is),
	ATTACK(a_command_that_drops_root_is_root_no_more),
	ATTACK(threads_of_a_command_are_each_who_and_where_they_are),
	ATTACK(who_cannot_be_stood_in_for_is_refused),
};

static const uid_t uids[] = { LIVE_ALICE, LIVE_BOB, IDENTITY_DAVE };

int main(int argc, char **argv)
{
	const struct attack_plan plan = { .live = &live,
					  .policy = identity_policy,
					  .rows = rows,
					  .row_cnt = ARRAY_CNT(rows),
					  .uids = uids,
					  .uid_cnt = ARRAY_CNT(uids),
					  .idle_fd_cnt = 60 };

	if (argc == 3 && strcmp(argv[1], "--command") == 0)
		return command_main(argv[2]);
	if (getuid() == 0 &&
	    (unshare(CLONE_NEWNET) < 0 ||
	     system("ip link set lo up && ip link add bgonly index 7101 type dummy 2>/dev/null ||"
		    " ip link add bgonly index 7101 type veth peer name bgpeer") != 0)) {
		printf("skipped: no network namespace of its own\n0 passed, 0 failed, %zu skipped\n",
		       ARRAY_CNT(rows));
		return 77;
	}
	return attack_main(&plan, argc, argv);
}
