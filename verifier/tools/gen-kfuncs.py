#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gen-kfuncs.py FACTS OUTDIR: kfunc.def, one row a kfunc, from kfuncs.tsv."""

import csv
import os
import re
import sys

FLAGS = {"acquire": "ACQ", "release": "REL", "ret_null": "NULL", "trusted_args": "TRUST", "sleepable": "SLEEP",
         "destructive": "DESTR", "rcu": "RCU", "iter_new": "NEW", "iter_next": "NEXT", "iter_destroy": "DESTROY",
         "rcu_protected": "RCUP"}
VERSIONS = ["6.1", "6.12", "6.18", "7.2"]
# What the facts do not have, from the documented declarations of 6.18.
KNOWN_6_18 = {"bpf_stream_vprintk_impl": ["TRUST"], "bpf_task_work_schedule_resume_impl": ["TRUST"],
              "bpf_task_work_schedule_signal_impl": ["TRUST"],
              "bpf_arena_reserve_pages": ["SLEEP", "TRUST"]}	# probed: it sleeps
TRACING = {"tracepoint", "perf_event", "tracing"}


def flags(row, version):
    """Flags of one kernel; None: not there, or not known."""
    if version == "6.18" and row["name"] in KNOWN_6_18:
        return KNOWN_6_18[row["name"]]
    if version == "6.1":
        text = row["flags_6.12"] if row["callable_6.1"] == "yes" else "absent"
    else:
        text = row["flags_" + version]
    text = text.split("(from")[0]
    m = re.match(r"between\((.*);.*", text)
    text = m.group(1) if m else text
    if text in ("absent", "absent_or_config", "unknown", "?", "-"):
        return None
    return [FLAGS[f] for f in text.split("|") if f in FLAGS]


def types(row, version):
    """(types, condition): the program types that may call it, and what else must hold."""
    text = row["allowed_" + version]
    cond = "ANY"
    if text == "-":
        return [], cond
    if "(iter:" in text:
        cond = "ITER"
    if "session" in text:
        cond = "SESSION"
    text = re.sub(r"\([^)]*\)", "", text)
    if text == "all_tested":
        return ["ALL"], cond
    names = text.split(",")
    # LSM hooks share the set of tracing; they could not be probed on 6.18
    if version == "6.18" and TRACING <= set(names) and "lsm" not in names:
        names.append("lsm")
    return names, cond


def lsm_only(row):
    return row["allowed_6.18"] == "-" and "lsm" in (row["allowed_6.12"], row["allowed_7.2"]) and \
        row["callable_6.18"] == "yes" or row["allowed_7.2"] == "lsm"


def column(row, version):
    f = flags(row, version)
    if f is None:
        return "NONE"
    names, cond = types(row, version)
    if version == "6.18" and lsm_only(row):
        names = ["lsm"]
    if not names and version != "7.2" and version != "6.18":
        names = []
    mask = " | ".join("T(%s)" % n.upper() if n != "ALL" else "T_ALL" for n in names) or "0"
    return "AT(%s, %s, %s)" % (" | ".join("KF_" + x for x in f) or "0", mask, cond)


def main():
    facts, out = sys.argv[1:3]
    with open(os.path.join(facts, "kfuncs.tsv"), encoding="ascii") as f:
        rows = list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))
    with open(os.path.join(out, "kfunc.def"), "w", encoding="ascii") as f:
        f.write("/* SPDX-License-Identifier: Apache-2.0 */\n"
                "/*\n * Kernel functions that programs may call, by name; written by tools/gen-kfuncs.py.\n"
                " * KFUNC(name, 6.1, 6.12, 6.18, 7.x), each AT(flags, program types, condition) or NONE.\n */\n")
        for row in sorted(rows, key=lambda r: r["name"]):
            cols = [column(row, v) for v in VERSIONS]
            if all(c == "NONE" for c in cols):
                continue
            f.write("KFUNC(%s,\n\t%s)\n" % (row["name"], ",\n\t".join(cols)))


main()
