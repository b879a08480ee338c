// SPDX-License-Identifier: Apache-2.0
// want: code=PKT-RANGE var=ip class=your_code checked
// cause: `ip->saddr`
// text: this check proves 14 bytes
// out: + 30 > data_end
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
#ifdef FIXED
	if ((void *)(eth + 1) + sizeof(struct iphdr) > data_end)
#else
	if ((void *)(eth + 1) > data_end)
#endif
		return XDP_PASS;
	struct iphdr *ip = (void *)(eth + 1);
	return ip->saddr == 7 ? XDP_DROP : XDP_PASS; // HERE
}
