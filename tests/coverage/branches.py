#!/usr/bin/env python3
"""Branches by file, from what llvm-cov exports: every condition of if, while, for, ?:, && and ||, and every case, is
to be seen both ways.

  branches.py EXPORT.json FOLDER

Left out: CHECK_OR_DIE and its arguments, whose failure ends the process before counters are written; the way past
every case of a switch without a default, which is not there for the values of an enumeration (the compiler refuses a
switch that leaves one out); what the compiler makes of "= default". What TRY passes on is a branch where it was made. Exit status 1 if a branch was not taken.
"""
import collections
import json
import os
import re
import sys


def checks(text):
    """The lines that CHECK_OR_DIE and its arguments stand on."""
    lines = set()
    for found in re.finditer(r"\bCHECK_OR_DIE\(", text):
        end, depth = found.end(), 1
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        first = text.count("\n", 0, found.start()) + 1
        lines.update(range(first, text.count("\n", 0, end) + 2))
    return lines


def add_branches(found, file):
    """Adds (line, column, …) → times true, times false; what a macro brings is at the place of the macro."""
    places = [(tuple(b[:4]), b) for b in file["branches"]]
    for expansion in file["expansions"]:
        places += [((*expansion["source_region"][:2], *b[:4]), b) for b in expansion["branches"]]
    for place, b in places:
        found[place][0] += b[4]
        found[place][1] += b[5]


def why_left_out(line, column, check_lines):
    if line.endswith("= default;"):
        return "of comparisons that the compiler makes"
    if line[:column - 1].endswith("switch ("):
        return "past every case of a switch"
    return "of CHECK_OR_DIE" if check_lines else None


def main(export, folder):
    root = os.getcwd()
    with open(export, encoding="utf-8") as source:
        files = json.load(source)["data"][0]["files"]
    by_path = collections.defaultdict(lambda: collections.defaultdict(lambda: [0, 0]))
    for file in files:
        path = os.path.relpath(file["filename"], root)
        if path.startswith(folder + "/"):
            add_branches(by_path[path], file)
    total = all_taken = 0
    left_out = collections.Counter()
    for path, found in sorted(by_path.items()):
        with open(path, encoding="utf-8") as source:
            text = source.read()
        check_lines, lines = checks(text), text.split("\n")
        count = taken = 0
        missed = []
        for place, ways in sorted(found.items()):
            line = lines[place[0] - 1]
            reason = why_left_out(line, place[1], place[0] in check_lines)
            if reason:
                left_out[reason] += 2
                continue
            count, taken = count + 2, taken + sum(way > 0 for way in ways)
            missed += [(place, way, line.strip()) for way, seen in zip(("true", "false"), ways) if seen == 0]
        total, all_taken = total + count, all_taken + taken
        print(f"{path}: {taken} of {count} branches")
        for place, way, line in missed:
            print(f"  {place[0]}:{place[1]}: never {way}: {line}")
    print("left out: " + ", ".join(f"{n} {reason}" for reason, n in sorted(left_out.items())))
    print(f"{folder}: {all_taken} of {total} branches, {100 * all_taken / max(total, 1):.1f} %")
    return 0 if total and all_taken == total else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
