/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls beside bpf(2): perf_event_open(2) of the events that BPF programs are attached to or write
 * into, and ioctl(PERF_EVENT_IOC_SET_BPF) with a handle. Without privileges the kernel refuses the
 * one and does not know the other. They travel as commands of ours, whose attrs are these. An event
 * is described field by field, so that what is not described cannot be asked for.
 */
#ifndef BPFGATE_PROTO_PERF_H
#define BPFGATE_PROTO_PERF_H

#include <stdint.h>

/* Outside of bpf(2)'s commands, and without BPF_COMMON_ATTRS's bit. */
#define CMD_PERF_OUTPUT_OPEN                                                                       \
	0x100u /* the first form of PERF_KIND_OUTPUT, which older libraries send */
#define CMD_PERF_EVENT_OPEN    0x101u
#define CMD_PERF_EVENT_SET_BPF 0x102u
#define CMD_OURS_FIRST	       CMD_PERF_OUTPUT_OPEN
#define CMD_OURS_CNT	       5u /* with CMD_TRACE_OPEN (trace.h) and CMD_PIN_NAME (pinname.h) */

struct perf_output {
	uint32_t cpu;
	uint32_t wakeup; /* events, or bytes with watermark */
	uint64_t sample_period;
	uint64_t sample_type; /* of PERF_OUTPUT_SAMPLE */
	uint32_t watermark;   /* 0 or 1 */
	uint32_t zero;
};

/* PERF_SAMPLE_RAW, _TIME, _CPU: what the program wrote, when and where. The rest would tell of the
 * kernel. */
#define PERF_OUTPUT_SAMPLE ((1ull << 10) | (1ull << 2) | (1ull << 7))

_Static_assert(sizeof(struct perf_output) == 32, "no padding");

enum perf_kind {
	PERF_KIND_NONE,
	PERF_KIND_OUTPUT,     /* bpf_perf_event_output() writes into it */
	PERF_KIND_TRACEPOINT, /* config: the event's id in tracefs */
	PERF_KIND_KPROBE,     /* name: the kernel function, at its start */
	PERF_KIND_UPROBE,     /* file, offset */
	PERF_KIND_SOFTWARE,   /* config: PERF_COUNT_SW_*; a clock, faults, switches */
	PERF_KIND_CNT
};

#define PERF_OPEN_PROCESS (1u << 0) /* of the process of pidfd; else of all */
#define PERF_OPEN_FILE	  (1u << 1) /* file is one */
#define PERF_OPEN_RETURN  (1u << 2) /* a probe where the function returns */
#define PERF_OPEN_FLAGS	  (PERF_OPEN_PROCESS | PERF_OPEN_FILE | PERF_OPEN_RETURN)

struct perf_open {
	uint32_t kind;	/* enum perf_kind */
	uint32_t flags; /* PERF_OPEN_* */
	int32_t cpu;	/* -1: any, of one process */
	int32_t pidfd;
	int32_t file;	 /* of a uprobe: readable, not only a name */
	uint32_t wakeup; /* events, or bytes with the watermark bit */
	uint64_t name;	 /* pointer to text */
	uint64_t config;
	uint64_t offset;
	uint64_t ref_ctr_offset; /* a 32-bit number */
	uint64_t period;	 /* or how often a second, with the freq bit */
	uint64_t sample_type;
	uint64_t read_format;
	uint64_t bits;	 /* the bit field of struct perf_event_attr: of PERF_BITS */
	int32_t clockid; /* with that bit; else 0 */
	uint32_t zero;
};
_Static_assert(sizeof(struct perf_open) == 96, "no padding");

/* In place of ioctl(perf_fd, PERF_EVENT_IOC_SET_BPF, prog_fd). */
struct perf_set_bpf {
	int32_t perf_fd, prog_fd;
};

/*
 * The bits that are carried: disabled, inherit, exclude_user, exclude_kernel, exclude_hv,
 * exclude_idle, freq, enable_on_exec, watermark, sample_id_all, exclude_host, exclude_guest,
 * use_clockid, write_backward. The others would make the buffer tell of processes, mappings and the
 * like, or change what the event is.
 */
#define PERF_BIT_INHERIT (1ull << 1)
#define PERF_BIT_FREQ	 (1ull << 10)
#define PERF_BIT_CLOCKID (1ull << 25)
#define PERF_BITS                                                                                  \
	(1ull << 0 | PERF_BIT_INHERIT | 1ull << 4 | 1ull << 5 | 1ull << 6 | 1ull << 7 |            \
	 PERF_BIT_FREQ | 1ull << 12 | 1ull << 14 | 1ull << 18 | 1ull << 19 | 1ull << 20 |          \
	 PERF_BIT_CLOCKID | 1ull << 27)

/* TID, TIME, ID, CPU, PERIOD, STREAM_ID, RAW, IDENTIFIER: beside what a program wrote nothing that
 * it does not know. */
#define PERF_SAMPLE_PLAIN                                                                          \
	(1ull << 1 | 1ull << 2 | 1ull << 6 | 1ull << 7 | 1ull << 8 | 1ull << 9 | 1ull << 10 |      \
	 1ull << 16)
/* IP, ADDR, CALLCHAIN beside those: what a rule can grant. Registers and stacks nobody gets. */
#define PERF_SAMPLE_GRANTABLE (PERF_SAMPLE_PLAIN | 1ull << 0 | 1ull << 3 | 1ull << 5)
#define PERF_READ_FORMATS     0x1full

/* A name of the kernel's: KSYM_NAME_LEN. */
#define PERF_NAME_MAX 512u

#endif
