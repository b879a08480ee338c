/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a loader does for a broker that was taken over: the ledger's only looks, a number is never taken for a
 * descriptor, and its filter leaves no way to any file. The test speaks as the broker (rig.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "daemon/loader/loader_filter.h"
#include "proto/attr.h"
#include "proto/cmd.h"
#include "proto/own.h"
#include "tests/daemon/rig.h"
#include "tests/lib/holds.h"

static struct rig rig;

/* ---- approvals that a broker would not write ------------------------------------------------- */

/* An attr of zeroes, which no command of the kernel takes: who gets that far hears the kernel's errno. */
static struct door_ask ask_for(uint32_t cmd, enum door_result_fd result_fd)
{
	return (struct door_ask){ .approval_id = 1000 + cmd, .op = DOOR_BPF, .cmd = cmd,
				  .result_fd = (uint32_t)result_fd, .attr_bytes = 64 };
}

static bool start_kind(uint32_t flags, struct rig_loader *ret_loader)
{
	struct keep_ask ask = { .kind = ASK_LOADER, .flags = flags, .uid = UINT32_MAX };
	struct keep_tell tell;

	ret_loader->door = -1;
	if (FAILS(rig_call(&rig, &ask, NULL, 0, &tell, &ret_loader->door) != 0))
		return false;
	ret_loader->box_id = tell.box_id;
	return true;
}

static bool walks_ids(uint32_t cmd)
{
	return cmd == CMD_PROG_GET_FD_BY_ID || cmd == CMD_MAP_GET_FD_BY_ID || cmd == CMD_BTF_GET_FD_BY_ID ||
	       cmd == CMD_LINK_GET_FD_BY_ID;
}

/* Commands that nobody knows yet, too. */
static bool the_ledgers_loader_only_looks(void)
{
	struct rig_loader ledgers = { 0, -1 }, clients = { 0, -1 };
	struct door_answer answer, control;
	bool ok = HOLDS(start_kind(LOADER_LEDGER, &ledgers)) && HOLDS(rig_loader_start(&rig, -1, &clients));

	for (uint32_t cmd = 0; ok && cmd < CMD_CNT + 10; cmd++) {
		const struct cmd_row *row = cmd_row_of(cmd);
		struct door_ask ask = ask_for(cmd, row && row->returns_fd ? DOOR_FD_KEEP : DOOR_FD_NONE);
		bool refused;

		ok = HOLDS(rig_approve(&ledgers, &ask, NULL, NULL, 0, &answer)) &&
		     HOLDS(rig_approve(&clients, &ask, NULL, NULL, 0, &control));
		refused = answer.refused && answer.result == -EPERM;
		ok = HOLDS(ok) && HOLDS(refused == !walks_ids(cmd)) && HOLDS(!control.refused) &&
		     HOLDS(control.result < 0);
		if (!ok)
			printf("command %u: %d (refused %u), a client's loader %d (%u)\n", cmd, answer.result,
			       answer.refused, control.result, control.refused);
	}
	return HOLDS(rig_loader_stop(&rig, &ledgers)) && HOLDS(rig_loader_stop(&rig, &clients)) &&
	       HOLDS(ok);
}

static struct door_ask perf_for(enum perf_kind kind)
{
	const struct door_perf perf = { .open = { .kind = kind, .file = -1, .pidfd = -1 } };
	struct door_ask ask = ask_for(0, DOOR_FD_BROKER);

	ask.op = DOOR_PERF;
	ask.attr_bytes = sizeof(perf);
	memcpy(ask.attr, &perf, sizeof(perf));
	return ask;
}

static bool is_refused(const struct rig_loader *loader, struct door_ask *ask)
{
	struct door_answer answer;

	return HOLDS(rig_approve(loader, ask, NULL, NULL, 0, &answer)) && HOLDS(answer.refused) &&
	       HOLDS(answer.result == -EPERM);
}

/* Taken; the result is what comes of these bytes, which are too few or name nothing. */
static bool is_taken(const struct rig_loader *loader, struct door_ask *ask, int result)
{
	struct door_answer answer;

	return HOLDS(rig_approve(loader, ask, NULL, NULL, 0, &answer)) &&
	       HOLDS(answer.result == result);
}

/* Opening one takes as long as the kernel likes, and everybody waits for the ledger's. */
static bool the_ledgers_loader_opens_no_perf_event(void)
{
	struct door_ask clock = perf_for(PERF_KIND_SOFTWARE), probe = perf_for(PERF_KIND_UPROBE);
	struct door_ask netns = ask_for(0, DOOR_FD_NONE);
	struct rig_loader ledgers = { 0, -1 }, clients = { 0, -1 };
	bool ok = HOLDS(start_kind(LOADER_LEDGER, &ledgers)) && HOLDS(rig_loader_start(&rig, -1, &clients));

	netns.op = DOOR_NETNS;
	netns.attr_bytes = sizeof(struct door_netns);
	ok = HOLDS(ok) && HOLDS(is_refused(&ledgers, &clock)) && HOLDS(is_refused(&ledgers, &probe)) &&
	     HOLDS(is_refused(&ledgers, &netns)) && HOLDS(is_taken(&clients, &probe, -EINVAL)) &&
	     HOLDS(is_taken(&clients, &netns, 0));
	return HOLDS(rig_loader_stop(&rig, &ledgers)) && HOLDS(rig_loader_stop(&rig, &clients)) &&
	       HOLDS(ok);
}

/* CAP_SYS_ADMIN is for these, and not for what else a loader does. */
static bool the_loader_that_opens_probes_in_files_does_nothing_else(void)
{
	struct door_ask clock = perf_for(PERF_KIND_SOFTWARE), probe = perf_for(PERF_KIND_UPROBE);
	struct door_ask ids = ask_for(0, DOOR_FD_NONE), netns = ids, symbols = ids, set_bpf = ids;
	struct rig_loader probes = { 0, -1 };
	bool ok = HOLDS(start_kind(LOADER_UPROBES, &probes));

	ids.op = DOOR_IDS;
	netns.op = DOOR_NETNS;
	netns.attr_bytes = sizeof(struct door_netns);
	symbols.op = DOOR_SYMBOLS;
	set_bpf.op = DOOR_SET_BPF;
	ok = HOLDS(ok) && HOLDS(is_taken(&probes, &probe, -EINVAL)) && HOLDS(is_refused(&probes, &clock)) &&
	     HOLDS(is_refused(&probes, &ids)) && HOLDS(is_refused(&probes, &netns)) &&
	     HOLDS(is_refused(&probes, &symbols)) && HOLDS(is_refused(&probes, &set_bpf));
	for (uint32_t cmd = 0; ok && cmd < CMD_CNT + 10; cmd++) {
		const struct cmd_row *row = cmd_row_of(cmd);
		struct door_ask ask = ask_for(cmd, row && row->returns_fd ? DOOR_FD_KEEP : DOOR_FD_NONE);

		ok = HOLDS(is_refused(&probes, &ask));
	}
	return HOLDS(rig_loader_stop(&rig, &probes)) && HOLDS(ok);
}

/* Element 3 of a map is not descriptor 3: the loader's own would be handed out, or closed. */
static bool only_what_a_command_makes_is_taken_for_a_descriptor(void)
{
	static const enum door_result_fd ways[] = { DOOR_FD_BROKER, DOOR_FD_KEEP, DOOR_FD_HANDLE };
	struct rig_loader loader = { 0, -1 };
	struct door_answer answer;
	int refused = 0, passed = 0;
	bool ok = HOLDS(rig_loader_start(&rig, -1, &loader));

	for (uint32_t i = 0; ok && i < ARRAY_CNT(ways) * (CMD_CNT + 10); i++) {
		uint32_t cmd = i / (uint32_t)ARRAY_CNT(ways);
		struct door_ask ask = ask_for(cmd, ways[i % ARRAY_CNT(ways)]);
		const struct cmd_row *row = cmd_row_of(cmd);
		bool makes = row && row->returns_fd;
		/* A program's is not for the broker, nor what may be one. */
		bool withheld = ask.result_fd == DOOR_FD_BROKER &&
				(cmd == CMD_PROG_LOAD || cmd == CMD_PROG_GET_FD_BY_ID || cmd == CMD_OBJ_GET);

		ok = HOLDS(rig_approve(&loader, &ask, NULL, NULL, 0, &answer)) &&
		     HOLDS(answer.result < 0) &&
		     HOLDS((bool)answer.refused == (!makes || withheld));
		answer.refused ? refused++ : passed++;
		if (!ok)
			printf("command %u, way %u: %d, refused %u\n", cmd, ask.result_fd, answer.result,
			       answer.refused);
	}
	return HOLDS(rig_loader_stop(&rig, &loader)) && HOLDS(ok) && HOLDS(passed > 20) &&
	       HOLDS(refused > 60);
}

/* ---- the filter ------------------------------------------------------------------------------ */

static const char *path;	/* of a file that the process may read: nothing but the filter is in the way */

static void way_newfstatat(void)
{
	struct stat st;

	(void)syscall(SYS_newfstatat, AT_FDCWD, path, &st, 0);
}

static void way_newfstatat_of_an_fd(void)
{
	struct stat st;

	(void)syscall(SYS_newfstatat, STDIN_FILENO, "", &st, AT_EMPTY_PATH);
}

static void way_statx(void)
{
	struct statx st;

	(void)syscall(SYS_statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, &st);
}

static void way_openat(void)
{
	(void)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
}

static void way_openat2(void)
{
	struct open_how how = { .flags = O_RDONLY };

	(void)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

static void way_faccessat(void)
{
	(void)syscall(SYS_faccessat, AT_FDCWD, path, R_OK);
}

static void way_faccessat2(void)
{
	(void)syscall(SYS_faccessat2, AT_FDCWD, path, R_OK, 0);
}

static void way_readlinkat(void)
{
	char buf[64];

	(void)syscall(SYS_readlinkat, AT_FDCWD, path, buf, sizeof(buf));
}

static void way_statfs(void)
{
	struct statfs st;

	(void)syscall(SYS_statfs, path, &st);
}

static void way_chdir(void)
{
	(void)syscall(SYS_chdir, path);
}

static void way_unlinkat(void)
{
	(void)syscall(SYS_unlinkat, AT_FDCWD, "/nonexistent", 0);
}

static void way_getxattr(void)
{
	char buf[64];

	(void)syscall(SYS_getxattr, path, "user.x", buf, sizeof(buf));
}

static void way_execveat(void)
{
	(void)syscall(SYS_execveat, AT_FDCWD, "/nonexistent", NULL, NULL, 0);
}

static void way_name_to_handle_at(void)
{
	(void)syscall(SYS_name_to_handle_at, AT_FDCWD, path, NULL, NULL, 0);
}

static void way_connect(void)
{
	(void)syscall(SYS_connect, STDIN_FILENO, path, 0);
}

static void way_inotify(void)
{
	(void)syscall(SYS_inotify_add_watch, STDIN_FILENO, path, 0);
}

#ifdef SYS_stat
static void way_stat(void)
{
	struct stat st;

	(void)syscall(SYS_stat, path, &st);
}

static void way_open(void)
{
	(void)syscall(SYS_open, path, O_RDONLY | O_CLOEXEC);
}
#endif

static void way_none(void)
{
	char byte;

	/* What a loader does, so that the filter is not one that kills whoever it is put on. */
	(void)fcntl(STDIN_FILENO, F_GETFD);
	(void)syscall(SYS_pread64, STDIN_FILENO, &byte, 1, 0);
	(void)syscall(SYS_lseek, STDIN_FILENO, 0, SEEK_END);
}

/* How a process ends that goes this way, with the filter or without. */
static int end_of(void (*way)(void), bool with_filter)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || (with_filter && loader_filter_install() < 0))
			_exit(2);
		way();
		_exit(0);
	}
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

static bool no_path_is_looked_up_by_a_loader(void)
{
	static void (*const ways[])(void) = {
		way_newfstatat, way_newfstatat_of_an_fd, way_statx, way_openat, way_openat2, way_faccessat,
		way_faccessat2, way_readlinkat, way_statfs, way_chdir, way_unlinkat, way_getxattr, way_execveat,
		way_name_to_handle_at, way_connect, way_inotify,
#ifdef SYS_stat
		way_stat, way_open,
#endif
	};
	bool ok = HOLDS(end_of(way_none, true) == 0);

#ifdef BPFGATE_ASAN
	return ok; /* its reports need some ways */
#endif
	path = "/etc/shadow";
	for (size_t i = 0; i < ARRAY_CNT(ways); i++) {
		int with = end_of(ways[i], true), without = end_of(ways[i], false);

		if (WIFSIGNALED(with) && WTERMSIG(with) == SIGSYS && without == 0)
			continue;
		printf("way %zu: status %d, without the filter %d\n", i, with, without);
		ok = false;
	}
	return ok;
}

/* ---- what it costs ---------------------------------------------------------------------------- */

static uint64_t now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* 4,096 instructions take the kernel at least 20 ns each. */
static bool what_the_kernel_computes_is_told(void)
{
	enum { CNT = 4096, LEAST_NS = CNT * 20 };
	static struct bpf_insn insns[CNT + 1];
	struct rig_loader loader = { 0, -1 };
	struct door_answer answer, control;
	struct door_ask ask, none = ask_for(CMD_MAP_CREATE, DOOR_FD_NONE);
	uint64_t began;
	bool ok;

	for (int i = 0; i < CNT; i++)
		insns[i] = (struct bpf_insn){ .code = i == CNT - 1 ? BPF_JMP | BPF_EXIT :
								       BPF_ALU64 | BPF_MOV | BPF_K };
	rig_fill_load(&ask, (uint8_t *)insns, BPF_PROG_TYPE_SOCKET_FILTER, 0, DOOR_FD_KEEP);
	insns[1].code = BPF_ALU64 | BPF_MOV | BPF_K;
	memcpy(&insns[2], &insns[3], sizeof(insns[0]));
	memcpy(&insns[CNT], "GPL", 4);
	attr_put_u32(ask.attr, ATTR_PROG_LOAD_INSN_CNT, CNT);
	ask.payload_bytes = CNT * sizeof(insns[0]) + 4;
	ask.ptr[0].bytes = CNT * sizeof(insns[0]);
	ask.ptr[1].off = CNT * sizeof(insns[0]);
	ask.caps = 1ull << CAP_BPF;
	ok = HOLDS(rig_loader_start(&rig, -1, &loader));
	began = now_ns();
	ok = ok && HOLDS(rig_approve(&loader, &ask, insns, NULL, 0, &answer)) &&
	     HOLDS(answer.result == 0) && HOLDS(answer.cpu_ns >= LEAST_NS) &&
	     HOLDS(answer.cpu_ns <= now_ns() - began);
	/* The control: what the kernel refuses at first sight takes less. */
	ok = ok && HOLDS(rig_approve(&loader, &none, NULL, NULL, 0, &control)) &&
	     HOLDS(control.result < 0) && HOLDS(control.cpu_ns < answer.cpu_ns);
	return HOLDS(rig_loader_stop(&rig, &loader)) && ok;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static const struct promise {
	const char *name;
	bool (*keep)(void);
} promises[] = {
#define PROMISE(name) { #name, name }
	PROMISE(no_path_is_looked_up_by_a_loader),
	PROMISE(the_ledgers_loader_only_looks),
	PROMISE(the_ledgers_loader_opens_no_perf_event),
	PROMISE(the_loader_that_opens_probes_in_files_does_nothing_else),
	PROMISE(what_the_kernel_computes_is_told),
	PROMISE(only_what_a_command_makes_is_taken_for_a_descriptor),
};

int main(void)
{
	int passed = 0, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (geteuid()) {
		printf("SKIP: needs root, as bpfgated does\n");
		return 77;
	}
	if (!rig_start(&rig, getenv("builddir") ?: ".")) {
		printf("FAILED bpfgated does not start\n0 passed, 1 failed\n");
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < ARRAY_CNT(promises); i++) {
		if (holds_run(promises[i].keep)) {
			passed++;
		} else {
			failed++;
			printf("FAILED %s\n", promises[i].name);
		}
	}
	if (rig_stop(&rig) != 0)
		failed++;
	printf("%d passed, %d failed\n", passed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
