// SPDX-License-Identifier: Apache-2.0
// want: code=CTX-ACCESS class=your_code
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
#ifndef FIXED
	ctx->rx_queue_index = 3; // HERE
#endif
	return XDP_PASS;
}
