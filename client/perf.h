/* SPDX-License-Identifier: Apache-2.0 */
/* perf_event_open(2), as far as BPF programs write into perf events. */
#ifndef BPFGATE_CLIENT_PERF_H
#define BPFGATE_CLIENT_PERF_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <sys/types.h>

/* Whether it is of the kind that bpf_perf_event_output() writes into. */
bool perf_is_output(const struct perf_event_attr *attr);

/*
 * Asks the daemon for the event if it is one that bpf_perf_event_output() writes into, for any process
 * on one CPU. Returns its fd (the caller's), or -errno; -EOPNOTSUPP: another kind of event, ask the kernel.
 */
int perf_open_output(const struct perf_event_attr *attr, pid_t pid, int cpu, int group_fd);

#endif
