#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gen-ctx.py FACTS OUTDIR: ctx_*.def, one per context structure, from ctx_access.tsv."""

import re
import sys

from bpfnames import ATTACH_TYPES, PROG_TYPES, attach_mask, header, profile_mask, rows, type_mask

FILES = {
    "__sk_buff": ("ctx_skb", "struct __sk_buff"),
    "xdp_md": ("ctx_xdp", "struct xdp_md"),
    "bpf_sock": ("ctx_sock", "struct bpf_sock of cgroup sock programs"),
    "bpf_sock_addr": ("ctx_sock_addr", "struct bpf_sock_addr"),
    "bpf_sock_ops": ("ctx_sock_ops", "struct bpf_sock_ops"),
    "sk_msg_md": ("ctx_sk_msg", "struct sk_msg_md"),
    "sk_reuseport_md": ("ctx_sk_reuseport", "struct sk_reuseport_md"),
    "bpf_sk_lookup": ("ctx_sk_lookup", "struct bpf_sk_lookup"),
    "bpf_cgroup_dev_ctx": ("ctx_cgroup", "cgroup device, sysctl and sockopt contexts"),
    "bpf_sysctl": ("ctx_cgroup", None),
    "bpf_sockopt": ("ctx_cgroup", None),
    "pt_regs": ("ctx_trace", "registers, tracepoint records, raw tracepoint arguments"),
    "trace_event_record": ("ctx_trace", None),
    "bpf_perf_event_data": ("ctx_trace", None),
    "raw_tp_args": ("ctx_trace", None),
    "user_ctx": ("ctx_misc", "contexts of syscall and netfilter programs"),
    "bpf_nf_ctx": ("ctx_misc", None),
}
POINTEES = {"(pointee:sock_common)": "SOCK_COMMON", "(pointee:sock)": "SOCK",
            "(pointee:tcp_sock)": "TCP_SOCK", "(pointee:flow_keys)": "FLOW_KEYS"}

# Rows that stand for a range the probes sampled, or whose probe did not look beyond the field.
# (struct, field) -> replacement of (offset, size, read, write, kind), same on all profiles.
WHOLE = {
    ("pt_regs", "r15"): ("regs", 0, 168, "1,2,4,8", "none", "scalar"),
    ("trace_event_record", "record(8..8191)"): ("record", 8, 8184, "1,2,4,8", "none", "scalar"),
    ("raw_tp_args", "args[0]"): ("args", 0, 96, "1,2,4,8", "none", "scalar"),
    ("user_ctx", "bytes(0..65535)"): ("bytes", 0, 65536, "1,2,4,8", "1,2,4,8", "scalar"),
}
SKIP = {"pt_regs", "raw_tp_args", "trace_event_record"}
# A port of 2 bytes with 2 bytes of padding: reading both at once is kept for old programs.
WIDE_PORTS = {("bpf_sock", "dst_port"), ("bpf_sk_lookup", "remote_port")}


def sizes(text):
    """1,2,4 -> any aligned offset in the field; 1@0 -> at the field's start only."""
    if text in ("none", "-", ""):
        return 0
    mask = 0
    for item in text.split(","):
        m = re.fullmatch(r"([1248])(@.*)?", item)
        mask |= int(m.group(1)) << (4 if m.group(2) else 0)
    return mask


def kind(text):
    if text in ("-", ""):
        return ("NONE", "0", "NULL")
    nullable = "+nullable" in text or "_nullable:" in text
    base = text.replace("+nullable", "").replace("_nullable", "")
    if base == "scalar|tp_buffer":
        base = "scalar"
    if ":" in base:
        tag, name = base.split(":")
        flags = ["TRUSTED"] if tag == "trusted_btf" else []
        flags += ["NULLABLE"] if nullable else []
        return ("BTF_ID", " | ".join(flags) or "0", '"%s"' % name)
    return (base.upper(), "NULLABLE" if nullable else "0", "NULL")


def by_profile(r):
    """The (read, write, kind) of a row for each profile."""
    base = (r["read_sizes"], r["write_sizes"], r["reg_kind"])
    got = []
    for p in ("v6.1", "v6.12", "v6.18", "v7.2"):
        v = r[p]
        if v == "=":
            got.append(base)
        elif v == "none":
            got.append(("none", "none", "-"))
        elif v == "?":
            got.append(None)
        else:
            d = dict(x.split("=", 1) for x in v.split(";"))
            got.append((d["r"], d["w"], d["k"]))
    for i in range(4):
        if got[i] is None:
            got[i] = next((got[j] for j in (i + 1, i + 2, i + 3, i - 1) if 0 <= j < 4 and got[j]),
                          base)
    return got


def attaches(r, all_of_type):
    mine = r["attach"].split(",")
    if set(mine) >= all_of_type[r["prog_type"]]:
        return ()
    return tuple(sorted((m for m in mine if m in ATTACH_TYPES), key=ATTACH_TYPES.index))


def collect(table):
    all_of_type = {}
    for r in table:
        all_of_type.setdefault(r["prog_type"], set()).update(r["attach"].split(","))
    merged = {}
    for r in table:
        if r["struct"] not in FILES or r["prog_type"] in POINTEES:
            continue
        key = (r["struct"], r["field"])
        if r["struct"] in SKIP and key not in WHOLE:
            continue
        if key in WHOLE:
            field, off, size, rd, wr, k = WHOLE[key]
            accesses, att = [(rd, wr, k)] * 4, ()
        else:
            field, off, size = r["field"], int(r["offset"]), int(r["size"])
            accesses, att = by_profile(r), attaches(r, all_of_type)
        cond = r["condition"]
        for acc in sorted(set(accesses), key=accesses.index):
            if acc[0] == "none" and acc[1] == "none":
                continue
            profiles = tuple(a == acc for a in accesses)
            k = (r["struct"], off, field, size, acc, profiles, att, cond)
            merged.setdefault(k, []).append(r["prog_type"])
    return merged


def emit(f, key, types):
    struct, off, field, size, acc, profiles, att, cond = key
    k = kind(acc[2])
    rows_of = [(size, sizes(acc[0]))]
    if (struct, field) == ("bpf_sk_lookup", "remote_port"):
        rows_of = [(4, 7)]	# the padding is read like the port
    elif (struct, field) in WIDE_PORTS:
        rows_of.append((4, 4 << 4))
    flags = [k[1]] if k[1] != "0" else []
    flags += {"needs_cap_bpf": ["READ_CAP_BPF"], "write_needs_cap_bpf": ["WRITE_CAP_BPF"]}.get(
        cond, [])
    for row_size, rd in rows_of:
        f.write("CTX(%s, %s, %s, %d, %d, 0x%02x, 0x%02x, %s, %s, %s, %s)\n" % (
            type_mask(set(types)), attach_mask(att), re.sub(r"\W.*", "", field), off, row_size,
            rd, sizes(acc[1]), k[0], " | ".join(flags) or "0", k[2], profile_mask(profiles)))


def main(facts, out):
    table = rows(facts, "ctx_access.tsv")
    merged = collect(table)
    files = {}
    for struct, (name, title) in FILES.items():
        if name not in files:
            files[name] = f = open("%s/%s.def" % (out, name), "w")
            header(f, """Fields of %s.  Made by verifier/tools/gen-ctx.py.
CTX(program types, attach types or 0, field, offset, size, read, write, kind, flags, type, profiles)
read and write: sizes 1, 2, 4, 8 as bits; the low four at every aligned offset inside the field, the
high four at its start only.""" % title)
        for key in sorted((k for k in merged if k[0] == struct),
                          key=lambda k: (k[1], k[2], [PROG_TYPES.index(t) for t in merged[k]])):
            emit(files[name], key, merged[key])
    for f in files.values():
        f.close()
    with open(out + "/ctx_pointee.def", "w") as f:
        header(f, """Fields behind socket pointers.  Made by verifier/tools/gen-ctx.py.
POINTEE(pointer kind, field, offset, size, read, write): sizes as in the ctx_*.def files.""")
        for r in table:
            if r["prog_type"] not in POINTEES or r["read_sizes"] == "none":
                continue
            if POINTEES[r["prog_type"]] == "FLOW_KEYS":	# one block, every byte alike
                continue
            rows_of = [(r["size"], sizes(r["read_sizes"]))]
            if (r["struct"], r["field"]) in WIDE_PORTS:
                rows_of.append(("4", 4 << 4))
            for size, rd in rows_of:
                f.write("POINTEE(%s, %s, %s, %s, 0x%02x, 0x%02x)\n" % (
                    POINTEES[r["prog_type"]], r["field"], r["offset"], size, rd,
                    sizes(r["write_sizes"])))
        f.write("POINTEE(XDP_SOCK, queue_id, 0, 4, 0x04, 0x00)\n")	# read in the source


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
