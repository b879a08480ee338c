// SPDX-License-Identifier: Apache-2.0
/* Functions of a made-up table of the kernel's, attached by a link; its BTF is the made-up kernel's as well. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct tcp_congestion_ops {
	unsigned int (*ssthresh)(void *sk);
};

SEC("struct_ops/ssthresh") unsigned int ssthresh(void *ctx)
{
	return 2;
}

SEC(".struct_ops.link") struct tcp_congestion_ops table = {
	.ssthresh = (void *)ssthresh,
};
