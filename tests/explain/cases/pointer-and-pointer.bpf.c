// SPDX-License-Identifier: Apache-2.0
// want: code=PTR-MATH class=your_code
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	long a = (long)ctx->data, b = (long)ctx->data_end;
#ifdef FIXED
	return b - a > 64 ? XDP_DROP : XDP_PASS;
#else
	asm volatile("%0 += %1" : "+r"(a) : "r"(b)); // HERE
	return a > 64 ? XDP_DROP : XDP_PASS;
#endif
}
