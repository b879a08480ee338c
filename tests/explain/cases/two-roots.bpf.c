// SPDX-License-Identifier: Apache-2.0
// want: code=PKT-RANGE class=your_code checked more=1
// text: `hits` may be NULL
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
#ifdef FIXED
	if ((void *)(ip + 1) > data_end)
#else
	if ((void *)(eth + 1) > data_end)
#endif
		return XDP_PASS;
	__u32 src = ip->saddr; // HERE
	__u64 *hits = bpf_map_lookup_elem(&hash, &src);
#ifdef FIXED
	if (!hits)
		return XDP_PASS;
#endif
	*hits += 1;
	return XDP_PASS;
}
