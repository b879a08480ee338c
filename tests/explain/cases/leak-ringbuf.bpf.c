// SPDX-License-Identifier: Apache-2.0
// want: code=REF-LEAK class=your_code checked
// cause: bpf_ringbuf_reserve() acquired
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	__u64 *e = bpf_ringbuf_reserve(&ring, 8, 0);
	if (!e)
		return XDP_PASS;
	*e = ctx->rx_queue_index;
	if (*e == 7) {
#ifdef FIXED
		bpf_ringbuf_discard(e, 0);
#endif
		return XDP_DROP;
	}
	bpf_ringbuf_submit(e, 0);
	return XDP_PASS;
} // HERE
