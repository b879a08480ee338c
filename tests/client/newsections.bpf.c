// SPDX-License-Identifier: Apache-2.0
/* Sections that libbpf 1.1 does not know. Each program returns another number, so that each has a digest of its own. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define PROGRAM(section, name, number) \
	SEC(section) int name(void *ctx) \
	{ \
		return number; \
	}

PROGRAM("tcx/ingress", tcx_ingress, 1)
PROGRAM("tc/egress", tc_egress, 2)
PROGRAM("netkit/peer", netkit_peer, 3)
PROGRAM("netfilter", nf, 1)
PROGRAM("cgroup/connect_unix", connect_unix, 1)
PROGRAM("cgroup/getsockname_unix", getsockname_unix, 1)
PROGRAM("kprobe.session/x", kprobe_session, 0)
PROGRAM("uprobe.multi/x:y", uprobe_multi, 0)
PROGRAM("uprobe.multi.s/x:y", uprobe_multi_sleeps, 0)
