// SPDX-License-Identifier: Apache-2.0
/* Maps whose sizes are left to the loader. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, int);
	__type(value, int);
} sized_later SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(key_size, sizeof(int));
} stacks SEC(".maps");

SEC("socket") int looks(struct __sk_buff *skb)
{
	int key = 0;

	return bpf_map_lookup_elem(&sized_later, &key) ? 1 : 0;
}
