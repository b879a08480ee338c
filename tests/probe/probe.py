#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""probe.py ask | judge VERSION ANSWERS CONFIG FACTS

ask: prints the questions that make out what a kernel has (asked.c answers them there).
judge: writes what VERSION answered to FACTS, one row a fact, and prints where verifier/kernel/facts says otherwise.
CONFIG is the kernel's configuration, or - where it is not known: what it was built without it need not have.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "verifier", "kernel", "facts"))
import facts  # noqa: E402
from facts import names, read  # noqa: E402

SLEEPABLE = 1 << 4
MORE = 4  # numbers asked beyond the last that is known
# A map of each type that every kernel with the type makes: key, value, entries, flags; what is not here is 4, 4, 1, 0.
SHAPES = {"lpm_trie": (8, 4, 1, 1), "cgroup_storage": (8, 4, 0, 0), "percpu_cgroup_storage": (8, 4, 0, 0),
          "queue": (0, 4, 1, 0), "stack": (0, 4, 1, 0), "ringbuf": (0, 0, 4096, 0), "user_ringbuf": (0, 0, 4096, 0),
          "stack_trace": (4, 8, 1, 0), "sk_storage": (4, 4, 0, 1), "inode_storage": (4, 4, 0, 1),
          "task_storage": (4, 4, 0, 1), "cgrp_storage": (4, 4, 0, 1), "bloom_filter": (0, 4, 1, 0),
          "arena": (0, 0, 1, 1 << 10), "insn_array": (4, 16, 1, 0), "rhash": (4, 4, 1, 1),
          "reuseport_sockarray": (4, 8, 1, 0)}


def all_classes():
    return [(r, r["name"]) for r in read("helper_classes")]


def ask_classes():
    prog = {r["name"]: r["id"] for r in read("prog_types")}
    attach = {r["name"]: r["id"] for r in read("attach_types")}
    for row, name in all_classes():
        kind = names(row["callers"])[0]
        yield "class %s %s %s %d %s" % (name, prog[kind], attach.get(row["asked_attach"], "0"),
                                        SLEEPABLE if kind == "syscall" else 0, row["asked_target"])


def ask_helpers():
    ids = {int(r["id"]): r["name"] for r in read("helpers")}
    last = max(ids)
    for number in list(ids) + list(range(last + 1, last + 1 + MORE)):
        for _, name in all_classes():
            yield "helper %s %d %s" % (name, number, ids.get(number, "new_%d" % number))


def ask_maps():
    known = {int(r["id"]): r["name"] for r in read("map_types")}
    for number in sorted(known) + [max(known) + 1 + i for i in range(MORE)]:
        name = known.get(number, "new_%d" % number)
        yield "map %d %d %d %d %d %s" % ((number,) + SHAPES.get(name, (4, 4, 1, 0)) + (name,))


def contexts_of(cls):
    """The fields that programs of this class have."""
    kind = names(cls["callers"])[0]
    for row in read("contexts"):
        if kind in names(row["callers"]) and (row["attach"] == "any" or cls["asked_attach"] in names(row["attach"])):
            yield row


def ask_contexts():
    asked = set()
    for cls, name in all_classes():
        for row in contexts_of(cls):
            for size in (1, 2, 4, 8):
                for how in "rw":
                    asked.add((name, int(row["offset"]), size, how))
    return ["ctx %s %d %d %s" % q for q in sorted(asked)]


def ask_all():
    yield from ask_classes()
    for _, name in all_classes():
        yield "prog " + name
    yield from ask_maps()
    yield from ask_helpers()
    for kfunc in sorted({r["name"] for r in read("kfuncs")}):
        for _, name in all_classes():
            yield "kfunc %s %s" % (name, kfunc)
    yield from ask_contexts()


# ---- what the facts say ----

def row_holds(row, series):
    return facts.in_series(row)[facts.SERIES.index(series)]


def allows(cell, off, size):
    """read or write of a field that starts at off: 1,2@0 and so on, for an access at its start."""
    return str(size) in cell.split(",") or "%d@0" % size in cell.split(",")


def inside(row, off, size):
    start, length = int(row["offset"]), int(row["size"])
    return off == start and off + size <= start + length


class Expect:
    """What the facts lead one to expect of a series; None: they say nothing."""

    def __init__(self, series):
        self.series = series
        held = lambda table: [r for r in read(table) if row_holds(r, series)]
        self.helpers = {(r["class"], r["helper"]) for r in held("helper_callers")}
        self.maps = {r["name"] for r in held("map_types")}
        self.kinds = {r["name"] for r in held("prog_types")}
        self.kfuncs = {}
        for r in held("kfuncs"):
            self.kfuncs[r["name"]] = r
        self.contexts = {name: [r for r in contexts_of(c) if row_holds(r, series)] for c, name in all_classes()}
        self.classes = {name: c for c, name in all_classes()}

    def of(self, words):
        kind, what = words[0], words[1:]
        if kind == "helper":
            return (what[0], what[2]) in self.helpers
        if kind == "map":
            return what[5] in self.maps
        if kind == "prog":
            return names(self.classes[what[0]]["callers"])[0] in self.kinds
        if kind == "ctx":
            off, size = int(what[1]), int(what[2])
            column = {"r": "read", "w": "write"}[what[3]]
            return any(inside(r, off, size) and allows(r[column], off, size) for r in self.contexts[what[0]])
        return self.kfunc(what[0], what[1])

    def kfunc(self, cls, name):
        row = self.kfuncs.get(name)
        if row is None:
            return False
        if row["condition"] in ("iter", "session") or (row["condition"] == "sched_ext" and cls == "struct_ops"):
            return None  # hangs on more than the class
        return row["callers"] == "all" or bool(set(names(self.classes[cls]["callers"])) & set(names(row["callers"])))


def built_with(path):
    if path == "-":
        return None
    with open(path, encoding="utf-8") as f:
        return {line.split("=")[0] for line in f if line.startswith("CONFIG_") and line.rstrip()[-2:] != "=n"}


def series_of(version):
    fit = [s for s in facts.SERIES if facts.number(s) <= facts.number(version)]
    return fit[-1] if fit else facts.SERIES[0]


def needed(words, expect):
    if words[0] != "kfunc":
        return "-"
    row = expect.kfuncs.get(words[2])
    return row["needs"] if row else "-"


def excused(words, said, expect, config):
    """A kernel function that is not there: for its configuration, as far as that is known."""
    if said != "absent":
        return False
    needs = needed(words, expect)
    return needs != "-" and (config is None or not set(needs.split(",")) <= config)


def judge(version, answers, config, out):
    expect, have = Expect(series_of(version)), built_with(config)
    counts = {"asked": 0, "as the facts say": 0, "nothing can be said": 0, "by configuration": 0, "otherwise": 0}
    with open(answers, encoding="ascii") as f, open(out, "w", encoding="ascii") as table:
        table.write("question\tanswer\tkernel\n")
        for line in f:
            question, said = line.rstrip("\n").split("\t", 1)
            if question == "kernel":
                release = said.replace("\t", " ")
                continue
            words = question.split(" ")
            counts["asked"] += 1
            table.write("%s\t%s\t%s\n" % (question, said, release))
            want = expect.of(words)
            if said.startswith("?") or want is None:
                counts["nothing can be said"] += 1
            elif (said == "yes") == want:
                counts["as the facts say"] += 1
            elif excused(words, said, expect, have):
                counts["by configuration"] += 1
            else:
                counts["otherwise"] += 1
                print("%s: %s, the facts say %s" % (question, said, "yes" if want else "no"))
    print("%s, rules of %s: %s" % (version, expect.series, ", ".join("%d %s" % (n, k) for k, n in counts.items())))
    return 1 if counts["otherwise"] or not counts["asked"] else 0


def main():
    if sys.argv[1:] == ["ask"]:
        print("\n".join(ask_all()))
        return 0
    if len(sys.argv) == 6 and sys.argv[1] == "judge":
        return judge(*sys.argv[2:])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
