// SPDX-License-Identifier: Apache-2.0
// want: code=INFINITE-LOOP class=your_code
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	volatile int zero = 0;
#ifndef FIXED
	for (;;)
		asm volatile("");
#endif
	return XDP_PASS;
}
