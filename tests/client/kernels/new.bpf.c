// SPDX-License-Identifier: Apache-2.0
/* As old.bpf.c, of a later kernel: a field has another name, one has moved, and a function is gone. */
typedef unsigned long long u64;

struct task_struct {
	char flags[64];
	int pid;
	unsigned int __state;
};

struct pt_regs {
	u64 di;
};

struct bpf_raw_tracepoint_args {
	u64 args[1];
};

struct task_struct a_task;
struct pt_regs some_regs;
struct bpf_raw_tracepoint_args some_args;

int fake_other(int number)
{
	return number + a_task.pid;
}
