// SPDX-License-Identifier: Apache-2.0
// want: code=PTR-MAYBE-NULL var=b class=your_code checked
// text: this tests `a`
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	__u32 k = ctx->rx_queue_index;
	__u64 *a = bpf_map_lookup_elem(&hash, &k);
	__u64 *b = bpf_map_lookup_elem(&hash, &k);
#ifdef FIXED
	if (!b)
#else
	if (!a)
#endif
		return XDP_PASS;
	return *b ? XDP_DROP : XDP_PASS; // HERE
}
