/* SPDX-License-Identifier: Apache-2.0 */
/* Perf events that programs write into: the loader's side. */
#ifndef BPFGATE_DAEMON_PERF_EVENT_H
#define BPFGATE_DAEMON_PERF_EVENT_H

#include "daemon/kern.h"

/*
 * DOOR_PERF: opens the event that the approval's attr (struct perf_output) describes, and can open no
 * other. 0 with *ret_outcome filled, or -errno when the capabilities could not be had.
 */
int perf_event_run(const struct approval *approval, struct kern_outcome *ret_outcome);

#endif
