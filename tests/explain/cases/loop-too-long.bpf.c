// SPDX-License-Identifier: Apache-2.0
// want: code=TOO-LARGE class=kernel_limit
// text: stepped
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	__u32 n = ctx->rx_queue_index, i = 0;
#ifdef FIXED
	n &= 15;
	for (; i < 16 && i < n; i++)
#else
	for (; i != n; i += 2)
#endif
		asm volatile("" : "+r"(i));
	return XDP_DROP;
}
