/* SPDX-License-Identifier: Apache-2.0 */
/* A call beside bpf(2): what tracing clients read of tracefs, which is root's, as a file of the
 * caller's own. */
#ifndef BPFGATE_PROTO_TRACE_H
#define BPFGATE_PROTO_TRACE_H

#include <stdint.h>

#define CMD_TRACE_OPEN 0x103u

enum trace_file_kind {
	TRACE_FILE_NONE,
	TRACE_FILE_ID,	   /* events/CATEGORY/EVENT/id */
	TRACE_FILE_FORMAT, /* events/CATEGORY/EVENT/format */
	TRACE_FILE_EVENTS, /* available_events */
	TRACE_FILE_FUNCTIONS, /* available_filter_functions */
	TRACE_FILE_SYMBOLS,   /* /proc/kallsyms, with addresses */
	TRACE_FILE_CNT
};

struct trace_open {
	uint32_t what; /* enum trace_file_kind */
	uint32_t zero;
	uint64_t name; /* pointer to "CATEGORY/EVENT", of one event */
};
_Static_assert(sizeof(struct trace_open) == 16, "no padding");

#endif
