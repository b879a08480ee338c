// SPDX-License-Identifier: Apache-2.0
/* A map that no kernel creates, which one of two programs uses: the loader gives up before either is loaded. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(key_size, 8);
	__uint(value_size, 8);
	__uint(max_entries, 16);
} prefixes SEC(".maps");

SEC("xdp") int uses_it(struct xdp_md *ctx)
{
	__u64 key = 0;

	return bpf_map_lookup_elem(&prefixes, &key) ? XDP_PASS : XDP_DROP;
}

SEC("xdp") int does_not(struct xdp_md *ctx)
{
	return XDP_PASS;
}
