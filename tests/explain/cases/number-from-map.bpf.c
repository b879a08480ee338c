// SPDX-License-Identifier: Apache-2.0
// want: code=MEM-KIND var=p class=your_code
// cause: read from a value of map hash
// out: bpf_probe_read_kernel()
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	__u32 k = 0;
	__u64 *v = bpf_map_lookup_elem(&hash, &k);
	int *p;
	if (!v)
		return XDP_PASS;
	p = (int *)(long)*v;
#ifdef FIXED
	return p ? XDP_DROP : XDP_PASS;
#else
	return *p; // HERE
#endif
}
