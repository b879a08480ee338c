// SPDX-License-Identifier: Apache-2.0
// want: code=MAP-VALUE-OOB class=your_code
// cause: needs 72 bytes, but only 64 are there
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	__u32 k = 0;
	__u64 *b = bpf_map_lookup_elem(&bigs, &k);
	if (!b)
		return XDP_PASS;
#ifdef FIXED
	return b[7];
#else
	return b[8]; // HERE
#endif
}
