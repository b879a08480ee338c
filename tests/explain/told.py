# SPDX-License-Identifier: Apache-2.0
"""What is said of each case, word for word, as it was once looked at: told.golden. Beside the text of an explanation
stand digests of the whole document, as `bpfgate check` prints it, for other kernels and capabilities. Compared is only
what can be: the same instructions (another compiler makes others), judged with the same kernel's BTF."""
import hashlib
import json
import os

JUDGED = ((), ("--kernel", "6.1"), ("--kernel", "7.3"), ("--mode", "no-perfmon"), ("--mode", "leak-rules"))
# What differs from run to run, and from kernel to kernel of one series.
LEFT_OUT = ("input", "kernel", "time_ns", "peak_bytes", "rules", "confidence", "reference")
HEAD = "# Made by `tests/explain/run --write`: what is told of each case; told.py beside this file. Kernel BTF "


def plain(value):
    """Files by their names alone."""
    if isinstance(value, dict):
        return {k: os.path.basename(v) if k == "file" and v else plain(v) for k, v in value.items() if k not in LEFT_OUT}
    return [plain(v) for v in value] if isinstance(value, list) else value


def kernel_btf():
    try:
        with open("/sys/kernel/btf/vmlinux", "rb") as f:
            return hashlib.sha256(f.read()).hexdigest()[:16]
    except OSError:
        return "none"


def digest(doc):
    return hashlib.sha256(json.dumps(plain(doc), sort_keys=True).encode()).hexdigest()[:12] if doc else "-"


def sections(judge, paths, scored):
    """{object: [line, ...]}: a head line, then the text of its explanation."""
    judged = [judge(paths, *flags) for flags in JUDGED]
    told = {}
    for name in sorted(map(os.path.basename, paths)):
        doc = scored.get(name) or {}
        head = [name[:-2], (doc.get("digest") or "-")[7:23], str(doc.get("insns_processed"))]
        told[name[:-2]] = ["\t".join(["=="] + head + [digest(j.get(name)) for j in judged])] + \
            ["  " + line if line else "" for line in (doc.get("explanation") or "").rstrip("\n").split("\n") if doc.get("explanation")]
    return told


def read(path):
    """(the kernel's BTF, {object: [line, ...]})"""
    told, name = {}, None
    with open(path, encoding="utf-8") as f:
        head, *lines = f.read().rstrip("\n").split("\n")
    for line in lines:
        if line.startswith("==\t"):
            name = line.split("\t")[1]
            told[name] = []
        told[name].append(line)
    return head[len(HEAD):], told


def write(path, told):
    with open(path, "w", encoding="utf-8") as f:
        f.write(HEAD + kernel_btf() + "\n")
        for name in sorted(told):
            f.write("\n".join(told[name]) + "\n")


def same_program(was, now):
    return was[0].split("\t")[2] == now[0].split("\t")[2]


def differences(path, told):
    """(what is told otherwise, one text each; how many could be compared)"""
    btf, was = read(path)
    if btf != kernel_btf():
        return [], 0
    both = [n for n in told if n in was and same_program(was[n], told[n])]
    texts = ["%s is told otherwise:\n%s\nwas:\n%s" % (n, "\n".join(told[n]), "\n".join(was[n])) for n in both if was[n] != told[n]]
    texts += ["%s has no row in told.golden: tests/explain/run --write" % n for n in told if n not in was]
    return texts + ["%s is in told.golden and is no case any more" % n for n in was if n not in told], len(both)
