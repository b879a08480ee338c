// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("fentry/fake_target") int attaches(void *ctx)
{
	return 0;
}

SEC("socket") int asks_nothing(struct __sk_buff *skb)
{
	return 0;
}
