// SPDX-License-Identifier: Apache-2.0
// want: code=MEM-KIND var=p class=your_code
// cause: verified on its own
#include "x.h"
__attribute__((noinline)) int get(unsigned long p)
{
#ifdef FIXED
	return p;
#else
	return *(volatile int *)p; // HERE
#endif
}
SEC("xdp") int f(struct xdp_md *ctx)
{
	return get(ctx->rx_queue_index);
}
