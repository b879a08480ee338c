// SPDX-License-Identifier: Apache-2.0
/* Section names that libbpf 1.1 does not know, one that none knows, and a table of functions with a link. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("tcx/ingress") int newer(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

SEC("netkit/peer") int newer_still(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

SEC("uprobe.multi.s/bin:main") int sleeps(void *ctx)
{
	char byte = 0;

	return (int)bpf_copy_from_user(&byte, sizeof(byte), 0);
}

SEC("uprobe.multi/bin:main") int does_not_sleep(void *ctx)
{
	char byte = 0;

	return (int)bpf_copy_from_user(&byte, sizeof(byte), 0);
}

SEC("netfilter") int of_a_newer_type(void *ctx)
{
	return 1;
}

SEC("no.such.section/x") int nobody_knows(void *ctx)
{
	return 0;
}
