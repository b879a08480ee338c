// SPDX-License-Identifier: Apache-2.0
// want: code=CTX-ACCESS class=your_code
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
#ifdef FIXED
	return ctx->data_end ? XDP_PASS : XDP_DROP;
#else
	return *(__u16 *)((char *)ctx + 2) ? XDP_PASS : XDP_DROP; // HERE
#endif
}
