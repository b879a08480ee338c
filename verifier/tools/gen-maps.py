#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gen-maps.py FACTS OUTDIR: map_types.def, mapfunc.def."""

import sys

from bpfnames import header, profile_mask, rows


def emit_types(facts, out):
    with open(out + "/map_types.def", "w") as f:
        header(f, """Map types.  Made by verifier/tools/gen-maps.py.
MAP_TYPE(id, NAME, "name", direct values, usable by programs that sleep, profiles that know it)""")
        for r in rows(facts, "map_types.tsv"):
            direct = "1" if r["direct_value"].startswith("yes") else "0"
            known = [r["flags_" + p] != "-" for p in ("6.1", "6.12", "6.18", "7.2")]
            if r["name"] == "struct_ops":
                known = [True] * 4
            if r["name"] in ("insn_array", "rhash"):
                known = [False, False, False, True]
            sleep = r["usable_by_sleepable"]
            sleep = "P7" if "yes_in_7.2" in sleep else "P_ALL" if sleep == "yes" else "0"
            f.write('MAP_TYPE(%s, %s, "%s", %s, %s, %s)\n' % (
                r["id"], r["name"].upper(), r["name"], direct, sleep, profile_mask(known)))


def emit_funcs(facts, out):
    names = {}
    masks = {}
    ids = {r["name"]: int(r["id"]) for r in rows(facts, "helpers.tsv")}
    for r in rows(facts, "map_helper.tsv"):
        hid = ids.get(r["helper"])
        if hid is None or "(" in r["helper"]:
            continue
        # The probe of these pushed through an update; the kernel has no push for them.
        if r["helper"] == "bpf_map_push_elem" and r["map_type"] in ("sockmap", "sockhash"):
            continue
        names[hid] = r["helper"][len("bpf_"):]
        m = masks.setdefault(hid, [0] * 4)
        for i, p in enumerate(("6.1", "6.12", "6.18", "7.2")):
            v = r[p]
            if v.startswith("yes") or (v == "-" and r["7.2"].startswith("yes")):
                m[i] |= 1 << int(r["map_type_id"])
    with open(out + "/mapfunc.def", "w") as f:
        header(f, """Which map types a helper takes: for each profile a set of bits, bit n is map type n.
Made by verifier/tools/gen-maps.py.
MAPFUNC(helper id, name, 6.1, 6.12, 6.18, 7.x)""")
        for hid in sorted(names):
            f.write("MAPFUNC(%d, %s, %s)\n" % (
                hid, names[hid], ", ".join("0x%010x" % m for m in masks[hid])))


if __name__ == "__main__":
    emit_types(sys.argv[1], sys.argv[2])
    emit_funcs(sys.argv[1], sys.argv[2])
