// SPDX-License-Identifier: Apache-2.0
// want: code=GPL class=policy
// out: license
#define LICENSE "Proprietary"
#ifdef FIXED
#undef LICENSE
#endif
#include "x.h"
SEC("kprobe/do_nanosleep") int f(void *ctx)
{
	__u64 v = 0;
	bpf_probe_read_kernel(&v, 8, ctx); // HERE
	return 0;
}
