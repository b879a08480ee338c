// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
extern const void fake_symbol __ksym;
long out;

SEC("socket") int takes_an_address(struct __sk_buff *skb)
{
	out = (long)&fake_symbol;
	return 0;
}
