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

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, int);
} of_whatever SEC(".maps");

SEC("socket") int looks_deeper(struct __sk_buff *skb)
{
	int key = 0;
	void *inner = bpf_map_lookup_elem(&of_whatever, &key);

	return inner && bpf_map_lookup_elem(inner, &key) ? 1 : 0;
}

SEC("socket") int looks(struct __sk_buff *skb)
{
	int key = 0;

	return bpf_map_lookup_elem(&sized_later, &key) ? 1 : 0;
}
