// SPDX-License-Identifier: Apache-2.0
// want: code=HELPER-ARG class=your_code
// cause: argument 2 of bpf_map_lookup_elem()
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	__u32 k = ctx->rx_queue_index;
#ifdef FIXED
	return bpf_map_lookup_elem(&hash, &k) ? XDP_DROP : XDP_PASS;
#else
	return bpf_map_lookup_elem(&hash, (void *)(long)k) ? XDP_DROP : XDP_PASS; // HERE
#endif
}
