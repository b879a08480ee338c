/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An administrator's ordinary mistakes take nothing away: a policy that is wrong, unreadable or missing, at a
 * reload, at a start, and when the broker dies in between. Each refusal stands beside what is granted.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/bpfgate.h"
#include "daemon/broker/store/ledger.h"
#include "proto/own.h"
#include "tests/daemon/live.h"
#include "tests/lib/holds.h"

static const char good[] =
	"{\"version\": 1, \"rules\": [\n"
	"{\"id\": \"alice\", \"effect\": \"allow\", \"who\": {\"users\": [\"65531\"]},\n"
	" \"signed_by\": {\"unsigned\": true}, \"programs\": {\"types\": {\"only\": [\"xdp\"]}},\n"
	" \"maps\": {\"types\": {\"only\": [\"array\"]}, \"max_bytes_each\": \"1M\", \"pin_under\": [\"/sys/fs/bpf\"]}}]}\n";
static const char broken[] = "{\"version\": 1, \"rules\": [\n{\"id\": \"alice\",\n \"effekt\": \"allow\"}]}\n";

static struct live live;
static void *shared;	/* with the parts, which are processes of their own */
static char scene[] = "/dev/shm/bpfgate-orderly-XXXXXX", keep_dir[64], ledger[64];

/* ---- parts ---- */

static bool part_makes_a_map(void *arg)
{
	OWN_FD int fd = live_map(BPF_MAP_TYPE_ARRAY, 0);

	return HOLDS(fd >= 0);
}

static bool part_is_refused(void *arg)
{
	OWN_FD int fd = live_map(BPF_MAP_TYPE_ARRAY, 0);

	return HOLDS(fd == -EPERM);
}

static bool part_may_not_reload(void *arg)
{
	OWN_MEM char *json = NULL;

	return HOLDS(bpfgate_control(BPFGATE_RELOAD, "", &json) == -EPERM) && HOLDS(json) &&
	       HOLDS(strstr(json, "NOT-PERMITTED"));
}

static uint32_t prog_id_of(int fd)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { .info = { .bpf_fd = (uint32_t)fd, .info_len = sizeof(info),
					  .info = (uintptr_t)&info } };

	return bpfgate_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) < 0 ? 0 : info.id;
}

/* ---- as root ---- */

static bool status_has(const char *text)
{
	OWN_MEM char *json = NULL;

	return HOLDS(bpfgate_control(BPFGATE_STATUS, "", &json) == 0) && HOLDS(strstr(json, text));
}

static int reload(char **ret_json)
{
	return bpfgate_control(BPFGATE_RELOAD, "", ret_json);
}

static bool is_good_again(void)
{
	OWN_MEM char *json = NULL;

	return HOLDS(live_write_policy(&live, good)) && HOLDS(reload(&json) == 0) &&
	       HOLDS(status_has("\"refused\":\"\"")) &&
	       HOLDS(live_as(LIVE_ALICE, part_makes_a_map, NULL));
}

/* ---- reloads ---- */

static bool a_refused_reload_fails_and_says_where(void)
{
	OWN_MEM char *json = NULL;
	bool ok = HOLDS(live_write_policy(&live, broken)) && HOLDS(reload(&json) == -EBADMSG) &&
		  HOLDS(json) && HOLDS(strstr(json, "50-test.json:2:1: error: ")) &&
		  HOLDS(status_has("50-test.json:2:1: error: ")) &&
		  HOLDS(live_as(LIVE_ALICE, part_makes_a_map, NULL));

	return HOLDS(is_good_again()) && HOLDS(ok);
}

static bool the_doctor_says(const char *text)
{
	char cmd[512];

	snprintf(cmd, sizeof(cmd), "'%s/client/bpfgate' doctor --json | grep -qF '%s'",
		 getenv("builddir") ? getenv("builddir") : ".", text);
	return HOLDS(system(cmd) == 0);
}

static bool the_doctor_says_where_a_policy_is_wrong(void)
{
	OWN_MEM char *json = NULL;
	bool ok = HOLDS(the_doctor_says("the files are in force")) &&
		  HOLDS(live_write_policy(&live, broken)) && HOLDS(reload(&json) == -EBADMSG) &&
		  HOLDS(the_doctor_says("refused: 50-test.json:2:1: error: "));

	return HOLDS(is_good_again()) && HOLDS(ok);
}

static bool only_root_reloads(void)
{
	OWN_MEM char *json = NULL;

	return HOLDS(live_as(LIVE_ALICE, part_may_not_reload, NULL)) && HOLDS(reload(&json) == 0);
}

static bool a_reload_of_what_cannot_be_read_keeps_the_old_rules(void)
{
	OWN_MEM char *json = NULL;
	bool ok = HOLDS(chmod(live.policy, 0700) == 0) && HOLDS(reload(&json) == -EACCES) &&
		  HOLDS(json) && HOLDS(strstr(json, live.policy)) &&
		  HOLDS(live_as(LIVE_ALICE, part_makes_a_map, NULL));

	return HOLDS(chmod(live.policy, 0755) == 0) && HOLDS(is_good_again()) && HOLDS(ok);
}

/* ---- starts ---- */

static bool broker_is_new(void *arg)
{
	pid_t now = live_child(&live, "bpfgate-broker");

	return HOLDS(now) && HOLDS(now != *(pid_t *)arg);
}

static bool next_broker(void)
{
	pid_t old = live_child(&live, "bpfgate-broker");

	return HOLDS(kill(old, SIGKILL) == 0) && HOLDS(live_until(broker_is_new, &old));
}

static bool ended_well(pid_t pid)
{
	int status = -1;

	return HOLDS(waitpid(pid, &status, 0) == pid) && HOLDS(WIFEXITED(status)) &&
	       HOLDS(WEXITSTATUS(status) == 0);
}

/* Holds a program while the broker dies; is told through pipes when. */
static bool a_broker_that_starts_with_a_broken_policy_keeps_everything(void)
{
	int told[2], tell[2];
	uint32_t id = 0;
	char byte = 0;
	pid_t pid;
	bool ok;

	if (FAILS(pipe(told) < 0 || pipe(tell) < 0))
		return false;
	pid = fork();
	if (pid == 0) {
		OWN_FD int prog = setresgid(LIVE_ALICE, LIVE_ALICE, LIVE_ALICE) == 0 &&
						  setresuid(LIVE_ALICE, LIVE_ALICE, LIVE_ALICE) == 0 ?
					  live_prog(BPF_PROG_TYPE_XDP, "held", 2) :
					  -1;

		id = prog_id_of(prog);
		_exit(write(told[1], &id, sizeof(id)) == sizeof(id) &&
				      read(tell[0], &byte, 1) == 1 && prog_id_of(prog) == id ?
			      0 :
			      1);
	}
	ok = HOLDS(read(told[0], &id, sizeof(id)) == sizeof(id)) && HOLDS(live_prog_exists(id));
	ok = HOLDS(ok) && HOLDS(live_write_policy(&live, broken)) && HOLDS(next_broker()) &&
	     HOLDS(status_has("50-test.json:2:1: error: ")) && HOLDS(status_has("\"rules\":0")) &&
	     HOLDS(live_as(LIVE_ALICE, part_is_refused, NULL)) && HOLDS(live_prog_exists(id));
	ok = HOLDS(is_good_again()) && HOLDS(ok) && HOLDS(live_prog_exists(id));
	return HOLDS(write(tell[1], &byte, 1) == 1) && HOLDS(ended_well(pid)) && HOLDS(ok);
}

static bool a_broker_that_cannot_read_its_policy_grants_nothing(void)
{
	bool ok = HOLDS(chmod(live.policy, 0700) == 0) && HOLDS(next_broker()) &&
		  HOLDS(status_has(live.policy)) && HOLDS(status_has("\"rules\":0")) &&
		  HOLDS(live_as(LIVE_ALICE, part_is_refused, NULL));

	return HOLDS(chmod(live.policy, 0755) == 0) && HOLDS(is_good_again()) && HOLDS(ok);
}

/* ---- bpfgated itself ---- */

#define KEPT_PIN "/sys/fs/bpf/orderly"

static int pin_call(int cmd, int fd)
{
	union bpf_attr attr = { .pathname = (uintptr_t)KEPT_PIN, .bpf_fd = (uint32_t)fd };
	int r = bpfgate_bpf(cmd, &attr, sizeof(attr));

	return r < 0 ? -errno : r;
}

static bool part_pins(void *arg)
{
	OWN_FD int prog = live_prog(BPF_PROG_TYPE_XDP, "pinned", 2);

	*(uint32_t *)arg = prog_id_of(prog);
	return HOLDS(*(uint32_t *)arg) && HOLDS(pin_call(BPF_OBJ_PIN, prog) == 0);
}

static bool part_gets(void *arg)
{
	union bpf_attr walk = { .start_id = 0 };
	OWN_FD int prog = pin_call(BPF_OBJ_GET, 0);

	/* A walk looks at what really exists. */
	(void)bpfgate_bpf(BPF_PROG_GET_NEXT_ID, &walk, sizeof(walk));
	return HOLDS(prog >= 0) && HOLDS(prog_id_of(prog) == *(uint32_t *)arg) &&
	       HOLDS(live_mine("programs") == 1);
}

static bool part_unpins(void *arg)
{
	return HOLDS(bpfgate_unpin(KEPT_PIN) == 0);
}

static bool prog_is_gone(void *arg)
{
	return HOLDS(!live_prog_exists(*(uint32_t *)arg));
}

static bool next_bpfgated(const char *builddir, int signal)
{
	int status;

	return HOLDS(kill(live.parent, signal) == 0) &&
	       HOLDS(waitpid(live.parent, &status, 0) == live.parent) &&
	       HOLDS(live_again(&live, builddir));
}

/* Without a service manager that holds anything: what is pinned is held by names of bpfgated's own. */
static bool what_is_pinned_outlives_bpfgated(void)
{
	const char *builddir = getenv("builddir") ? getenv("builddir") : ".";
	uint32_t *id = shared;
	bool ok;

	*id = 0;
	ok = HOLDS(live_as(LIVE_ALICE, part_pins, id)) && HOLDS(live_prog_exists(*id)) &&
	     HOLDS(next_bpfgated(builddir, SIGTERM)) && HOLDS(live_as(LIVE_ALICE, part_gets, id)) &&
	     HOLDS(next_bpfgated(builddir, SIGKILL)) && HOLDS(live_as(LIVE_ALICE, part_gets, id));
	/* control: unpinned, it is gone for good */
	ok = HOLDS(live_as(LIVE_ALICE, part_unpins, NULL)) && HOLDS(ok) &&
	     HOLDS(live_until(prog_is_gone, id));
	return HOLDS(next_bpfgated(builddir, SIGTERM)) &&
	       HOLDS(!live_as(LIVE_ALICE, part_gets, id)) && HOLDS(ok);
}

/* ---- ledgers of other versions ---- */

/* The second word after the counts: see daemon/shared/ledger_layout.h. */
static bool rewrite_version(const char *suffix, uint32_t version)
{
	OWN_FD int fd = -1;
	char path[96];

	snprintf(path, sizeof(path), "%s%s", ledger, suffix);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return HOLDS(fd >= 0) &&
	       HOLDS(pwrite(fd, &version, sizeof(version), 20) == sizeof(version));
}

/* bpfgated is away while its ledger becomes another version's. */
static bool next_bpfgated_finds(const char *suffix, uint32_t version)
{
	const char *builddir = getenv("builddir") ? getenv("builddir") : ".";
	int status;

	return HOLDS(kill(live.parent, SIGTERM) == 0) &&
	       HOLDS(waitpid(live.parent, &status, 0) == live.parent) &&
	       HOLDS(rewrite_version(suffix, version)) && HOLDS(live_again(&live, builddir));
}

static bool part_finds_nothing(void *arg)
{
	OWN_FD int prog = pin_call(BPF_OBJ_GET, 0);

	return HOLDS(prog == -ENOENT);
}

static bool list_has(const char *list, const char *text)
{
	OWN_MEM char *json = NULL;

	return HOLDS(bpfgate_control(BPFGATE_LIST, list, &json) == 0) && HOLDS(strstr(json, text));
}

static bool pins_lack(void *arg)
{
	return HOLDS(!list_has("pins", arg));
}

/* A downgrade over a change of layout that an older daemon cannot read, and the way back. */
static bool what_is_pinned_outlives_a_downgrade(void)
{
	uint32_t *id = shared;
	bool ok;

	*id = 0;
	ok = HOLDS(live_as(LIVE_ALICE, part_pins, id)) && HOLDS(next_bpfgated_finds("", 7)) &&
	     HOLDS(live_prog_exists(*id)) && HOLDS(status_has("\"set_aside\":true")) &&
	     HOLDS(list_has("pins", "\"path\":\"orphan-")) &&
	     HOLDS(live_as(LIVE_ALICE, part_finds_nothing, NULL));
	ok = HOLDS(ok) &&
	     HOLDS(next_bpfgated(getenv("builddir") ? getenv("builddir") : ".", SIGKILL)) &&
	     HOLDS(live_prog_exists(*id)) && HOLDS(status_has("\"set_aside\":true"));
	/* control: its own version */
	ok = HOLDS(ok) && HOLDS(next_bpfgated_finds(".aside-1", 2)) &&
	     HOLDS(status_has("\"set_aside\":false")) &&
	     HOLDS(live_until(pins_lack, (void *)"orphan-")) &&
	     HOLDS(live_as(LIVE_ALICE, part_gets, id));
	return HOLDS(live_as(LIVE_ALICE, part_unpins, NULL)) && HOLDS(ok) &&
	       HOLDS(live_until(prog_is_gone, id));
}

/* Nobody knows whose it is: root may let it go. */
static bool an_orphan_is_roots_to_unpin(void)
{
	uint32_t *id = shared;
	OWN_MEM char *json = NULL;
	char name[32] = "", *at;
	bool ok;

	*id = 0;
	ok = HOLDS(live_as(LIVE_ALICE, part_pins, id)) && HOLDS(next_bpfgated_finds("", 7)) &&
	     HOLDS(bpfgate_control(BPFGATE_LIST, "pins", &json) == 0);
	at = ok ? strstr(json, "orphan-") : NULL;
	ok = HOLDS(at) && HOLDS(sscanf(at, "%31[^\"]", name) == 1);
	ok = HOLDS(ok) && HOLDS(live_prog_exists(*id)) && HOLDS(bpfgate_unpin(name) == 0) &&
	     HOLDS(live_until(prog_is_gone, id));
	/* Its record comes back with that ledger, and goes for want of the object. */
	return HOLDS(next_bpfgated_finds(".aside-1", 2)) &&
	       HOLDS(live_until(pins_lack, (void *)KEPT_PIN)) && HOLDS(ok);
}

static size_t left_of(const char *bytes, const char *at, off_t size)
{
	return (size_t)size - (size_t)(at - bytes);
}

/* Writes what a ledger without places (or one of a client that sent none) has where the place of the pin is. */
static bool ledger_change_place(uint32_t state)
{
	struct ledger_pin pin = { .path = KEPT_PIN };
	const struct ledger_place place = { .state = state };
	OWN_FD int fd = open(ledger, O_RDWR | O_CLOEXEC);
	struct stat st;
	char *bytes, *at;
	int cnt = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		return false;
	/* Also in slots that are free again: which is in use only the ledger knows. */
	for (at = bytes; (at = memmem(at, left_of(bytes, at, st.st_size), pin.path, sizeof(pin.path))); cnt++) {
		at += sizeof(pin.path);
		memcpy(at, &place, sizeof(place));
	}
	(void)munmap(bytes, (size_t)st.st_size);
	return cnt > 0;
}

static bool next_bpfgated_finds_place(const char *builddir, uint32_t place_state)
{
	int status;

	return kill(live.parent, SIGTERM) == 0 && waitpid(live.parent, &status, 0) == live.parent &&
	       ledger_change_place(place_state) && live_again(&live, builddir);
}

static bool a_pin_of_an_older_ledger_is_found(void)
{
	const char *builddir = getenv("builddir") ? getenv("builddir") : ".";
	uint32_t *id = shared;
	bool ok;

	*id = 0;
	ok = live_as(LIVE_ALICE, part_pins, id) && next_bpfgated_finds_place(builddir, LEDGER_PLACE_OLD) &&
	     live_as(LIVE_ALICE, part_gets, id) && live_as(LIVE_ALICE, part_gets, id);
	/* control: one of a client that sends no directory is only that client's */
	return next_bpfgated_finds_place(builddir, LEDGER_PLACE_NONE) && !live_as(LIVE_ALICE, part_gets, id) &&
	       next_bpfgated_finds_place(builddir, LEDGER_PLACE_OLD) && live_as(LIVE_ALICE, part_unpins, NULL) && ok;
}

/* Whether this stands anywhere in what the daemon has said. */
static bool daemon_said(const char *text)
{
	static char said[1 << 16];
	ssize_t n = pread(live.ready, said, sizeof(said) - 1, 0);

	said[n > 0 ? n : 0] = '\0';
	return strstr(said, text);
}

static bool a_bpffs_where_others_may_write_is_told(void)
{
	const char *builddir = getenv("builddir") ? getenv("builddir") : ".";
	char root[64], dir[80], told[160];
	bool ok;

	snprintf(root, sizeof(root), "%s/bpf", scene);
	snprintf(dir, sizeof(dir), "%s/open", root);
	snprintf(told, sizeof(told), "%s may be written by others", dir);
	ok = next_bpfgated(builddir, SIGTERM) && mkdir(dir, 0777) == 0 && chmod(dir, 0777) == 0 &&
	     !daemon_said("may be written") && !the_doctor_says("may be written");
	/* control: below a root that is closed nobody reaches it */
	ok = ok && chmod(root, 0755) == 0 && next_bpfgated(builddir, SIGTERM) && daemon_said(told) &&
	     the_doctor_says(told);
	ok = ok && chmod(dir, 0755) == 0 && next_bpfgated(builddir, SIGTERM) && !daemon_said("may be written") &&
	     !the_doctor_says("may be written");
	return chmod(root, 0700) == 0 && rmdir(dir) == 0 && ok;
}

/* ---- orphans ---- */

/* What the daemon's loaders made, or root itself: a program of two instructions, natively. */
static int native_prog(void)
{
	struct bpf_insn insns[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 2 },
				    { .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = 2;
	attr.license = (uintptr_t) "GPL";
	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static uint32_t native_id(int fd)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	return syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) < 0 ? 0 : info.id;
}

static bool orphans_have(uint32_t id)
{
	char text[32];

	snprintf(text, sizeof(text), "\"id\":%u,", id);
	return list_has("orphans", text);
}

static bool is_orphan(void *arg)
{
	return orphans_have(*(uint32_t *)arg) && list_has("orphans", "\"pin\":\"orphan-");
}

/* A walk over ids makes the daemon look. */
static bool no_orphan_is_left(void *arg)
{
	union bpf_attr walk = { .start_id = 0 };

	(void)bpfgate_bpf(BPF_PROG_GET_NEXT_ID, &walk, sizeof(walk));
	return status_has("\"orphans\":0") && !orphans_have(*(uint32_t *)arg);
}

static bool part_sees_no_orphans(void *arg)
{
	return list_has("orphans", "\"orphans\":[]") && status_has("\"orphans\":0");
}

/* Holds a program that the ledger knows while it looks. */
static bool part_is_known(void *arg)
{
	OWN_FD int prog = live_prog(BPF_PROG_TYPE_XDP, "known", 2);
	union bpf_attr walk = { .start_id = 0 };

	(void)bpfgate_bpf(BPF_PROG_GET_NEXT_ID, &walk, sizeof(walk));
	*(uint32_t *)arg = prog_id_of(prog);
	return *(uint32_t *)arg && live_until(part_sees_no_orphans, NULL);
}

static bool the_orphan_is_unpinned(void)
{
	OWN_MEM char *json = NULL;
	char name[32] = "", *at;

	if (bpfgate_control(BPFGATE_LIST, "orphans", &json) < 0)
		return false;
	at = strstr(json, "orphan-");
	return at && sscanf(at, "%31[^\"]", name) == 1 && bpfgate_unpin(name) == 0;
}

/* The ledger is lost. Root's own program, and one that the new ledger knows, are none. */
static bool a_program_without_a_record_is_an_orphan(void)
{
	const char *builddir = getenv("builddir") ? getenv("builddir") : ".";
	uint32_t *id = shared, *known = id + 1;
	OWN_FD int root = native_prog();
	int status;
	bool ok;

	*id = 0;
	ok = root >= 0 && live_as(LIVE_ALICE, part_pins, id) && no_orphan_is_left(id) &&
	     kill(live.parent, SIGTERM) == 0 && waitpid(live.parent, &status, 0) == live.parent &&
	     unlink(ledger) == 0 && live_again(&live, builddir) && live_until(is_orphan, id) &&
	     status_has("\"orphans\":1") && !orphans_have(native_id(root)) &&
	     the_doctor_says("1 programs of the loaders have no record") &&
	     live_as(LIVE_ALICE, part_is_known, known) && !orphans_have(*known);
	ok = the_orphan_is_unpinned() && ok && live_until(prog_is_gone, id);
	return live_until(no_orphan_is_left, id) && ok;
}

#define TEST(name) { #name, name }
static const struct {
	const char *name;
	bool (*run)(void);
} tests[] = {
	TEST(a_refused_reload_fails_and_says_where),
	TEST(the_doctor_says_where_a_policy_is_wrong),
	TEST(only_root_reloads),
	TEST(a_reload_of_what_cannot_be_read_keeps_the_old_rules),
	TEST(a_broker_that_starts_with_a_broken_policy_keeps_everything),
	TEST(a_broker_that_cannot_read_its_policy_grants_nothing),
	TEST(what_is_pinned_outlives_bpfgated),
	TEST(what_is_pinned_outlives_a_downgrade),
	TEST(an_orphan_is_roots_to_unpin),
	TEST(a_pin_of_an_older_ledger_is_found),
	TEST(a_bpffs_where_others_may_write_is_told),
	TEST(a_program_without_a_record_is_an_orphan),
};

/* The daemon's first broker finds a broken policy: the daemon starts all the same, and mends without a restart. */
static bool a_daemon_starts_with_a_broken_policy(const char *builddir)
{
	return HOLDS(live_start(&live, builddir, broken)) &&
	       HOLDS(status_has("50-test.json:2:1: error: ")) &&
	       HOLDS(live_as(LIVE_ALICE, part_is_refused, NULL)) && HOLDS(is_good_again());
}

/* A bpf file system and a tmpfs of our own, where bpfgated may leave what outlives it. */
static bool scene_set(void)
{
	if (FAILS(!mkdtemp(scene) || mount("none", scene, "tmpfs", 0, "mode=755") < 0))
		return false;
	snprintf(keep_dir, sizeof(keep_dir), "%s/bpf", scene);
	if (FAILS(mkdir(keep_dir, 0700) < 0 || mount("none", keep_dir, "bpf", 0, "mode=700") < 0))
		return false;
	strcat(keep_dir, "/kept");
	snprintf(ledger, sizeof(ledger), "%s/ledger", scene);
	live.more[0] = "--keep";
	live.more[1] = keep_dir;
	live.more[2] = "--ledger";
	live.more[3] = ledger;
	live.more[4] = "--loader-user"; /* no other test's: what it made is looked for */
	live.more[5] = "65505";
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return HOLDS(shared != MAP_FAILED);
}

static void scene_strike(void)
{
	*strrchr(keep_dir, '/') = '\0';
	(void)umount(keep_dir);
	(void)umount(scene);
	(void)rmdir(scene);
}

int main(int argc, char **argv)
{
	const char *builddir = getenv("builddir") ? getenv("builddir") : ".";
	unsigned int passed = 1, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getuid() != 0) {
		printf("skipped: a daemon of its own needs root\n0 passed, 0 failed, %zu skipped\n",
		       ARRAY_CNT(tests));
		return 77;
	}
	/* A mount name space of its own: whatever happens here, nothing is left mounted. */
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    !scene_set()) {
		printf("FAILED the scene: %s\n0 passed, 1 failed\n", strerror(errno));
		return 1;
	}
	if (!a_daemon_starts_with_a_broken_policy(builddir)) {
		printf("FAILED a_daemon_starts_with_a_broken_policy\n0 passed, 1 failed\n");
		return 1;
	}
	for (size_t i = 0; i < ARRAY_CNT(tests); i++) {
		bool ok = (argc > 1 && strcmp(argv[1], tests[i].name)) || holds_run(tests[i].run);

		passed += ok;
		failed += !ok;
		if (!ok)
			printf("FAILED %s\n", tests[i].name);
	}
	if (!live_stop(&live)) {
		failed++;
		printf("FAILED the daemon does not end as it should\n");
	}
	scene_strike();
	printf("%u passed, %u failed\n", passed, failed);
	return failed ? 1 : 0;
}
