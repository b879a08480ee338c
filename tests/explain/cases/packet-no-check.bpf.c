// SPDX-License-Identifier: Apache-2.0
// want: code=PKT-RANGE var=eth class=your_code checked
// cause: `eth->h_proto`
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
#ifdef FIXED
	if ((void *)(eth + 1) > data_end)
		return XDP_PASS;
#endif
	if (eth->h_proto == 8) // HERE
		return XDP_DROP;
	return data_end ? XDP_PASS : XDP_DROP;
}
