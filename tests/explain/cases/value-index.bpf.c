// SPDX-License-Identifier: Apache-2.0
// want: code=MEM-UNBOUNDED var=i class=your_code
// cause: 0 to 4294967295
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	__u32 k = 0, i = ctx->rx_queue_index;
	struct big *b = bpf_map_lookup_elem(&bigs, &k);
	if (!b)
		return XDP_PASS;
#ifdef FIXED
	if (i >= 64)
		return XDP_PASS;
#endif
	return b->bytes[i]; // HERE
}
