// SPDX-License-Identifier: Apache-2.0
// want: code=SIZE-NEGATIVE var=len class=your_code checked
// cause: the size of bpf_probe_read_user()
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
		return 0;
#endif
	bpf_probe_read_user(buf, len, (void *)ctx[2]); // HERE
	return 0;
}
