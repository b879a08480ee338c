/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Perf events that programs write into. Promises that whatever the approval says, the event is one that
 * only BPF programs feed: its type, its config and the absence of a process are written here.
 */
#include "daemon/perf_event.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proto/perf.h"

int perf_event_run(const struct approval *approval, struct kern_outcome *ret_outcome)
{
	struct perf_output want;
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_BPF_OUTPUT };
	long fd;
	int r;

	memcpy(&want, approval->ask.attr, sizeof(want));
	attr.sample_type = want.sample_type & PERF_OUTPUT_SAMPLE;
	attr.sample_period = want.sample_period;
	attr.wakeup_events = want.wakeup;
	attr.watermark = want.watermark != 0;
	r = kern_set_caps(approval->ask.caps);
	if (r < 0)
		return r;
	fd = syscall(__NR_perf_event_open, &attr, -1, (int)want.cpu, -1, PERF_FLAG_FD_CLOEXEC);
	*ret_outcome = (struct kern_outcome){ .result = fd < 0 ? -errno : 0, .fd = (int)fd };
	return 0;
}
