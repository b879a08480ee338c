// SPDX-License-Identifier: Apache-2.0
// want: code=STACK-OOB class=your_code
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
#ifdef FIXED
	asm volatile("*(u64 *)(r10 - 512) = r1" ::: "memory");
#else
	asm volatile("*(u64 *)(r10 - 520) = r1" ::: "memory"); // HERE
#endif
	return XDP_PASS;
}
