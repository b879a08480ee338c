// SPDX-License-Identifier: Apache-2.0
// want: code=PTR-MAYBE-NULL var=v class=your_code checked
// cause: bpf_map_lookup_elem()
// out: test `v`
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	__u32 k = ctx->rx_queue_index;
	__u64 *v = bpf_map_lookup_elem(&hash, &k);
#ifdef FIXED
	if (!v)
		return XDP_PASS;
#endif
	*v += 1; // HERE
	return XDP_PASS;
}
