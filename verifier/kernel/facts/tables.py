# SPDX-License-Identifier: Apache-2.0
"""Turns facts into the tables that the verifier is compiled with. Each function gives one table's lines."""

import re

from facts import COLUMNS, SERIES, Wrong, column, in_columns, in_series, merged, names, number, read


def profiles(holds):
    """P_ALL, or P61 | P612 and so on; P7 is all of 7.x."""
    have = {c for c, h in zip(COLUMNS, holds) if h}
    if len(have) == len(COLUMNS):
        return "P_ALL"
    sevens = [c for c in COLUMNS if c.startswith("7.")]
    whole = have >= set(sevens)
    found = ["P" + c.replace(".", "") for c in COLUMNS if c in have and not (whole and c in sevens)]
    return " | ".join(found + (["P7"] if whole else [])) or "0"


def ident(series):
    return series.replace(".", "_")


def words(cell, prefix=""):
    return " | ".join(prefix + n.upper() for n in names(cell)) or "0"


PROG_TYPES = [r["name"] for r in read("prog_types")]
ATTACH_TYPES = [r["name"] for r in read("attach_types")]


def of(macro, cell, known):
    """T(XDP) | T(LSM) of a list of types, in the order of their numbers."""
    for n in names(cell):
        if n not in known:
            raise Wrong("unknown type %s" % n)
    return " | ".join("%s(%s)" % (macro, n.upper()) for n in sorted(names(cell), key=known.index)) or "0"


def types(cell):
    return of("T", cell, PROG_TYPES)


def attach(cell):
    return of("A", cell, ATTACH_TYPES)


def sizes(cell):
    """1,2 -> at every aligned offset inside the field: low bits; 1@0 -> at its start: high bits."""
    mask = 0
    for item in [] if cell == "none" else cell.split(","):
        m = re.fullmatch(r"([1248])(@0)?", item)
        if not m:
            raise Wrong("unknown size %s" % item)
        mask |= int(m.group(1)) << (4 if m.group(2) else 0)
    return "0x%02x" % mask


def header(text, source):
    lines = text.strip().split("\n") + ["Made by verifier/kernel/facts/generate.py from %s.tsv: change the facts, not this." % source]
    return ["/* SPDX-License-Identifier: Apache-2.0 */", "/*"] + [" * " + line for line in lines] + [" */"]


# ---- types ----

def prog_types():
    caps = {"none": "CAP_NONE", "bpf": "CAP_BPF", "perfmon": "CAP_PERF", "net_admin": "CAP_NET",
            "net_admin,perfmon": "CAP_NET | CAP_PERF"}
    out = header("""Program types.
PROG_TYPE(id, NAME, "name", capabilities beside CAP_BPF, flags, profiles, expected attach types)
expected attach types: 0 any; the set NO_ATTACH holds only the unset one.""", "prog_types")
    for row, holds in merged(read("prog_types"), in_columns):
        expected = "NO_ATTACH" if row["expected_attach"] == "unset" else attach(row["expected_attach"])
        out.append('PROG_TYPE(%s, %s, "%s", %s, %s, %s, %s)' % (
            row["id"], row["name"].upper(), row["name"], caps[row["capabilities"]], words(row["rights"]),
            profiles(holds), expected))
    return out


def attach_types():
    out = header('Attach types.\nATTACH_TYPE(id, NAME, "name", profiles that know it)', "attach_types")
    for row, holds in merged(read("attach_types"), in_columns):
        out.append('ATTACH_TYPE(%s, %s, "%s", %s)' % (row["id"], row["name"].upper(), row["name"], profiles(holds)))
    return out


def map_types():
    out = header("""Map types.
MAP_TYPE(id, NAME, "name", direct values, usable by programs that sleep, profiles that know it)""", "map_types")
    for row, holds in merged(read("map_types"), in_columns):
        sleeps = {"any": "P_ALL", "no": "0"}.get(row["sleepable_since"])
        if not sleeps:
            sleeps = profiles(in_columns({"since": row["sleepable_since"], "until": "-"}))
        out.append('MAP_TYPE(%s, %s, "%s", %d, %s, %s)' % (
            row["id"], row["name"].upper(), row["name"], row["direct_values"] == "yes", sleeps, profiles(holds)))
    return out


# ---- what a program may do ----

def returns():
    out = header("""What a program may return; the first row that fits counts, no row: anything.
RET(program types, attach types or 0 for any, profiles, low, high)""", "returns")
    for row, holds in merged(read("returns"), in_columns):
        out.append("RET(%s, %s, %s, %s, %s)" % (
            types(row["callers"]), attach(row["attach"]), profiles(holds), row["low"], row["high"]))
    return out


TITLES = {
    "skb": "struct __sk_buff", "xdp": "struct xdp_md", "sock": "struct bpf_sock of cgroup sock programs",
    "sock_addr": "struct bpf_sock_addr", "sock_ops": "struct bpf_sock_ops", "sk_msg": "struct sk_msg_md",
    "sk_reuseport": "struct sk_reuseport_md", "sk_lookup": "struct bpf_sk_lookup",
    "cgroup": "cgroup device, sysctl and sockopt contexts",
    "trace": "registers, tracepoint records, raw tracepoint arguments",
    "misc": "contexts of syscall and netfilter programs",
}


def context(name):
    out = header("""Fields of %s.
CTX(program types, attach types or 0, field, offset, size, read, write, kind, flags, type, profiles,
architectures) read and write: sizes 1, 2, 4, 8 as bits; the low four at every aligned offset inside the field, the
high four at its start only.""" % TITLES[name], "contexts")
    rows = [dict(r, only=r["arch"]) for r in read("contexts") if r["context"] == name]
    for row, holds in merged(rows, in_columns):
        kind, _, btf = row["kind"].partition(":")
        out.append("CTX(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)" % (
            types(row["callers"]), attach(row["attach"]), row["field"], row["offset"], row["size"], sizes(row["read"]),
            sizes(row["write"]), kind.upper(), words(row["marks"]), '"%s"' % btf if btf else "NULL", profiles(holds),
            "ARCH_ALL" if row["only"] == "-" else "ARCH(%s)" % row["only"]))
    return out


def pointees():
    out = header("""Fields behind socket pointers.
POINTEE(pointer kind, field, offset, size, read, write): sizes as in the ctx_*.def files.""", "pointees")
    for row in read("pointees"):
        out.append("POINTEE(%s, %s, %s, %s, %s, %s)" % (
            row["pointer"].upper(), row["field"], row["offset"], row["size"], sizes(row["read"]), sizes(row["write"])))
    return out


# ---- helpers ----

ARGS = {
    "-": "_", "anything": "W(ANYTHING)", "ctx": "W(CTX)", "ctx+nullable": "N(CTX)", "const_map_ptr": "W(MAP_PTR)",
    "map_key": "W(MAP_KEY)", "map_value": "W(MAP_VALUE)", "map_value+nullable": "N(MAP_VALUE)",
    "uninit_map_value": "W(UNINIT_MAP_VALUE)", "mem_rd": "M(READ)", "mem_rd+nullable": "M(READ | NULLABLE)",
    "mem_rdwr": "M(READ | WRITE)", "mem_rdwr+nullable": "M(READ | WRITE | NULLABLE)",
    "mem_init(any)": "M(READ | ANY)", "mem_init(any)+nullable": "M(READ | ANY | NULLABLE)",
    "mem_wr_uninit": "M(WRITE | UNINIT)", "scalar": "W(SCALAR)", "size_of_prev_nonzero": "W(SIZE)",
    "size_of_prev_or_zero": "W(SIZE_OR_ZERO)", "const_alloc_size_or_zero": "W(ALLOC_SIZE)", "sock": "W(SOCK)",
    "sock+nullable": "N(SOCK)", "sock_common": "W(SOCK_COMMON)", "btf_id_sock_common": "W(BTF_SOCK_COMMON)",
    "btf_id_sock_common+nullable": "N(BTF_SOCK_COMMON)", "btf_id_sock_common+release": "R(BTF_SOCK_COMMON)",
    "percpu_btf_id": "W(PERCPU_BTF_ID)", "const_str": "W(CONST_STR)", "ringbuf_mem+release": "R(RINGBUF_MEM)",
    "spin_lock": "W(SPIN_LOCK)", "timer": "W(TIMER)", "kptr_slot": "W(KPTR_SLOT)",
    "btf_id(resolved_by_rule)+nullable+release": "B(NULLABLE | REL, NULL)",
    "callback_ctx(stack)+nullable": "N(STACK)", "dynptr(any)": "D(ANY, READ)",
    "dynptr(local,uninit)": "D(LOCAL, UNINIT)", "dynptr(ringbuf,uninit)": "D(RINGBUF, UNINIT)",
    "dynptr(ringbuf)+release": "D(RINGBUF, REL)", "func": "W(FUNC)",
}
RETURNS = {
    "integer": "INTEGER", "void": "VOID", "ptr:map_value": "MAP_VALUE", "ptr:sock": "SOCK",
    "ptr:sock_common": "SOCK_COMMON", "ptr:tcp_sock": "TCP_SOCK", "ptr:ringbuf_mem(size=arg2)": "RINGBUF_MEM",
    "ptr:dynptr_mem(size=arg3)": "DYNPTR_MEM", "ptr:mem_or_btf_id(of_arg1_pointee)": "PERCPU_DEREF",
    "ptr:btf_id(resolved_by_rule)": "KPTR",
}
FIXED = {"rd": "READ", "rdwr": "READ | WRITE", "wr_uninit": "WRITE | UNINIT", "init": "READ | ANY"}


def arg(term):
    if term in ARGS:
        return ARGS[term]
    m = re.fullmatch(r"mem_(\w+)_fixed\((\d+)\)(\+aligned)?", term)
    if m:
        return "X(%s%s, %s)" % (FIXED[m.group(1)], " | ALIGNED" if m.group(3) else "", m.group(2))
    m = re.fullmatch(r"btf_id\((\w+)\)(\+nullable)?", term)
    if m:
        return 'B(%s, "%s")' % ("NULLABLE" if m.group(2) else "0", m.group(1))
    raise Wrong("unknown argument %s" % term)


def ret(term):
    base, *marks = term.split("+")
    marks = [m.upper() for m in marks]
    if base in RETURNS:
        return "RET(%s, %s, NULL)" % (RETURNS[base], " | ".join(marks) or "0")
    m = re.fullmatch(r"ptr:(trusted_)?btf_id\((\w+)\)", base)
    if not m:
        raise Wrong("unknown result %s" % term)
    marks += ["TRUSTED"] if m.group(1) else []
    return 'RET(BTF_ID, %s, "%s")' % (" | ".join(marks) or "0", m.group(2))


def helpers():
    out = header("""Helper prototypes, one row a prototype.
HELPER(id, name, caps, types, sleepable, profiles, flags, RET(kind, flags, type), args 1-5)
types 0: every program type that no other row of the helper names.  sleepable 1: for programs that
may sleep, 0: for those that may not, 2: both.""", "helpers")
    caps = {"-": "0", "bpf": "CAP_BPF", "bpf,perfmon": "CAP_TRACE"}
    for row, holds in merged(read("helpers"), in_columns):
        out.append("HELPER(%s, %s, %s, %s, %s, %s, %s, %s, %s)" % (
            row["id"], row["name"][len("bpf_"):], caps[row["capabilities"]],
            "0" if row["callers"] == "others" else types(row["callers"]),
            {"no": 0, "yes": 1, "any": 2}[row["sleepable"]], profiles(holds), words(row["rules"], "H_"),
            ret(row["returns"]), ", ".join(arg(row["arg%d" % i]) for i in range(1, 6))))
    return out


def helper_classes():
    out = header("""Programs that may call the same helpers; the first row that fits counts.
HELPER_CLASS(name, program types, attach types or 0 for any)""", "helper_classes")
    for row in read("helper_classes"):
        out.append("HELPER_CLASS(%s, %s, %s)" % (row["name"], types(row["callers"]), attach(row["attach"])))
    return out


def bit_rows(macro, rows, key, bit_of, ids):
    """One row a helper: for each column the set of what it may meet, as bits."""
    masks = {}
    for row in rows:
        mask = masks.setdefault(row["helper"], [0] * len(COLUMNS))
        for i, holds in enumerate(in_columns(row)):
            mask[i] |= holds << bit_of(row[key])
    return ["%s(%d, %s, %s)" % (macro, ids[h], h[len("bpf_"):], ", ".join("0x%010x" % m for m in masks[h]))
            for h in sorted(masks, key=ids.get)]


def helper_ids():
    return {r["name"]: int(r["id"]) for r in read("helpers")}


def helper_callers():
    order = [r["name"] for r in read("helper_classes")]
    return header("""Who may call which helper: for each profile the set of helper classes, as bits in
the order of helper_class.def.
HELPER_TYPES(id, name, a column for each series)""", "helper_callers") + bit_rows(
        "HELPER_TYPES", read("helper_callers"), "class", order.index, helper_ids())


def helper_counts():
    rows = [(int(r["id"]), in_columns(r)) for r in read("helpers")]
    return header("How many helpers a kernel has, number 0 included.", "helpers") + [
        "[FACTS_%s] = %d," % (ident(c), 1 + max(n for n, holds in rows if holds[i])) for i, c in enumerate(COLUMNS)]


def map_helpers():
    ids = {r["name"]: int(r["id"]) for r in read("map_types")}
    return header("""Which map types a helper takes: for each profile a set of bits, bit n is map type n.
MAPFUNC(helper id, name, a column for each series)""", "map_helpers") + bit_rows(
        "MAPFUNC", read("map_helpers"), "map_type", ids.get, helper_ids())


# ---- kernel functions ----

def kfunc_column(row):
    callers = "T_ALL" if row["callers"] == "all" else types(row["callers"])
    return "AT(%s, %s, %s)" % (words(row["flags"], "KF_"), callers, row["condition"].upper())


def kfuncs():
    found = {}
    for row in read("kfuncs"):
        if not any(in_series(row)):
            continue
        columns = found.setdefault(row["name"], ["NONE"] * len(COLUMNS))
        for i, holds in enumerate(in_columns(row)):
            if holds and columns[i] not in ("NONE", kfunc_column(row)):
                raise Wrong("%s: two rows for one kernel" % row["name"])
            columns[i] = kfunc_column(row) if holds else columns[i]
    out = header("""Kernel functions that programs may call, by name.
KFUNC(name, a column for each series), each AT(flags, program types, condition) or NONE.""", "kfuncs")
    for name in sorted(found):
        out += ["KFUNC(%s," % name] + ["\t%s%s" % (c, ")" if i == len(COLUMNS) - 1 else ",")
                                       for i, c in enumerate(found[name])]
    return out


def kfunc_flags():
    flags = {}
    for row in read("kfunc_flags"):
        flags.setdefault(row["name"], []).append("KF_" + row["flag"].upper())
    return header("""Flags beside those of kfunc.def. KFUNC_FLAGS(name, flags): KF_LOCKSAFE, may be called while a
bpf_spin_lock is held (7.0 and later; 7.0 to 7.2 have the same as lists of names); KF_PERFMON, only with CAP_PERFMON
(7.3).""", "kfunc_flags") + ["KFUNC_FLAGS(%s, %s)" % (n, " | ".join(flags[n])) for n in sorted(flags)]


# ---- kernels ----

def profile(name):
    return "PROFILE_" + ident(name)


def behaviours():
    out = header("""What differs between kernels, one row a behaviour: BEHAVE(name, meaning). Kernels that behave so, and code of ours
that does, are in behave_of.def.""", "behaviours")
    area = ""
    for row, _ in merged(read("behaviours"), in_series):
        if row["area"] != area:
            area = row["area"]
            out += ["", "/* %s */" % area]
        out.append('%-30s "%s")' % ("BEHAVE(%s," % row["name"], row["meaning"]))
    return out


def behaviours_of():
    rows = merged(read("behaviours"), in_series)
    out = header("What each series does: the rows of behave.def that hold for it.", "behaviours")
    for i, name in enumerate(SERIES):
        out += ["[%s] = {" % profile(name)] + ["\t.%s = true," % row["name"] for row, holds in rows if holds[i]] + ["},"]
    return out


def limits_found():
    found = {}
    for row in read("limits"):
        value = int(row["value"])
        values, _ = found.setdefault(row["name"], ([None] * len(SERIES), row["unit"]))
        for i, holds in enumerate(in_series(row)):
            if holds and values[i]:
                raise Wrong("%s: two limits for one kernel" % row["name"])
            values[i] = ("%du" if value > 0x7fffffff else "%d") % value if holds else values[i]
    for name, (values, _) in found.items():
        if None in values:
            raise Wrong("%s: no limit for %s" % (name, SERIES[values.index(None)]))
    return found


def limits():
    return header("LIMIT(name, unit); the values are in limits_of.def.", "limits") + [
        '%-24s "%s")' % ("LIMIT(%s," % name, unit) for name, (_, unit) in limits_found().items()]


def limits_of():
    out = header("The limits of each series.", "limits")
    for i, name in enumerate(SERIES):
        out += ["[%s] = {" % profile(name)] + [
            "\t.%s = %s," % (limit, values[i]) for limit, (values, _) in limits_found().items()] + ["},"]
    return out


def series():
    out = header("""The kernels that have rules of their own, the oldest first: SERIES(id, major, minor, patch, column, name, builds).
Column is where tables by series have what it has. The builds are those whose verdicts were put beside ours, program
by program; "": none yet, the rules are read and probed only.""", "series")
    for row in read("series"):
        name = row["series"]
        major, minor, patch = (name.split(".") + ["0"])[:3]
        out.append('SERIES(%s, %s, %s, %s, %s, "%s", "%s")' % (
            ident(name), major, minor, patch, ident(column(name)), name, " ".join(names(row["builds"]))))
    return out


# ---- what all but the verifier know of types ----

def made(*lines):
    return ["/* SPDX-License-Identifier: Apache-2.0 */", "/*"] + [" * " + line for line in lines] + [" */"]


def section(macro, rows):
    return ["", "#ifdef " + macro] + rows + ["#undef " + macro, "#endif"]


def since(rows):
    """The first kernel with it, as a number; 0: the oldest that we know has it. One that is only announced has none."""
    firsts = [r["since"] for r in rows if r["since"] != "unknown"]
    if "-" in firsts or not firsts:
        return "0"
    return "KERNEL(%s)" % ", ".join(min(firsts, key=number).split(".")[:2])


def caps(cell):
    return words(cell, "TO_")


def link_fields():
    return {r["name"]: r["fields"] for r in read("link_types")}


def prog_rows():
    return ['KERNEL_PROG_TYPE(%s, %s, "%s", %s, %s, %s, %s)' % (
        r["id"], r["name"].upper(), r["name"], since([r]), caps(r["loaded_with"]), caps(r["attached_with"]),
        {"own": "false", "others": "true"}[r["affects"]]) for r in read("prog_types") if r["since"] != "never"]


def map_rows():
    return ['KERNEL_MAP_TYPE(%s, %s, "%s", %s, %s, %s)' % (
        r["id"], r["name"].upper(), r["name"], since([r]), caps(r["made_with"]), r["value"].upper().replace("@", "_AT_"))
        for r in read("map_types")]


def link_rows():
    return ['KERNEL_LINK_TYPE(%s, %s, "%s", %s, %s)' % (
        r["id"], r["name"].upper(), r["name"], since([r]), r["fields"].upper()) for r in read("link_types")]


def attach_rows():
    def named(cell):
        return "NONE" if cell == "-" else cell.upper()
    return ["KERNEL_ATTACH_TYPE(%s, %s, %s, %s, %s, %s, %s)" % (
        r["id"], r["name"].upper(), since([r]), named(r["link"]), link_fields().get(r["link"], "other").upper(),
        r["target"].upper(), named(r["kind"])) for r in read("attach_types")]


def kind_rows():
    return ['KERNEL_ATTACH_KIND(%s, "%s", %s, %s, "%s")' % (
        r["name"].upper(), r["name"], r["form"].upper(), "UNSPEC" if r["loaded_as"] == "-" else r["loaded_as"].upper(),
        "" if r["btf_prefix"] == "-" else r["btf_prefix"]) for r in read("attach_kinds")]


def helper_rows():
    """A helper has a row for each prototype: here it has one, with what any of them wants."""
    found = {}
    for r in read("helpers"):
        found.setdefault((int(r["id"]), r["name"]), []).append(r)
    return ['KERNEL_HELPER(%d, %s, "%s", %s, %s)' % (
        i, name[len("bpf_"):], name, since(rows), caps(",".join(sorted({c for r in rows for c in names(r["capabilities"])})) or "-"))
        for (i, name), rows in sorted(found.items())]


def command_rows():
    return ["KERNEL_COMMAND(%s, %s, %s)" % (r["id"], r["name"].upper(), since([r])) for r in read("commands")]


def arch_rows():
    return ['KERNEL_ARCH(%s, %s, "%s", %s, %s)' % (
        r["number"], r["name"], r["config"], r["audit"], {"yes": "true", "no": "false"}[r["judged"]]) for r in read("arches")]


def kfunc_rows():
    return ['KERNEL_KFUNC("%s")' % n for n in sorted({r["name"] for r in read("kfuncs")})]


def kernel_types():
    out = made(
        "What kernels have, by number. Made by verifier/kernel/facts/generate.py: change the facts, not this. Since: KERNEL(major,",
        "minor) or 0, the oldest that we know.",
        'KERNEL_PROG_TYPE(number, NAME, "name", since, capabilities to load, to attach, does it act on others?)',
        'KERNEL_MAP_TYPE(number, NAME, "name", since, capabilities to create, what its values hold)',
        'KERNEL_LINK_TYPE(number, NAME, "name", since, members of link_create\'s union it is made with)',
        "KERNEL_ATTACH_TYPE(number, NAME, since, LINK, members as above, kind of its target, KIND of rules\' \"attach\")",
        'KERNEL_ATTACH_KIND(NAME, "key", how rules name it, PROGRAM TYPE whose load names it, prefix of that name in BTF)',
        'KERNEL_HELPER(number, name, "name", since, capabilities), KERNEL_KFUNC("name"), KERNEL_COMMAND(number, NAME, since)',
        'KERNEL_ARCH(number, name as uname -m says, option of its kernels, number in audit records, are programs for it judged?)')
    for macro, rows in (
            ("KERNEL_PROG_TYPE", prog_rows), ("KERNEL_MAP_TYPE", map_rows), ("KERNEL_LINK_TYPE", link_rows),
            ("KERNEL_ATTACH_TYPE", attach_rows), ("KERNEL_ATTACH_KIND", kind_rows), ("KERNEL_HELPER", helper_rows),
            ("KERNEL_KFUNC", kfunc_rows), ("KERNEL_ARCH", arch_rows), ("KERNEL_COMMAND", command_rows)):
        out += section(macro, rows())
    return out


# The tables by file name, and what makes each.
TABLES = {
    "prog_types.def": prog_types, "attach_types.def": attach_types, "map_types.def": map_types, "ret.def": returns,
    "ctx_pointee.def": pointees, "helper.def": helpers, "helper_class.def": helper_classes,
    "helper_types.def": helper_callers, "helper_count.def": helper_counts, "mapfunc.def": map_helpers, "kfunc.def": kfuncs,
    "kfunc_flags.def": kfunc_flags, "behave.def": behaviours, "behave_of.def": behaviours_of,
    "limits.def": limits, "limits_of.def": limits_of, "measured.def": series,
    "kernel_types.def": kernel_types,
}
for _name in TITLES:
    TABLES["ctx_%s.def" % _name] = lambda name=_name: context(name)
