/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of bpf(2) for log_buf, applied to logs that the broker writes itself. */
#ifndef BPFGATE_DAEMON_LOG_BUF_H
#define BPFGATE_DAEMON_LOG_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_BUF_LEVEL1 1u
#define LOG_BUF_LEVEL2 2u
#define LOG_BUF_STATS  4u
#define LOG_BUF_FIXED  8u

/* What the caller asked for. */
struct log_buf_want {
	uint32_t level;		/* LOG_BUF_* bits */
	uint32_t size;		/* bytes of the caller's buffer */
	bool has_buf;		/* log_buf was not NULL */
};

/* Are the three consistent? 0 or -EINVAL, as bpf_verifier_log_attr_valid(). */
int log_buf_check(const struct log_buf_want *want);

/*
 * Which part of text (text_bytes, without a NUL) the caller's buffer receives: its tail, or with
 * LOG_BUF_FIXED its head; the caller appends one NUL. *ret_start and *ret_bytes bound that part,
 * *ret_true_size is what a buffer for all of it needs (0 when no log was wanted). Returns 0, or
 * -ENOSPC when the buffer is too small, as bpf_vlog_finalize(); the outputs are set in both cases.
 */
int log_buf_fit(const struct log_buf_want *want, size_t text_bytes, size_t *ret_start,
		size_t *ret_bytes, uint32_t *ret_true_size);

#endif
