// SPDX-License-Identifier: Apache-2.0
// want: code=MEM-KIND var=a class=your_code
// cause: is NULL here
// out: swap the branches
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	__u32 k = ctx->rx_queue_index;
	volatile __u64 *a = bpf_map_lookup_elem(&hash, &k);
	asm volatile("" : "+r"(a));
#ifdef FIXED
	if (!a)
#else
	if (a)
#endif
		return XDP_PASS;
	asm volatile("" : "+r"(a));
	return *a ? XDP_DROP : XDP_PASS; // HERE
}
