#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""generate.py: makes the tables of verifier/ and proto/ from the facts beside this."""

import difflib
import os
import sys

sys.dont_write_bytecode = True
from facts import HERE, Wrong  # noqa: E402
from tables import TABLES  # noqa: E402

TOP = os.path.normpath(os.path.join(HERE, "..", "..", ".."))


def path_of(table):
    """A table lies in whichever room reads it."""
    found = [os.path.join(d, table) for room in ("verifier", "proto")
             for d, _, files in os.walk(os.path.join(TOP, room)) if table in files]
    if len(found) != 1:
        raise Wrong("%s: in %d folders" % (table, len(found)))
    return found[0]


def differs(table, text):
    path = path_of(table)
    with open(path, encoding="ascii") as f:
        have = f.read()
    return [line[:160] for line in difflib.unified_diff(
        text.splitlines(), have.splitlines(), "the facts", os.path.relpath(path, TOP), lineterm="", n=0)]


def text_of(table):
    return "\n".join(TABLES[table]()) + "\n"


def problems():
    """Where the tables say otherwise, as lines."""
    return [line for table in sorted(TABLES) for line in differs(table, text_of(table))]


def main():
    changed = [table for table in sorted(TABLES) if differs(table, text_of(table))]
    for table in changed:
        with open(path_of(table), "w", encoding="ascii") as f:
            f.write(text_of(table))
    print("%d tables, changed: %s" % (len(TABLES), " ".join(changed) or "none"))


if __name__ == "__main__":
    main()
