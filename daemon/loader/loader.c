/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfgate-loader: one approval in, one bpf(2) call, one answer out, for one client uid in one network
 * namespace. Started by bpfgated with three capabilities in its ambient set; keeps them permitted and
 * raises for each call what that approval names. Ends when the broker closes the door.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/loader/approval.h"
#include "daemon/loader/census.h"
#include "daemon/loader/door.h"
#include "daemon/loader/kern.h"
#include "daemon/loader/loader_filter.h"
#include "daemon/loader/netns.h"
#include "daemon/loader/perf_event.h"
#include "daemon/privsep.h"
#include "proto/heap.h"
#include "proto/own.h"

#define LOADER_HEAP_KEPT (512u << 10) /* an approval with a program of some ten thousand instructions */

/* What exec left in the ambient and inheritable sets is for children that will never be. */
static int loader_drop_inheritable(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	int i;

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	for (i = 0; i < 2; i++)
		data[i].effective = data[i].inheritable = 0;
	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

/* The last page of set-up, the same in every process: after it nothing more can be opened or run. */
static int loader_lock_down(void)
{
	struct rlimit none = { 0, 0 };
	int r;

	r = loader_drop_inheritable();
	if (r < 0)
		return r;
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    setrlimit(RLIMIT_CORE, &none) < 0)
		return -errno;
	return loader_filter_install();
}

static int loader_call(struct approval *approval, const struct perf_types *types)
{
	struct kern_outcome outcome;
	int r;

	if (approval->ask.op == DOOR_PERF)
		r = perf_event_run(types, approval, &outcome);
	else if (approval->ask.op == DOOR_SET_BPF)
		r = perf_event_set_bpf(approval, &outcome);
	else
		r = kern_run(approval, &outcome);

	if (r < 0)
		return door_answer_refused(DOOR_FD, approval->ask.approval_id, -r);
	return door_answer_outcome(DOOR_FD, KEEP_FD, approval, &outcome);
}

/* The area becomes as long as the list. */
static int loader_count(struct approval *approval, const struct census *census)
{
	struct door_ptr *area = &approval->ask.ptr[0];
	struct kern_outcome outcome = { .fd = -1 };
	int r = -EINVAL;

	if (approval->ask.ptr_cnt == 1 && area->flags == PTR_OUT) {
		r = kern_set_caps(approval->ask.caps);
		if (r == 0)
			r = census_count(census, approval->ask.obj_kind, approval->out, area->bytes);
	}
	if (r < 0)
		return door_answer_refused(DOOR_FD, approval->ask.approval_id, -r);
	area->bytes = (uint32_t)r;
	return door_answer_outcome(DOOR_FD, KEEP_FD, approval, &outcome);
}

static int loader_open_symbols(const struct approval *approval, const struct census *census)
{
	struct kern_outcome outcome = { .fd = -1 };
	int r = kern_set_caps(approval->ask.caps);

	if (r < 0)
		return door_answer_refused(DOOR_FD, approval->ask.approval_id, -r);
	outcome.result = census_open_symbols(census, &outcome.fd);
	return door_answer_outcome(DOOR_FD, KEEP_FD, approval, &outcome);
}

/* What it found before it locked itself down. */
struct loader_view {
	struct netns netns;
	struct census census;
	struct perf_types perf_types;
	bool (*takes)(const struct door_ask *ask); /* one that holds CAP_SYS_ADMIN: nothing else; NULL: all */
};

/* The kernel opens these for CAP_SYS_ADMIN alone: a loader that has it does this and nothing else. */
static bool loader_opens_uprobe(const struct door_ask *ask)
{
	struct door_perf perf;

	if (ask->op != DOOR_PERF || ask->attr_bytes != sizeof(perf))
		return false;
	memcpy(&perf, ask->attr, sizeof(perf));
	return perf.open.kind == PERF_KIND_UPROBE;
}

/* What the ledger's loader may be asked: ids, what has one, and symbols. It changes and attaches nothing. */
static bool loader_only_looks(const struct door_ask *ask)
{
	static const uint32_t cmds[] = { BPF_PROG_GET_FD_BY_ID, BPF_MAP_GET_FD_BY_ID, BPF_BTF_GET_FD_BY_ID,
					 BPF_LINK_GET_FD_BY_ID };
	size_t i;

	for (i = 0; ask->op == DOOR_BPF && i < ARRAY_CNT(cmds); i++) {
		if (cmds[i] == ask->cmd)
			return true;
	}
	return ask->op == DOOR_IDS || ask->op == DOOR_SYMBOLS;
}

static int loader_serve_one(uint8_t *buf, const struct loader_view *view)
{
	struct approval approval;
	int r;

	r = approval_receive(DOOR_FD, KEEP_FD, buf, &approval);
	if (r == 0 || r == -ECONNRESET || r == -EPIPE)
		return -ESHUTDOWN;
	if (r < 0)
		return door_answer_refused(DOOR_FD, approval.ask.approval_id, -r);
	if (view->takes && !view->takes(&approval.ask))
		r = door_answer_refused(DOOR_FD, approval.ask.approval_id, EPERM);
	else if (approval.ask.op == DOOR_NETNS)
		r = door_answer_netns(DOOR_FD, &approval, &view->netns);
	else if (approval.ask.op == DOOR_IDS)
		r = loader_count(&approval, &view->census);
	else if (approval.ask.op == DOOR_SYMBOLS)
		r = loader_open_symbols(&approval, &view->census);
	else
		r = loader_call(&approval, &view->perf_types);
	approval_done(&approval);
	return r;
}

/* --ledger: counts objects too, and serves no client. --uprobes: opens those. */
int main(int argc, char **argv)
{
	struct loader_view view = { .census = { .link = { -1, -1, -1, -1, -1, -1 }, .symbols = -1 } };
	uint8_t *buf;
	int r;

	heap_keep(LOADER_HEAP_KEPT);
	buf = malloc(DOOR_MSG_MAX);
	r = buf ? netns_look(&view.netns) : -ENOMEM;
	if (r == 0 && argc == 2 && strcmp(argv[1], "--ledger") == 0) {
		view.takes = loader_only_looks;
		census_open(&view.census);
	}
	if (argc == 2 && strcmp(argv[1], "--uprobes") == 0)
		view.takes = loader_opens_uprobe;
	perf_event_look(&view.perf_types);
	if (r == 0)
		r = loader_lock_down();
	if (r < 0) {
		fprintf(stderr, "bpfgate-loader: cannot confine myself: %s\n", strerror(-r));
		return EXIT_FAILURE;
	}
	do {
		r = loader_serve_one(buf, &view);
	} while (r >= 0);
	return r == -ESHUTDOWN || r == -EPIPE ? EXIT_SUCCESS : EXIT_FAILURE;
}
