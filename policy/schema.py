#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""schema.py: writes the parts of schema.json that tables say already: the keys of "programs" (programs.def), and the kinds
of targets (proto/kernel_types.def). With --check it writes nothing, and fails where they differ."""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SCHEMA = os.path.join(HERE, "schema.json")
# How a kind's targets are named, as the schema calls it.
FORMS = {"INTERFACE": "interfaces", "CGROUP": "paths", "NETNS": "namespaces", "FILE": "binaries", "NAME": "some"}


def read(*path):
    with open(os.path.join(HERE, *path), encoding="ascii") as f:
        return f.read()


def ref(name):
    return '{"$ref": "#/$defs/%s"}' % name


def programs():
    forms = {
        "LIST": lambda rest: ref("list"),
        "FLAG": lambda rest: '{"type": "boolean"}',
        "UINT": lambda rest: '{"type": "integer", "minimum": %s, "maximum": %s}' % tuple(rest.split(", ")[:2]),
        "WORD": lambda rest: '{"enum": [%s]}' % rest.split(", ", 2)[2],
        "OWN": lambda rest: rest.split(", ", 1)[1],
    }
    for form, key, rest in re.findall(r"^PROGRAMS_(\w+)\((\w+), \w+, \w+, (.*)\)(?: /\*.*)?$", read("programs.def"), re.M):
        yield key, forms[form](rest)


def attach():
    yield "any", '{"const": ["*"]}'
    for word, form in re.findall(r'^KERNEL_ATTACH_KIND\(\w+, "(\w+)", (\w+),', read("..", "proto", "kernel_types.def"), re.M):
        yield word, ref(FORMS[form])


def filled(text, name, rows):
    """The text with these rows as the properties of a definition."""
    begin = text.index('\n    "%s": {\n' % name)
    begin = text.index('"properties": {\n', begin) + len('"properties": {\n')
    end = text.index("\n      }\n", begin)
    return text[:begin] + ",\n".join('        "%s": %s' % row for row in rows) + text[end:]


def main():
    have = read("schema.json")
    want = filled(filled(have, "attach", attach()), "programs", programs())
    if "--check" not in sys.argv[1:]:
        with open(SCHEMA, "w", encoding="ascii") as f:
            f.write(want)
    elif have != want:
        print("policy/schema.json is not what the tables say: run policy/schema.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
