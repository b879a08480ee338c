// SPDX-License-Identifier: Apache-2.0
// want: code=MEM-KIND var=e class=your_code
// cause: bpf_ringbuf_submit()
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	volatile __u64 *e = bpf_ringbuf_reserve(&ring, 8, 0);
	if (!e)
		return XDP_PASS;
	*e = 1;
#ifdef FIXED
	__u64 last = *e;
	bpf_ringbuf_submit((void *)e, 0);
	return last;
#else
	bpf_ringbuf_submit((void *)e, 0);
	return *e; // HERE
#endif
}
