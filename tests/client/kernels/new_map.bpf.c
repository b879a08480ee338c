// SPDX-License-Identifier: Apache-2.0
/* A type of map that 6.1 does not have. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, 32 /* BPF_MAP_TYPE_CGRP_STORAGE */);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, long);
} per_cgroup SEC(".maps");

SEC("socket") int does_not(struct __sk_buff *skb)
{
	return 0;
}
