// SPDX-License-Identifier: Apache-2.0
// want: code=PTR-MAYBE-NULL var=e class=your_code checked
// cause: bpf_ringbuf_reserve()
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	__u64 *e = bpf_ringbuf_reserve(&ring, 8, 0);
#ifdef FIXED
	if (!e)
		return XDP_PASS;
#endif
	*e = 1; // HERE
	bpf_ringbuf_submit(e, 0);
	return XDP_PASS;
}
