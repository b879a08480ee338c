// SPDX-License-Identifier: Apache-2.0
// want: code=PKT-RANGE var=p class=your_code
// text: this check does not count
// out: 65535
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	char *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
#ifdef FIXED
	__u32 off = ctx->rx_queue_index & 0xfff;
#else
	__u32 off = ctx->rx_queue_index & 0x1ffff;
#endif
	char *p = data + off;
	if (p + 1 > data_end)
		return XDP_PASS;
	return *p; // HERE
}
