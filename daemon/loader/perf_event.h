/* SPDX-License-Identifier: Apache-2.0 */
/* Perf events: the loader's side. */
#ifndef BPFGATE_DAEMON_PERF_EVENT_H
#define BPFGATE_DAEMON_PERF_EVENT_H

#include "daemon/loader/kern.h"

/* What this kernel calls the two kinds of probes; 0: it has none. */
struct perf_types {
	uint32_t kprobe, uprobe;
};

/* Before the loader locks itself down. */
void perf_event_look(struct perf_types *ret_types);

/*
 * DOOR_PERF: opens the event that the approval's attr (struct door_perf) describes. 0 with
 * *ret_outcome filled; -EINVAL: it describes none; or -errno when the capabilities could not be
 * had.
 */
int perf_event_run(const struct perf_types *types, const struct approval *approval,
		   struct kern_outcome *ret_outcome);

/* DOOR_SET_BPF: attaches as the approval's attr (struct perf_set_bpf) says. As above. */
int perf_event_set_bpf(const struct approval *approval, struct kern_outcome *ret_outcome);

#endif
