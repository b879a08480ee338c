// SPDX-License-Identifier: Apache-2.0
// want: code=HELPER-ARG var=v class=your_code checked
// cause: may be NULL
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	__u32 k = 0;
	__u64 *v = bpf_map_lookup_elem(&hash, &k);
#ifdef FIXED
	if (!v)
		return XDP_PASS;
#endif
	bpf_map_update_elem(&hash, v, v, 0); // HERE
	return XDP_PASS;
}
