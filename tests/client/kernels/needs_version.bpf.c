// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
extern int LINUX_KERNEL_VERSION __kconfig;

SEC("socket") int refused_from_6_18_on(struct __sk_buff *skb)
{
	long *nowhere = 0;

	return LINUX_KERNEL_VERSION >= 0x061200 ? (int)*(volatile long *)nowhere : 0;
}
