/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table of what loading needs. A type that is not in it gets CAP_BPF alone, and the kernel refuses
 * if that is too little: a gap costs a refusal, never a privilege.
 */
#include "daemon/broker/ask/caps.h"

#include <linux/bpf.h>

#include "proto/own.h"
#include "verifier/bpfgate-verifier.h"

#define CAPS_NET     (CAPS_BPF | CAPS_NET_ADMIN)
#define CAPS_TRACE   (CAPS_BPF | CAPS_PERFMON)
#define CAPS_NETFILTER_TYPE 32	/* BPF_PROG_TYPE_NETFILTER, Linux 6.4 */

static const struct {
	uint64_t caps;
	bool only_own;		/* affects only sockets that its holder has */
} caps_progs[] = {
	[BPF_PROG_TYPE_SOCKET_FILTER] = { CAPS_BPF, true },
	[BPF_PROG_TYPE_KPROBE] = { CAPS_TRACE, false },
	[BPF_PROG_TYPE_SCHED_CLS] = { CAPS_NET, false },
	[BPF_PROG_TYPE_SCHED_ACT] = { CAPS_NET, false },
	[BPF_PROG_TYPE_TRACEPOINT] = { CAPS_TRACE, false },
	[BPF_PROG_TYPE_XDP] = { CAPS_NET, false },
	[BPF_PROG_TYPE_PERF_EVENT] = { CAPS_TRACE, false },
	[BPF_PROG_TYPE_CGROUP_SKB] = { CAPS_BPF, false },
	[BPF_PROG_TYPE_CGROUP_SOCK] = { CAPS_NET, false },
	[BPF_PROG_TYPE_LWT_IN] = { CAPS_NET, false },
	[BPF_PROG_TYPE_LWT_OUT] = { CAPS_NET, false },
	[BPF_PROG_TYPE_LWT_XMIT] = { CAPS_NET, false },
	[BPF_PROG_TYPE_SOCK_OPS] = { CAPS_NET, false },
	[BPF_PROG_TYPE_SK_SKB] = { CAPS_NET, false },
	[BPF_PROG_TYPE_CGROUP_DEVICE] = { CAPS_NET, false },
	[BPF_PROG_TYPE_SK_MSG] = { CAPS_NET, false },
	[BPF_PROG_TYPE_RAW_TRACEPOINT] = { CAPS_TRACE, false },
	[BPF_PROG_TYPE_CGROUP_SOCK_ADDR] = { CAPS_NET, false },
	[BPF_PROG_TYPE_LWT_SEG6LOCAL] = { CAPS_NET, false },
	[BPF_PROG_TYPE_LIRC_MODE2] = { CAPS_NET, false },
	[BPF_PROG_TYPE_SK_REUSEPORT] = { CAPS_BPF, true },
	[BPF_PROG_TYPE_FLOW_DISSECTOR] = { CAPS_NET, false },
	[BPF_PROG_TYPE_CGROUP_SYSCTL] = { CAPS_NET, false },
	[BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE] = { CAPS_TRACE, false },
	[BPF_PROG_TYPE_CGROUP_SOCKOPT] = { CAPS_NET, false },
	[BPF_PROG_TYPE_TRACING] = { CAPS_TRACE, false },
	[BPF_PROG_TYPE_STRUCT_OPS] = { CAPS_NET | CAPS_PERFMON, false },
	[BPF_PROG_TYPE_EXT] = { CAPS_NET | CAPS_PERFMON, false },
	[BPF_PROG_TYPE_LSM] = { CAPS_TRACE, false },
	[BPF_PROG_TYPE_SK_LOOKUP] = { CAPS_BPF, false },
	[BPF_PROG_TYPE_SYSCALL] = { CAPS_BPF, false },
	[CAPS_NETFILTER_TYPE] = { CAPS_NET, false },
};

uint64_t caps_for_prog(uint32_t prog_type)
{
	return prog_type < ARRAY_CNT(caps_progs) && caps_progs[prog_type].caps ?
		       caps_progs[prog_type].caps :
		       CAPS_BPF;
}

uint64_t caps_for_attach(uint32_t prog_type)
{
	uint64_t caps = caps_for_prog(prog_type);

	/* The one type that loads with less than it attaches with. */
	return prog_type == BPF_PROG_TYPE_CGROUP_SKB ? caps | CAPS_NET_ADMIN : caps;
}

bool caps_prog_affects_others(uint32_t prog_type)
{
	return prog_type >= ARRAY_CNT(caps_progs) || !caps_progs[prog_type].only_own;
}

uint64_t caps_for_map(uint32_t map_type)
{
	static const uint32_t net_types[] = { BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_DEVMAP_HASH,
					      BPF_MAP_TYPE_SOCKMAP, BPF_MAP_TYPE_SOCKHASH,
					      BPF_MAP_TYPE_XSKMAP };

	for (size_t i = 0; i < ARRAY_CNT(net_types); i++)
		if (net_types[i] == map_type)
			return CAPS_NET;
	return CAPS_BPF;
}

uint32_t caps_to_bgv(uint64_t caps)
{
	return (caps & CAPS_BPF ? BGV_CAP_BPF : 0) | (caps & CAPS_PERFMON ? BGV_CAP_PERFMON : 0) |
	       (caps & CAPS_NET_ADMIN ? BGV_CAP_NET_ADMIN : 0) |
	       (caps & CAPS_SYS_ADMIN ? BGV_CAP_SYS_ADMIN : 0);
}
