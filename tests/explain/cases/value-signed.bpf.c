// SPDX-License-Identifier: Apache-2.0
// want: code=MEM-NEGATIVE class=your_code
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	__u32 k = 0;
	struct big *b = bpf_map_lookup_elem(&bigs, &k);
	__s64 i;
	if (!b)
		return XDP_PASS;
	i = *(volatile __s64 *)&state;
#ifdef FIXED
	if (i < 0)
		return XDP_PASS;
#endif
	if (i > 60 || i < -60)
		return XDP_PASS;
	return b->bytes[i]; // HERE
}
