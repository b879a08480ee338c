// SPDX-License-Identifier: Apache-2.0
// want: code=PTR-MAYBE-NULL class=your_code checked more=2
// text: acquired
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	__u32 k = ctx->rx_queue_index;
	__u64 *v = bpf_map_lookup_elem(&hash, &k);
#ifdef FIXED
	if (!v)
		return XDP_PASS;
#endif
	*v = 1; // HERE
	__u64 *e = bpf_ringbuf_reserve(&ring, 8, 0);
#ifdef FIXED
	if (!e)
		return XDP_PASS;
#endif
	*e = 2;
#ifdef FIXED
	bpf_ringbuf_submit(e, 0);
#endif
	return XDP_PASS;
}
