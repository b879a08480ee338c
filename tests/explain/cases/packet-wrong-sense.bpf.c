// SPDX-License-Identifier: Apache-2.0
// want: code=PKT-RANGE var=p class=your_code
// text: proves nothing on the way that goes on here
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	char *p = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
#ifdef FIXED
	if (p + 8 > data_end)
#else
	if (p + 8 < data_end)
#endif
		return XDP_PASS;
	return p[7]; // HERE
}
