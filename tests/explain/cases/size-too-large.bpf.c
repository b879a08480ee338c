// SPDX-License-Identifier: Apache-2.0
// want: code=MAP-VALUE-OOB var=len class=your_code checked
// cause: 0 to 65
#include "x.h"
SEC("tracepoint/syscalls/sys_enter_write") int f(unsigned long *ctx)
{
	__u32 k = 0;
	char *buf = bpf_map_lookup_elem(&bigs, &k);
	unsigned long len = ctx[3];
	if (!buf)
		return 0;
#ifdef FIXED
	if (len > 64)
#else
	if (len > 65)
#endif
		return 0;
	bpf_probe_read_user(buf, len, (void *)ctx[2]); // HERE
	return 0;
}
