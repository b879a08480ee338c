// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
extern int fake_kfunc(int number) __ksym __weak;

SEC("tc") int calls_without_a_test(struct __sk_buff *skb)
{
	return fake_kfunc(1);
}

SEC("tc") int calls_where_it_is(struct __sk_buff *skb)
{
	return fake_kfunc ? 0 : 1;
}
