// SPDX-License-Identifier: Apache-2.0
/* As open_map.bpf.c, but said to have no entries. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 0);
	__type(key, int);
	__type(value, int);
} sized_never SEC(".maps");

SEC("socket") int looks(struct __sk_buff *skb)
{
	int key = 0;

	return bpf_map_lookup_elem(&sized_never, &key) ? 1 : 0;
}
