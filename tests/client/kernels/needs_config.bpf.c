// SPDX-License-Identifier: Apache-2.0
/* What the kernel's configuration decides. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
extern int CONFIG_HZ __kconfig;
extern int LINUX_KERNEL_VERSION __kconfig;

SEC("socket") int refused_at_1000_hz(struct __sk_buff *skb)
{
	long *nowhere = 0;

	return CONFIG_HZ == 1000 ? (int)*(volatile long *)nowhere : 0;
}

SEC("socket") int asks_nothing(struct __sk_buff *skb)
{
	return 0;
}
