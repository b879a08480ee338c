/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Perf buffers. Promises to recognise one kind of event, in the form in which libbpf and BCC open it,
 * and to leave every other to the kernel, which refuses or grants it as it always did.
 */
#include "client/perf.h"

#include "client/call.h"
#include "proto/perf.h"

bool perf_is_output(const struct perf_event_attr *attr)
{
	return attr->type == PERF_TYPE_SOFTWARE && attr->config == PERF_COUNT_SW_BPF_OUTPUT;
}

int perf_open_output(const struct perf_event_attr *attr, pid_t pid, int cpu, int group_fd)
{
	struct perf_output output = { .cpu = (uint32_t)cpu,
				      .wakeup = attr->wakeup_events,
				      .sample_period = attr->sample_period,
				      .sample_type = attr->sample_type,
				      .watermark = attr->watermark };
	struct call_outcome outcome;

	if (!perf_is_output(attr) || attr->freq || attr->sample_type & ~PERF_OUTPUT_SAMPLE)
		return -EOPNOTSUPP;
	if (pid != -1 || cpu < 0 || group_fd != -1)
		return -EOPNOTSUPP;
	return call_bpf(CMD_PERF_OUTPUT_OPEN, &output, sizeof(output), &outcome);
}
