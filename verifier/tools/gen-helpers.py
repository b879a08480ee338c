#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gen-helpers.py FACTS OUTDIR: helper.def, helper_class.def, helper_types.def."""

import re
import sys

from bpfnames import (PROFILES, PROG_TYPES, attach_mask, header, profile_mask, rows, type_mask)

# Classes of programs that may call the same helpers:
# name, program types, attach types (None: any), representative (type, attach, sleepable, target).
CLASSES = [
    ("socket_filter", ["socket_filter"], None, ("socket_filter", "unset", "no", "-")),
    ("tc", ["sched_cls", "sched_act"], None, ("sched_cls", "unset", "no", "-")),
    ("xdp", ["xdp"], None, ("xdp", "unset", "no", "-")),
    ("cgroup_skb", ["cgroup_skb"], None, ("cgroup_skb", "cgroup_inet_ingress", "no", "-")),
    ("sock_create", ["cgroup_sock"], ["cgroup_inet_sock_create"],
     ("cgroup_sock", "cgroup_inet_sock_create", "no", "-")),
    ("cgroup_sock", ["cgroup_sock"], None, ("cgroup_sock", "cgroup_inet_sock_release", "no", "-")),
    ("lwt_in", ["lwt_in"], None, ("lwt_in", "unset", "no", "-")),
    ("lwt_out", ["lwt_out"], None, ("lwt_out", "unset", "no", "-")),
    ("lwt_xmit", ["lwt_xmit"], None, ("lwt_xmit", "unset", "no", "-")),
    ("lwt_seg6local", ["lwt_seg6local"], None, ("lwt_seg6local", "unset", "no", "-")),
    ("sock_ops", ["sock_ops"], None, ("sock_ops", "cgroup_sock_ops", "no", "-")),
    ("sk_skb", ["sk_skb"], None, ("sk_skb", "unset", "no", "-")),
    ("cgroup_device", ["cgroup_device"], None, ("cgroup_device", "cgroup_device", "no", "-")),
    ("sk_msg", ["sk_msg"], None, ("sk_msg", "sk_msg_verdict", "no", "-")),
    ("addr_bind", ["cgroup_sock_addr"],
     ["cgroup_inet4_bind", "cgroup_inet6_bind", "cgroup_udp4_sendmsg", "cgroup_udp6_sendmsg"],
     ("cgroup_sock_addr", "cgroup_inet4_bind", "no", "-")),
    ("addr_connect", ["cgroup_sock_addr"], ["cgroup_inet4_connect", "cgroup_inet6_connect"],
     ("cgroup_sock_addr", "cgroup_inet4_connect", "no", "-")),
    ("addr_unix_connect", ["cgroup_sock_addr"], ["cgroup_unix_connect", "cgroup_unix_sendmsg"],
     ("cgroup_sock_addr", "cgroup_unix_connect", "no", "-")),
    ("addr_unix_recvmsg", ["cgroup_sock_addr"], ["cgroup_unix_recvmsg"],
     ("cgroup_sock_addr", "cgroup_unix_recvmsg", "no", "-")),
    ("addr_unix_name", ["cgroup_sock_addr"],
     ["cgroup_unix_getpeername", "cgroup_unix_getsockname"],
     ("cgroup_sock_addr", "cgroup_unix_getpeername", "no", "-")),
    ("addr_name", ["cgroup_sock_addr"], None,
     ("cgroup_sock_addr", "cgroup_inet4_getpeername", "no", "-")),
    ("sk_reuseport", ["sk_reuseport"], None, ("sk_reuseport", "sk_reuseport_select", "no", "-")),
    ("flow_dissector", ["flow_dissector"], None, ("flow_dissector", "flow_dissector", "no", "-")),
    ("sysctl", ["cgroup_sysctl"], None, ("cgroup_sysctl", "cgroup_sysctl", "no", "-")),
    ("getsockopt", ["cgroup_sockopt"], ["cgroup_getsockopt"],
     ("cgroup_sockopt", "cgroup_getsockopt", "no", "-")),
    ("setsockopt", ["cgroup_sockopt"], None,
     ("cgroup_sockopt", "cgroup_setsockopt", "no", "-")),
    ("sk_lookup", ["sk_lookup"], None, ("sk_lookup", "sk_lookup", "no", "-")),
    ("kprobe", ["kprobe"], None, ("kprobe", "unset", "no", "-")),
    ("tracepoint", ["tracepoint"], None, ("tracepoint", "unset", "no", "-")),
    ("perf_event", ["perf_event"], None, ("perf_event", "perf_event", "no", "-")),
    ("raw_tracepoint", ["raw_tracepoint", "raw_tracepoint_writable"], None,
     ("raw_tracepoint", "unset", "no", "-")),
    ("syscall", ["syscall"], None, ("syscall", "unset", "yes", "-")),
    ("netfilter", ["netfilter"], None, ("netfilter", "netfilter", "no", "-")),
    ("raw_tp_btf", ["tracing"], ["trace_raw_tp"],
     ("tracing", "trace_raw_tp", "no", "sched_switch")),
    ("modify_return", ["tracing"], ["modify_return"],
     ("tracing", "modify_return", "no", "security_file_open")),
    ("iter", ["tracing"], ["trace_iter"], ("tracing", "trace_iter", "no", "task")),
    ("trampoline", ["tracing"], None, ("tracing", "trace_fentry", "no", "tcp_v4_connect")),
    ("lsm_cgroup", ["lsm"], ["lsm_cgroup"], ("lsm", "lsm_cgroup", "no", "socket_bind")),
    ("lsm", ["lsm"], None, ("lsm", "lsm_mac", "no", "file_open")),
    ("struct_ops", ["struct_ops"], None,
     ("struct_ops", "unset", "no", "tcp_congestion_ops#ssthresh")),
]

# Which program types a prototype group of the facts selects, for helpers with several prototypes.
GROUPS = {
    "bpf_base": None,
    "bpf_tracing": ["kprobe", "tracepoint", "perf_event", "raw_tracepoint",
                    "raw_tracepoint_writable", "tracing", "lsm"],
    "lwt_out": ["lwt_in", "lwt_out", "lwt_xmit", "lwt_seg6local"],
    "tc_cls_act": ["sched_cls", "sched_act"],
    "xdp": ["xdp"],
    "kprobe": ["kprobe"], "tp": ["tracepoint"], "pe": ["perf_event"],
    "raw_tp": ["raw_tracepoint", "raw_tracepoint_writable", "tracing", "lsm"],
    "sk_filter": ["socket_filter"], "sk_skb": ["sk_skb"], "sock_addr": ["cgroup_sock_addr"],
    "sock_filter": ["cgroup_sock"], "sock_ops": ["sock_ops"],
    "sk_reuseport": ["sk_reuseport"], "tracing": ["tracing", "lsm", "struct_ops"],
    "bpf_lsm": ["lsm"], "bpf_iter_tcp_get": ["tracing"], "bpf_iter_unix_get": ["tracing"],
    "bpf_tcp_ca_get": ["struct_ops"], "cg_sockopt": ["cgroup_sockopt"], "cg_skb": ["cgroup_skb"],
    "sk_msg": ["sk_msg"], "sk_lookup": ["sk_lookup"], "multi": [],
}

ARGS = {
    "-": "_", "anything": "W(ANYTHING)", "ctx": "W(CTX)", "ctx+nullable": "N(CTX)",
    "const_map_ptr": "W(MAP_PTR)", "map_key": "W(MAP_KEY)", "map_value": "W(MAP_VALUE)",
    "map_value+nullable": "N(MAP_VALUE)", "uninit_map_value": "W(UNINIT_MAP_VALUE)",
    "mem_rd": "M(READ)", "mem_rd+nullable": "M(READ | NULLABLE)",
    "mem_rdwr": "M(READ | WRITE)", "mem_rdwr+nullable": "M(READ | WRITE | NULLABLE)",
    "mem_init(any)": "M(READ | ANY)", "mem_init(any)+nullable": "M(READ | ANY | NULLABLE)",
    "mem_wr_uninit": "M(WRITE | UNINIT)", "scalar": "W(SCALAR)",
    "size_of_prev_nonzero": "W(SIZE)", "size_of_prev_or_zero": "W(SIZE_OR_ZERO)",
    "const_alloc_size_or_zero": "W(ALLOC_SIZE)", "sock": "W(SOCK)", "sock+nullable": "N(SOCK)",
    "sock_common": "W(SOCK_COMMON)", "btf_id_sock_common": "W(BTF_SOCK_COMMON)",
    "btf_id_sock_common+nullable": "N(BTF_SOCK_COMMON)",
    "btf_id_sock_common+release": "R(BTF_SOCK_COMMON)", "percpu_btf_id": "W(PERCPU_BTF_ID)",
    "const_str": "W(CONST_STR)", "ringbuf_mem+release": "R(RINGBUF_MEM)",
    "spin_lock": "W(SPIN_LOCK)", "timer": "W(TIMER)", "kptr_slot": "W(KPTR_SLOT)",
    "btf_id(resolved_by_rule)+nullable+release": "B(NULLABLE | REL, NULL)",
    "callback_ctx(stack)+nullable": "N(STACK)",
    "dynptr(any)": "D(ANY, READ)", "dynptr(any,rdonly_ok)": "D(ANY, READ)",
    "dynptr(local,uninit)": "D(LOCAL, UNINIT)", "dynptr(ringbuf,uninit)": "D(RINGBUF, UNINIT)",
    "dynptr(ringbuf)+release": "D(RINGBUF, REL)",
}


def arg(term):
    if term in ARGS:
        return ARGS[term]
    m = re.fullmatch(r"mem_(rd|rdwr|wr_uninit|init)_fixed\((\d+)\)(\+aligned)?", term)
    if m:
        access = {"rd": "READ", "rdwr": "READ | WRITE", "wr_uninit": "WRITE | UNINIT",
                  "init": "READ | ANY"}[m.group(1)]
        return "X(%s%s, %s)" % (access, " | ALIGNED" if m.group(3) else "", m.group(2))
    m = re.fullmatch(r"btf_id\((\w+)\)(\+nullable)?", term)
    if m:
        return 'B(%s, "%s")' % ("NULLABLE" if m.group(2) else "0", m.group(1))
    m = re.fullmatch(r"func:cb\(.*", term)
    if m:
        return "W(FUNC)"
    raise SystemExit("unknown argument term %s" % term)


def ret(term):
    if term in ("integer", "void", "none"):
        return "INTEGER, 0, NULL" if term != "void" else "VOID, 0, NULL"
    parts = term[len("ptr:"):].split("+")
    flags = " | ".join(p.upper() for p in parts[1:]) or "0"
    base = parts[0]
    m = re.fullmatch(r"(trusted_)?btf_id\((\w+)\)", base)
    if m:
        if m.group(1):
            flags = "TRUSTED" if flags == "0" else flags + " | TRUSTED"
        name = "NULL" if m.group(2) == "resolved_by_rule" else '"%s"' % m.group(2)
        return "%s, %s, %s" % ("KPTR" if name == "NULL" else "BTF_ID", flags, name)
    kinds = {"map_value": "MAP_VALUE", "sock": "SOCK", "sock_common": "SOCK_COMMON",
             "tcp_sock": "TCP_SOCK", "ringbuf_mem(size=arg2)": "RINGBUF_MEM",
             "dynptr_mem(size=arg3)": "DYNPTR_MEM",
             "mem_or_btf_id(of_arg1_pointee)": "PERCPU_DEREF"}
    return "%s, %s, NULL" % (kinds[base], flags)


def caps_by_probe(facts):
    """Helper name -> capability set that 6.18 wants, from the helper_in_* rows."""
    caps = {}
    for r in rows(facts, "capability.tsv"):
        if not r["kind"].startswith("helper_in_") or r["kind"] == "helper_in_syscall":
            continue
        want = {"no|no|no|yes": "PERFMON", "no|no|yes": "PERFMON", "yes|yes|yes": "BPF",
                "no|yes|yes|yes": "BPF"}
        got = r["6.18"]
        got = got[len("load_refused|"):] if got.startswith("load_refused|") else got
        if got in want:
            caps.setdefault(r["item"], want[got])
    caps["bpf_sys_bpf"] = "PERFMON"
    return caps


def variant_types(row, siblings):
    """The program types this prototype serves; 0 is every type no sibling names."""
    if len(siblings) == 1:
        return "0"
    if row["might_sleep"] == "yes" and row["id"] in ("67", "141"):
        return "0"
    types = set()
    for g in row["proto_groups"].split(","):
        if g not in GROUPS:
            raise SystemExit("unknown group %s (%s)" % (g, row["name"]))
        if GROUPS[g] is None:
            return "0"
        types.update(GROUPS[g])
    return type_mask(types) or "T(UNSPEC)"


def flags(row, sleeps):
    out = []
    for col, name in (("gpl_only", "GPL"), ("pkt_access", "PKT_ACCESS"),
                      ("changes_pkt_data", "CHANGES_PKT")):
        if row[col] == "yes":
            out.append(name)
    if sleeps:
        out.append("MIGHT_SLEEP")
    if row["allow_fastcall"] == "yes":
        out.append("FASTCALL")
    if row["acquires"] != "-":
        out.append("ACQUIRE_MAP" if "map" in row["acquires"] else "ACQUIRE")
    if row["releases"] != "-":
        out.append("RELEASE")
    rule = row["special_rule"]
    for key, name in (("sync_callback", "SYNC_CB"), ("async_callback", "ASYNC_CB"),
                      ("ptr_cast", "PTR_CAST")):
        if key in rule.split("(")[0].split(";") or rule.startswith(key):
            if not (name == "SYNC_CB" and "async" in rule):
                out.append(name)
    return " | ".join("H_" + o for o in out) or "0"


def sleeping_only_for_sleepable(row):
    return row["id"] in ("67", "141")


def emit_helpers(facts, out):
    table = rows(facts, "helpers.tsv")
    caps = caps_by_probe(facts)
    by_id = {}
    for r in table:
        by_id.setdefault(r["id"], []).append(r)
    with open(out + "/helper.def", "w") as f:
        header(f, """Helper prototypes, one row a prototype.  Made by verifier/tools/gen-helpers.py.
HELPER(id, name, caps, types, sleepable, profiles, flags, RET(kind, flags, type), args 1-5)
types 0: every program type that no other row of the helper names.  sleepable 1: for programs that
may sleep, 0: for those that may not, 2: both.""")
        for hid, siblings in by_id.items():
            for r in siblings:
                emit_one(f, r, siblings, caps)


def emit_one(f, r, siblings, caps):
    diff = {}
    if r["differs_6.12"] not in ("-", ""):
        for item in r["differs_6.12"].split(";"):
            k, v = item.split("=", 1)
            diff[k] = v
    sleepable = "2"
    if sleeping_only_for_sleepable(r):
        sleepable = "1" if r["variant"].startswith("2") else "0"
    new = [arg(r["arg%d" % i]) for i in range(1, 6)]
    old = [arg(diff.get("arg%d" % i, r["arg%d" % i])) for i in range(1, 6)]
    sleeps_new = r["might_sleep"] == "yes"
    sleeps_old = (diff.get("might_sleep", r["might_sleep"])) == "yes"
    cap = {"PERFMON": "CAP_TRACE", "BPF": "CAP_BPF"}.get(caps.get(r["name"]), "0")
    types = variant_types(r, siblings)
    name = r["name"][len("bpf_"):]
    variants = [(("P_ALL"), new, sleeps_new)]
    if old != new or sleeps_old != sleeps_new:
        variants = [("P61 | P612", old, sleeps_old), ("P618 | P7", new, sleeps_new)]
    for mask, args, sleeps in variants:
        f.write("HELPER(%s, %s, %s, %s, %s, %s, %s, RET(%s), %s)\n" % (
            r["id"], name, cap, types, sleepable, mask, flags(r, sleeps), ret(r["ret"]),
            ", ".join(args)))


def verdict(row, profile):
    v = row[profile]
    if v == "?" and profile == "6.18":
        v = row["inferred_6.18"]
        if v in ("unsure", "-", "?"):
            v = row["7.2"]
    if v == "?" and profile == "6.1":
        v = row["6.12"]
    if v == "?" and profile == "6.12":
        v = row["7.2"]
    return v in ("yes", "needs_sleepable") or v.startswith("no(target)")


def emit_types(facts, out):
    allowed = {}
    names = {}
    for r in rows(facts, "helper_allowed.tsv"):
        key = (r["prog_type"], r["expected_attach_type"], r["sleepable"], r["target"])
        allowed.setdefault(key, {})[int(r["id"])] = [verdict(r, p) for p in PROFILES]
        names[int(r["id"])] = r["name"][len("bpf_"):]
    with open(out + "/helper_class.def", "w") as f:
        header(f, """Programs that may call the same helpers; the first row that fits counts.
Made by verifier/tools/gen-helpers.py.
HELPER_CLASS(name, program types, attach types or 0 for any)""")
        for name, types, attach, _ in CLASSES:
            f.write("HELPER_CLASS(%s, %s, %s)\n" % (
                name, type_mask(types), attach_mask(attach) if attach else "0"))
    with open(out + "/helper_types.def", "w") as f:
        header(f, """Who may call which helper: for each profile the set of helper classes, as bits in
the order of helper_class.def.  Made by verifier/tools/gen-helpers.py.
HELPER_TYPES(id, name, 6.1, 6.12, 6.18, 7.x)""")
        for hid in sorted(names):
            masks = [0, 0, 0, 0]
            for bit, (_, _, _, key) in enumerate(CLASSES):
                for i, ok in enumerate(allowed[key].get(hid, [False] * 4)):
                    if ok:
                        masks[i] |= 1 << bit
            f.write("HELPER_TYPES(%d, %s, %s)\n" % (
                hid, names[hid], ", ".join("0x%010x" % m for m in masks)))


if __name__ == "__main__":
    emit_helpers(sys.argv[1], sys.argv[2])
    emit_types(sys.argv[1], sys.argv[2])
