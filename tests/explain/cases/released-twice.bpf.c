// SPDX-License-Identifier: Apache-2.0
// want: code=HELPER-ARG var=e class=your_code
// cause: bpf_ringbuf_submit()
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	__u64 *e = bpf_ringbuf_reserve(&ring, 8, 0);
	if (!e)
		return XDP_PASS;
	*e = 1;
	bpf_ringbuf_submit(e, 0);
#ifndef FIXED
	bpf_ringbuf_discard(e, 0); // HERE
#endif
	return XDP_PASS;
}
