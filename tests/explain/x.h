/* SPDX-License-Identifier: Apache-2.0 */
/* What the cases share: headers, maps, a number that nobody knows, the license. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#define PACKET(ctx) \
	void *data = (void *)(long)(ctx)->data, *data_end = (void *)(long)(ctx)->data_end

struct big { char bytes[64]; };
struct wide_key { __u64 a, b; };
/* struct pt_regs of x86-64 as far as its first argument */
struct regs { unsigned long rest[14], di; };

struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, __u64); } hash SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, struct wide_key); __type(value, __u64); } wide SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, struct big); } bigs SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } ring SEC(".maps");

__s64 state;

#ifndef LICENSE
#define LICENSE "GPL"
#endif
char _license[] SEC("license") = LICENSE;
