# SPDX-License-Identifier: Apache-2.0
"""Reads fact files: tab-separated, one row a fact, with the kernels it holds for.

since and until name series, or a patch level of one that has rules of its own; "-" is an open end; since "never" is a fact
of no kernel, "unknown" one of which only the name is known: neither is in a table by kernel. A bound between two series
that were measured may in truth lie anywhere between them.
"""

import csv
import os

HERE = os.path.dirname(os.path.abspath(__file__))
WHEN = ("since", "until", "needs", "arch")
# Tables whose rows may hold for one architecture only.
BY_ARCH = ("contexts",)


class Wrong(Exception):
    """A fact that cannot be."""


def read(name):
    path = os.path.join(HERE, name + ".tsv")
    with open(path, newline="", encoding="ascii") as f:
        rows = list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))
    for i, row in enumerate(rows):
        if None in row or None in row.values() or any(v == "" or v != v.strip() for v in row.values()):
            raise Wrong("%s.tsv:%d: a cell too many, missing or empty" % (name, i + 2))
        if row.get("arch", "-") != "-" and (name not in BY_ARCH or row["arch"] not in arches()):
            raise Wrong("%s.tsv:%d: no such architecture, or no table by architecture: %s" % (name, i + 2, row["arch"]))
        if row.get("needs", "-") != "-" and not row["needs"].startswith("CONFIG_"):
            raise Wrong("%s.tsv:%d: needs %s, which is no CONFIG_" % (name, i + 2, row["needs"]))
    return rows


def arches():
    return [r["name"] for r in read("arches")]


SERIES = [r["series"] for r in read("series")]
PATCHES = 1000  # more than a series has


def column(series):
    """6.18 of 6.18.44: what kernels have is told by series, only what they do also by patch level."""
    return ".".join(series.split(".")[:2])


COLUMNS = {c: [s for s in SERIES if column(s) == c] for c in dict.fromkeys(column(s) for s in SERIES)}


def number(version, patch=0):
    """6.18.44 as a number; patch is that of a version which names none."""
    major, minor, *rest = [int(part) for part in version.split(".")]
    return (major * 1000 + minor) * PATCHES + (rest[0] if rest else patch)


def in_series(row):
    """A truth value for each series: does the fact hold there?"""
    since, until = row["since"], row["until"]
    if since in ("never", "unknown"):
        return [False] * len(SERIES)
    low = 0 if since == "-" else number(since)
    high = 10 ** 9 if until == "-" else number(until, PATCHES - 1)
    if low > high:
        raise Wrong("%s: since %s until %s" % (" ".join(row.values()), since, until))
    return [low <= number(s) <= high for s in SERIES]


def in_columns(row):
    have = dict(zip(SERIES, in_series(row)))
    return [any(have[s] for s in COLUMNS[c]) for c in COLUMNS]


def merged(rows, holds, but=()):
    """Rows alike in all but when they hold, as one: [(row, truth values)], in order."""
    found = {}
    for row in rows:
        key = tuple(v for k, v in row.items() if k not in WHEN and k not in but)
        if key in found:
            old = found[key][1]
            found[key] = (found[key][0], [a or b for a, b in zip(old, holds(row))])
        else:
            found[key] = (row, holds(row))
    return list(found.values())


def names(cell):
    return [] if cell in ("-", "any") else cell.split(",")
