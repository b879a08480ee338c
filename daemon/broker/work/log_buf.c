/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaders depend on the finest points of the verifier log: they grow their buffer on ENOSPC, read
 * log_true_size and parse the last lines. This file promises the kernel's arithmetic for logs that
 * the kernel did not write. It only computes; it touches neither the text nor the caller's buffer.
 */
#include "daemon/broker/work/log_buf.h"

#include <errno.h>

#define LOG_BUF_LEVEL_MASK (LOG_BUF_LEVEL1 | LOG_BUF_LEVEL2 | LOG_BUF_STATS | LOG_BUF_FIXED)
/* The kernel refuses a quarter of the 32-bit range and more. */
#define LOG_BUF_SIZE_MAX (UINT32_MAX >> 2)

int log_buf_check(const struct log_buf_want *want)
{
	if (want->has_buf != (want->size > 0))
		return -EINVAL;
	if (want->has_buf && want->level == 0)
		return -EINVAL;
	if (want->level & ~LOG_BUF_LEVEL_MASK)
		return -EINVAL;
	if (want->size > LOG_BUF_SIZE_MAX)
		return -EINVAL;
	return 0;
}

int log_buf_fit(const struct log_buf_want *want, size_t text_bytes, size_t *ret_start,
		size_t *ret_bytes, uint32_t *ret_true_size)
{
	size_t need = text_bytes + 1, room = want->size ? want->size - 1 : 0;

	*ret_start = 0;
	*ret_bytes = 0;
	*ret_true_size = 0;
	if (want->level == 0)
		return 0;

	*ret_true_size = need > UINT32_MAX ? UINT32_MAX : (uint32_t)need;
	if (!want->has_buf)
		return 0;

	*ret_bytes = text_bytes < room ? text_bytes : room;
	if (!(want->level & LOG_BUF_FIXED))
		*ret_start = text_bytes - *ret_bytes;
	return need > want->size ? -ENOSPC : 0;
}
