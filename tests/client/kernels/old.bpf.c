// SPDX-License-Identifier: Apache-2.0
/* Not a program: its BTF is that of a made-up kernel, which test-kernels imports. Nothing in it is like a real one. */
typedef unsigned long long u64;

struct task_struct {
	long state;
	int pid;
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

int fake_target(int number)
{
	return number + (int)a_task.state;
}

int fake_kfunc(int number)
{
	return number + a_task.pid;
}
