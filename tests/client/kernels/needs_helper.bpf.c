// SPDX-License-Identifier: Apache-2.0
/* A helper that 6.1 does not have, beside a relocation that cannot be made without the kernel's types. */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
long out;

struct task_struct {
	int pid;
} __attribute__((preserve_access_index));

static void *(*storage_get)(void *map, void *cgroup, void *value, __u64 flags) = (void *)210;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, long);
} map SEC(".maps");

SEC("raw_tp/sched_wakeup") int old_kernels_have_none(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *t = (void *)ctx->args[0];

	out = BPF_CORE_READ(t, pid) + (long)storage_get(&map, t, 0, 0);
	return 0;
}
