/* SPDX-License-Identifier: Apache-2.0 */
/* The one object that an iterator is over, where LINK_CREATE names one: union bpf_iter_link_info. */
#ifndef BPFGATE_DAEMON_ITER_INFO_H
#define BPFGATE_DAEMON_ITER_INFO_H

#include "daemon/broker/work/work.h"

/*
 * Whether the caller may name it, for an iterator of this kind ("bpf_map_elem", "task"): NULL, or why not. Notes in the
 * work which word is a descriptor (work->iter_fd).
 */
const char *iter_info_check(struct work *work, const char *iter);

/* Adds what the caller sent to the work's loader call, with the loader's descriptor in the place of the caller's. */
int iter_info_add(struct work *work, const struct cmd_ptr *ptr, const struct request_ptr *got);

#endif
