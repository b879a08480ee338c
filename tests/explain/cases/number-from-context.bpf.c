// SPDX-License-Identifier: Apache-2.0
// want: code=MEM-KIND var=p class=your_code
// cause: read from the context
#include "x.h"
SEC("kprobe/do_nanosleep") int f(struct regs *ctx)
{
	int *p = (int *)ctx->di;
#ifdef FIXED
	int value = 0;
	bpf_probe_read_kernel(&value, sizeof(value), p);
	return value;
#else
	return *p; // HERE
#endif
}
