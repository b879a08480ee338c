/* SPDX-License-Identifier: Apache-2.0 */
/* perf_event_open(2) and its ioctl, as far as BPF programs are attached to perf events or write
 * into them. */
#ifndef BPFGATE_CLIENT_PERF_H
#define BPFGATE_CLIENT_PERF_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <sys/types.h>

#include "proto/codec.h"
#include "proto/perf.h"

/* Whose call it is: this process's, or another's. */
struct perf_caller {
	const struct codec_source *source;
	pid_t tid; /* the calling thread; for this process 0 */
};

/* The arguments of perf_event_open(2). */
struct perf_args {
	uint64_t attr;
	pid_t pid;
	int cpu, group_fd;
	unsigned long flags;
};

/* An event as the daemon is asked for it; the attr of CMD_PERF_EVENT_OPEN in this process's memory,
 * with its files. */
struct perf_request {
	struct perf_open open;
	int file, pidfd; /* owned; -1 */
	char name[PERF_NAME_MAX];
};
#define PERF_REQUEST_INIT ((struct perf_request){ .file = -1, .pidfd = -1 })
void perf_request_done(struct perf_request *request);
#define OWN_PERF_REQUEST __attribute__((cleanup(perf_request_done)))

/*
 * Describes the event. 0; -EOPNOTSUPP: it is none that the daemon opens, ask the kernel; another
 * -errno for a file or process that the caller could not open. *why says in words what is not
 * carried ("" else; static). The request is the caller's to release also after an error; it must
 * not move.
 */
int perf_describe(const struct perf_caller *caller, const struct perf_args *args,
		  struct perf_request *request, const char **why);

#endif
