// SPDX-License-Identifier: Apache-2.0
/* What the kernel's types decide: a field that is not everywhere, and one that is not at the same place. */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
long out;

struct task_struct {
	long state;
	int pid;
} __attribute__((preserve_access_index));

SEC("raw_tp/sched_wakeup") int reads_state(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *t = (void *)ctx->args[0];

	out = BPF_CORE_READ(t, state);
	return 0;
}

SEC("raw_tp/sched_wakeup") int reads_state_where_it_is(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *t = (void *)ctx->args[0];

	if (bpf_core_field_exists(t->state))
		out = BPF_CORE_READ(t, state);
	return 0;
}

/* Refused where pid lies at byte 64: what the newer kernel has, and no other. */
SEC("raw_tp/sched_wakeup") int hangs_on_an_offset(struct bpf_raw_tracepoint_args *ctx)
{
	long *nowhere = 0;

	if (bpf_core_field_offset(struct task_struct, pid) == 64)
		out = *(volatile long *)nowhere;
	return 0;
}

/* Asks nothing of any kernel. */
SEC("socket") int asks_nothing(struct __sk_buff *skb)
{
	return 0;
}
