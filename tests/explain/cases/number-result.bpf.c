// SPDX-License-Identifier: Apache-2.0
// want: code=MEM-KIND class=your_code
// cause: bpf_get_current_task() returns no pointer
#include "x.h"
SEC("kprobe/do_nanosleep") int f(struct regs *ctx)
{
	volatile int *task = (int *)bpf_get_current_task();
#ifdef FIXED
	return task ? 1 : 0;
#else
	return *task; // HERE
#endif
}
