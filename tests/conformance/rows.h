/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts of bpfgate-check (--jsonl) beside the kernel's: what table.c and diff.c work on. */
#ifndef BPFGATE_TESTS_CONFORMANCE_ROWS_H
#define BPFGATE_TESTS_CONFORMANCE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum row_kind {
	ROW_AGREE,
	ROW_LAXER,	 /* we accept, the kernel rejects */
	ROW_STRICTER,	 /* we reject, the kernel accepts */
	ROW_UNSUPPORTED, /* unsupported or undecided */
	ROW_CRASHED,	 /* our worker died, or the bundle was unreadable */
	ROW_DENIED,	 /* the machine, not the verifier, refused: no reference */
};

struct row {
	enum row_kind kind;
	char *input, *code, *message, *err, *kernel_message, *kernel_err;
	bool accept, kernel_accept;
	int64_t insn_idx;
	uint64_t insns, kernel_insns, time_ns, kernel_time_ns, peak_bytes;
};

struct rows {
	struct row *row;
	size_t cnt, room;
};

/* Appends the lines of a file; 0 or -errno (-EBADMSG: not bpfgate-check's lines). */
int rows_read(struct rows *rows, const char *path);
void rows_done(struct rows *rows);

/* Both accept but walked differently; both reject with different errno. */
bool row_count_differs(const struct row *row);
bool row_errno_differs(const struct row *row);

#endif
