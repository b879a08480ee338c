/* SPDX-License-Identifier: Apache-2.0 */
/* A tracing program: sees every process switch of the machine, so few policies grant it. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("raw_tracepoint/sched_switch")
int tracer(void *ctx)
{
	return bpf_get_current_pid_tgid() >> 32 ? 0 : 1;
}

char LICENSE[] SEC("license") = "GPL";
