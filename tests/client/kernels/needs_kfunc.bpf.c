// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
extern int fake_kfunc(int number) __ksym;

SEC("tc") int calls(struct __sk_buff *skb)
{
	return fake_kfunc(1);
}
