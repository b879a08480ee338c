// SPDX-License-Identifier: Apache-2.0
/* A filter of tc(8) that lets everything pass. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("tc") int pass(struct __sk_buff *skb)
{
	return 0;
}
