// SPDX-License-Identifier: Apache-2.0
// want: code=SIZE-NEGATIVE var=len class=compiler_lowering checked
// text: low 32 bits
#include "x.h"
SEC("tracepoint/syscalls/sys_enter_write") int f(unsigned long *ctx)
{
	__u32 k = 0;
	char *buf = bpf_map_lookup_elem(&bigs, &k);
	long len = ctx[3];
	if (!buf)
		return 0;
#ifdef FIXED
	if ((unsigned long)len > 64)
#else
	if ((int)len > 64)
#endif
		return 0;
	bpf_probe_read_user(buf, len, (void *)ctx[2]); // HERE
	return 0;
}
