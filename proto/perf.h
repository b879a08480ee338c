/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call beside bpf(2): perf_event_open(2) of the kind of event that bpf_perf_event_output() writes
 * into, one per CPU. Without privileges the kernel refuses it, and without it no perf buffer works. It travels
 * as a command of ours, whose attr is this; nothing else of perf events does.
 */
#ifndef BPFGATE_PROTO_PERF_H
#define BPFGATE_PROTO_PERF_H

#include <stdint.h>

/* Outside of bpf(2)'s commands, and without BPF_COMMON_ATTRS's bit. */
#define CMD_PERF_OUTPUT_OPEN 0x100u

struct perf_output {
	uint32_t cpu;
	uint32_t wakeup; /* events, or bytes with watermark */
	uint64_t sample_period;
	uint64_t sample_type; /* of PERF_OUTPUT_SAMPLE */
	uint32_t watermark;   /* 0 or 1 */
	uint32_t zero;
};

/* PERF_SAMPLE_RAW, _TIME, _CPU: what the program wrote, when and where. The rest would tell of the kernel. */
#define PERF_OUTPUT_SAMPLE ((1ull << 10) | (1ull << 2) | (1ull << 7))

_Static_assert(sizeof(struct perf_output) == 32, "no padding");

#endif
