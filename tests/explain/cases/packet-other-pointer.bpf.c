// SPDX-License-Identifier: Apache-2.0
// want: code=PKT-RANGE var=ip class=your_code checked
// text: about another pointer
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	if ((void *)(eth + 1) > data_end)
		return XDP_PASS;
	__u32 n = eth->h_dest[0];
	char *p = data + n;
	if ((void *)(p + 40) > data_end)
		return XDP_PASS;
	struct iphdr *ip = (void *)(eth + 1);
#ifdef FIXED
	if ((void *)(ip + 1) > data_end)
		return XDP_PASS;
#endif
	return ip->saddr == 0 ? XDP_DROP : p[3]; // HERE
}
