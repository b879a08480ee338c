# SPDX-License-Identifier: Apache-2.0
"""Names shared by the table generators: program types, attach types, profiles."""

import csv
import os

PROFILES = ("6.1", "6.12", "6.18", "7.2")
PROFILE_MACROS = ("P61", "P612", "P618", "P7")

PROG_TYPES = """unspec socket_filter kprobe sched_cls sched_act tracepoint xdp perf_event
cgroup_skb cgroup_sock lwt_in lwt_out lwt_xmit sock_ops sk_skb cgroup_device sk_msg raw_tracepoint
cgroup_sock_addr lwt_seg6local lirc_mode2 sk_reuseport flow_dissector cgroup_sysctl
raw_tracepoint_writable cgroup_sockopt tracing struct_ops ext lsm sk_lookup syscall
netfilter""".split()

ATTACH_TYPES = """cgroup_inet_ingress cgroup_inet_egress cgroup_inet_sock_create cgroup_sock_ops
sk_skb_stream_parser sk_skb_stream_verdict cgroup_device sk_msg_verdict cgroup_inet4_bind
cgroup_inet6_bind cgroup_inet4_connect cgroup_inet6_connect cgroup_inet4_post_bind
cgroup_inet6_post_bind cgroup_udp4_sendmsg cgroup_udp6_sendmsg lirc_mode2 flow_dissector
cgroup_sysctl cgroup_udp4_recvmsg cgroup_udp6_recvmsg cgroup_getsockopt cgroup_setsockopt
trace_raw_tp trace_fentry trace_fexit modify_return lsm_mac trace_iter cgroup_inet4_getpeername
cgroup_inet6_getpeername cgroup_inet4_getsockname cgroup_inet6_getsockname xdp_devmap
cgroup_inet_sock_release xdp_cpumap sk_lookup xdp sk_skb_verdict sk_reuseport_select
sk_reuseport_select_or_migrate perf_event trace_kprobe_multi lsm_cgroup struct_ops netfilter
tcx_ingress tcx_egress trace_uprobe_multi cgroup_unix_connect cgroup_unix_sendmsg
cgroup_unix_recvmsg cgroup_unix_getpeername cgroup_unix_getsockname netkit_primary netkit_peer
trace_kprobe_session trace_uprobe_session trace_fsession trace_fentry_multi trace_fexit_multi
trace_fsession_multi""".split()


def rows(facts, name):
    with open(os.path.join(facts, name), newline="") as f:
        return list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))


def profile_mask(which):
    """Which: iterable of 4 truth values. The C expression of the set."""
    which = list(which)
    if all(which):
        return "P_ALL"
    return " | ".join(m for m, w in zip(PROFILE_MACROS, which) if w) or "0"


def type_mask(names):
    return " | ".join("T(%s)" % n.upper() for n in sorted(names, key=PROG_TYPES.index))


def attach_mask(names):
    names = [n for n in names if n in ATTACH_TYPES]
    return " | ".join("A(%s)" % n.upper() for n in sorted(names, key=ATTACH_TYPES.index)) or "0"


def header(f, text):
    f.write("/* SPDX-License-Identifier: Apache-2.0 */\n/*\n")
    for line in text.strip().split("\n"):
        f.write(" * %s\n" % line if line else " *\n")
    f.write(" */\n")
