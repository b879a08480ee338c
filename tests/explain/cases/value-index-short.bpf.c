// SPDX-License-Identifier: Apache-2.0
// want: code=MAP-VALUE-OOB var=i class=your_code
// text: this test leaves
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	__u32 k = 0, i = ctx->rx_queue_index;
	struct big *b = bpf_map_lookup_elem(&bigs, &k);
	if (!b)
		return XDP_PASS;
#ifdef FIXED
	if (i >= 64)
#else
	if (i > 64)
#endif
		return XDP_PASS;
	return b->bytes[i]; // HERE
}
