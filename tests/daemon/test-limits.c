/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one user can make the daemon and the kernel hold, and whose it then is: tried on a running daemon. Every
 * refusal stands beside a control that differs only in what is refused.
 */
#include <errno.h>
#include <grp.h>
#include <linux/btf.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/bpfgate.h"
#include "proto/own.h"
#include "tests/daemon/attack.h"
#include "tests/lib/holds.h"

/* What a rule gives that does not say; see quota_default. */
#define LIMITS_BTFS 1024

#define CAROL 65533	/* refused by name, and lends ids */
#define DAVE  65530	/* in a group that is refused, and lends ids, too */
#define ERIN  65528	/* in no group */
#define BANNED 60900	/* the group */
#define MAP_PIN "/sys/fs/bpf/limits/map"
#define GONE  61200	/* a uid that services get one after the other */

/* What /etc says to the daemon and to nobody else. */
static const char limits_subuid[] = "65531:700000:1000\n65533:710000:10\nlimits-dave:730000:10\n";
static const char limits_passwd[] = "limits-dave:x:65530:65530::/:/bin/false\n"
				    "limits-erin:x:65528:65528::/:/bin/false\n"
				    "limits-bystander:x:65529:65529::/:/bin/false\n";
static const char limits_group[] = "limits-banned:x:60900:limits-dave\n";

static const char limits_policy[] =
	"{\"version\": 1, \"rules\": [\n"
	"{\"id\": \"two\", \"effect\": \"allow\", \"who\": {\"users\": [\"65531\", \"65532\"]},\n"
	" \"maps\": {\"types\": {\"any_except\": []}}, \"log\": \"denials\"},\n"
	"{\"id\": \"all\", \"effect\": \"allow\", \"who\": {\"anyone\": true},\n"
	" \"maps\": {\"types\": {\"any_except\": []}, \"pin_under\": [\"/sys/fs/bpf/limits\"]}, \"quota\": {\"maps\": 3}},\n"
	"{\"id\": \"no-carol\", \"effect\": \"deny\", \"who\": {\"users\": [\"65533\"]}},\n"
	"{\"id\": \"no-banned\", \"effect\": \"deny\", \"who\": {\"groups\": [\"60900\"]}}\n"
	"]}\n";

static struct live live;

/* An int and a pointer to it: nothing that a loader probes with. */
static int load_btf(void)
{
	static const struct {
		struct btf_header header;
		uint32_t types[4 + 3];
		char texts[8];
	} btf = {
		{ .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(struct btf_header),
		  .type_len = 28, .str_off = 28, .str_len = sizeof(btf.texts) },
		{ 1, BTF_KIND_INT << 24, 4, BTF_INT_SIGNED << 24 | 32, 0, BTF_KIND_PTR << 24, 1 },
		"\0int\0\0\0",
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)&btf;
	attr.btf_size = sizeof(btf);
	return live_call(BPF_BTF_LOAD, &attr, sizeof(attr));
}

static bool may_open_many(void)
{
	struct rlimit limit = { 4096, 4096 };

	return HOLDS(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

/* Who runs a part, more exactly than live_as(): with these groups, and in this cgroup. */
struct as {
	uid_t uid;
	const gid_t *groups;
	size_t group_cnt;
	const char *cgroup;
};

static bool enter_cgroup(const char *cgroup)
{
	char path[160];
	FILE *procs;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	procs = fopen(path, "r+e");
	return HOLDS(procs) && HOLDS(fputs("0", procs) >= 0) && HOLDS(fclose(procs) == 0);
}

static bool become(const struct as *as)
{
	return HOLDS((!as->cgroup || enter_cgroup(as->cgroup))) &&
	       HOLDS(setgroups(as->group_cnt, as->groups) == 0) &&
	       HOLDS(setresgid(as->uid, as->uid, as->uid) == 0) &&
	       HOLDS(setresuid(as->uid, as->uid, as->uid) == 0);
}

static bool run_as(const struct as *as, live_part part, void *arg)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(become(as) && part(arg) ? 0 : 1);
	return HOLDS(pid > 0) && HOLDS(waitpid(pid, &status, 0) == pid) && HOLDS(status == 0);
}

/* A process that has done its part and lives on with what it holds. */
struct holder {
	pid_t pid;
	int sock;
};

static bool holder_start(struct holder *holder, const struct as *as, live_part part, void *arg)
{
	char ok = 0;
	int ends[2];

	if (FAILS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0))
		return false;
	holder->pid = fork();
	if (holder->pid == 0) {
		close(ends[0]);
		ok = HOLDS(become(as)) && HOLDS(part(arg));
		_exit(write(ends[1], &ok, 1) == 1 && read(ends[1], &ok, 1) == 0 ? 0 : 1);
	}
	close(ends[1]);
	holder->sock = ends[0];
	return HOLDS(read(ends[0], &ok, 1) == 1) && HOLDS(ok);
}

static bool holder_end(struct holder *holder)
{
	int status = 1;

	close(holder->sock);
	return HOLDS(waitpid(holder->pid, &status, 0) == holder->pid) && HOLDS(status == 0);
}

static bool part_one_map(void *arg)
{
	OWN_FD int map = live_map(BPF_MAP_TYPE_ARRAY, 0);

	return HOLDS(map >= 0);
}

static bool part_refused_by(void *arg)
{
	OWN_FD int map = live_map(BPF_MAP_TYPE_ARRAY, 0);

	return HOLDS(map == -EPERM) && HOLDS(live_reason_has(arg));
}

/* ---- people ---- */

static bool a_uid_that_was_lent_is_its_lenders_for_rules_that_refuse(void)
{
	const struct as lent = { .uid = 710003 }, not_lent = { .uid = 710010 };

	return HOLDS(live_as(CAROL, part_refused_by, "no-carol")) &&
	       HOLDS(run_as(&lent, part_refused_by, "no-carol")) &&
	       HOLDS(run_as(&not_lent, part_one_map, NULL));
}

static bool who_has_left_its_groups_is_still_a_member(void)
{
	static const gid_t banned[] = { BANNED };
	const struct as in_it = { .uid = ERIN, .groups = banned, .group_cnt = 1 };
	const struct as left_it = { .uid = DAVE }, never = { .uid = ERIN }, lent = { .uid = 730009 };

	return HOLDS(run_as(&in_it, part_refused_by, "no-banned")) &&
	       HOLDS(run_as(&left_it, part_refused_by, "no-banned")) &&
	       HOLDS(run_as(&lent, part_refused_by, "no-banned")) &&
	       HOLDS(run_as(&never, part_one_map, NULL));
}

static bool more_groups_than_rules_can_see_are_refused(void)
{
	gid_t groups[257];
	struct as as = { .uid = ERIN, .groups = groups, .group_cnt = 256 };

	for (size_t i = 0; i < ARRAY_CNT(groups); i++)
		groups[i] = 50000 + (gid_t)i;
	if (FAILS(!run_as(&as, part_one_map, NULL)))
		return false;
	as.group_cnt = 257;
	return HOLDS(run_as(&as, part_refused_by, "groups"));
}

static bool part_two_maps(void *arg)
{
	return HOLDS(live_map(BPF_MAP_TYPE_ARRAY, 0) >= 0) &&
	       HOLDS(live_map(BPF_MAP_TYPE_ARRAY, 0) >= 0);
}

static bool part_one_map_and_no_second(void *arg)
{
	OWN_FD int first = live_map(BPF_MAP_TYPE_ARRAY, 0), second = live_map(BPF_MAP_TYPE_ARRAY, 0);

	return HOLDS(first >= 0) && HOLDS(second == -EPERM) &&
	       HOLDS(live_reason_has("4 of 3 maps"));
}

static bool uids_that_were_lent_share_their_lenders_quota(void)
{
	const struct as one = { .uid = 700001 }, other = { .uid = 700999 }, stranger = { .uid = 701000 };
	struct holder holder;
	bool ok;

	if (FAILS(!holder_start(&holder, &one, part_two_maps, NULL)))
		return false;
	ok = HOLDS(run_as(&other, part_one_map_and_no_second, NULL)) &&
	     HOLDS(run_as(&stranger, part_two_maps, NULL));
	return HOLDS(holder_end(&holder)) && HOLDS(ok);
}

/* ---- whose it is ---- */

static const char *unit_cgroup(char name)
{
	static char paths[2][64];
	char *path = paths[name == 'b'];

	/* Beside version 1 it is mounted further down. */
	const char *root = access("/sys/fs/cgroup/cgroup.procs", F_OK) == 0 ? "/sys/fs/cgroup" :
									      "/sys/fs/cgroup/unified";

	snprintf(path, sizeof(paths[0]), "%s/bpfgate-%c.service", root, name);
	return mkdir(path, 0755) == 0 || errno == EEXIST ? path : NULL;
}

static int by_path(int cmd, int fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uintptr_t)MAP_PIN;
	attr.bpf_fd = (uint32_t)fd;
	return live_call(cmd, &attr, sizeof(attr));
}

static int by_id(uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_id = id;
	return live_call(BPF_MAP_GET_FD_BY_ID, &attr, sizeof(attr));
}

static int first_id(uint32_t *ret_id)
{
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof(attr));
	r = live_call(BPF_MAP_GET_NEXT_ID, &attr, sizeof(attr));
	*ret_id = attr.next_id;
	return r;
}

static bool part_leave_a_map(void *arg)
{
	uint32_t *id = arg;
	int map = live_map(BPF_MAP_TYPE_ARRAY, 0);

	*id = live_id_of(map);
	return HOLDS(*id) && HOLDS(by_path(BPF_OBJ_PIN, map) == 0);
}

static bool part_find_nothing(void *arg)
{
	uint32_t *id = arg, other;

	return HOLDS(by_id(*id) == -ENOENT) && HOLDS(first_id(&other) == -ENOENT) &&
	       HOLDS(by_path(BPF_OBJ_GET, 0) == -ENOENT) &&
	       HOLDS(bpfgate_unpin(MAP_PIN) == -ENOENT);
}

static bool part_find_the_map(void *arg)
{
	uint32_t *id = arg, other;

	return HOLDS(by_id(*id) >= 0) && HOLDS(first_id(&other) == 0) && HOLDS(other == *id) &&
	       HOLDS(by_path(BPF_OBJ_GET, 0) >= 0) && HOLDS(bpfgate_unpin(MAP_PIN) == 0);
}

static bool a_uid_that_is_given_out_again_finds_nothing_of_the_last_services(void)
{
	const struct as a = { .uid = GONE, .cgroup = unit_cgroup('a') };
	const struct as b = { .uid = GONE, .cgroup = unit_cgroup('b') };
	uint32_t *id = mmap(NULL, sizeof(*id), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bool ok;

	if (!a.cgroup || !b.cgroup || id == MAP_FAILED) {
		printf("not tried: no cgroups can be made here\n");
		return true;
	}
	ok = HOLDS(run_as(&a, part_leave_a_map, id)) && HOLDS(run_as(&b, part_find_nothing, id)) &&
	     HOLDS(live_as(GONE, part_find_nothing, id)) &&
	     HOLDS(run_as(&a, part_find_the_map, id));
	(void)rmdir(a.cgroup);
	(void)rmdir(b.cgroup);
	(void)munmap(id, sizeof(*id));
	return ok;
}

/* ---- the ledger ---- */

static bool part_btf_closed_at_once(void *arg)
{
	for (int i = 0; i < LIMITS_BTFS + 2; i++) {
		OWN_FD int btf = load_btf();

		if (btf < 0) {
			printf("load %d: %s\n", i, strerror(-btf));
			return false;
		}
	}
	return true;
}

static bool part_btf_held(void *arg)
{
	int btf;

	if (FAILS(!may_open_many()))
		return false;
	for (int i = 0; i < LIMITS_BTFS; i++)
		if (FAILS(load_btf() < 0))
			return false;
	btf = load_btf();
	return HOLDS(btf == -EPERM) && HOLDS(live_reason_has("1025 of 1024 BTF objects"));
}

static bool part_one_btf(void *arg)
{
	OWN_FD int btf = load_btf();

	return HOLDS(btf >= 0);
}

static bool btf_that_is_closed_is_forgotten_and_btf_that_is_held_is_not(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_btf_closed_at_once, NULL)) &&
	       HOLDS(live_as(LIVE_ALICE, part_btf_held, NULL)) &&
	       HOLDS(live_as(LIVE_BOB, part_one_btf, NULL)) &&
	       HOLDS(live_as(LIVE_ALICE, part_one_btf, NULL));
}

/* ---- /etc as the daemon sees it ---- */

static bool append(const char *dir, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "ae");
	return HOLDS(file) && HOLDS(fputs(text, file) >= 0) && HOLDS(fclose(file) == 0);
}

/* In a mount namespace of this test's: a copy of /etc with a few lines more. It goes with the namespace. */
static bool make_etc(void)
{
	char dir[] = "/tmp/bpfgate-etc-XXXXXX", cmd[128];
	bool ok;

	if (FAILS(unshare(CLONE_NEWNS) < 0 ||
		  mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || !mkdtemp(dir) ||
		  mount("tmpfs", dir, "tmpfs", 0, "mode=755") < 0))
		return false;
	snprintf(cmd, sizeof(cmd), "cp -a /etc/. %s && rm -f %s/subuid %s/subgid", dir, dir, dir);
	ok = HOLDS(system(cmd) == 0) && HOLDS(append(dir, "subuid", limits_subuid)) &&
	     HOLDS(append(dir, "passwd", limits_passwd)) &&
	     HOLDS(append(dir, "group", limits_group)) &&
	     HOLDS(mount(dir, "/etc", NULL, MS_BIND, NULL) == 0);
	(void)umount2(dir, MNT_DETACH);
	(void)rmdir(dir);
	return ok;
}

static const struct attack_row rows[] = {
	ATTACK(a_uid_that_was_lent_is_its_lenders_for_rules_that_refuse),
	ATTACK(who_has_left_its_groups_is_still_a_member),
	ATTACK(more_groups_than_rules_can_see_are_refused),
	ATTACK(uids_that_were_lent_share_their_lenders_quota),
	ATTACK(a_uid_that_is_given_out_again_finds_nothing_of_the_last_services),
	ATTACK(btf_that_is_closed_is_forgotten_and_btf_that_is_held_is_not),
};

static const uid_t users[] = { LIVE_ALICE, LIVE_BOB };

static const struct attack_plan plan = {
	.live = &live,
	.policy = limits_policy,
	.rows = rows,
	.row_cnt = ARRAY_CNT(rows),
	.uids = users,
	.uid_cnt = ARRAY_CNT(users),
};

int main(int argc, char **argv)
{
	if (getuid() == 0 && !make_etc()) {
		printf("WON: no /etc of its own\n0 passed, 1 failed\n");
		return 1;
	}
	return attack_main(&plan, argc, argv);
}
