// SPDX-License-Identifier: Apache-2.0
// want: code=PTR-MATH-UNBOUNDED class=your_code
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	char *p = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	__s64 n = *(volatile __s64 *)&state;
#ifdef FIXED
	if (n < 0 || n > 100)
		return XDP_PASS;
#endif
	p += n; // HERE
	if (p + 1 > data_end)
		return XDP_PASS;
	return *p;
}
