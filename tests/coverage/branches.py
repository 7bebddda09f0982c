#!/usr/bin/env python3
"""Branches taken, by file, from gcov's counters of a build that has run.

  branches.py BUILD_FOLDER FOLDER

Left out: branches that only an exception takes, and CHECK_OR_DIE, whose failure ends the process
before gcov writes. Exit status 1 if a branch was not taken.
"""
import collections
import json
import os
import subprocess
import sys


def main(build, folder):
    root = os.getcwd()
    # (file, line) → function → counts by branch, added up over the files that include a header
    taken = collections.defaultdict(lambda: collections.defaultdict(dict))
    data = [os.path.join(base, name) for base, _, names in os.walk(build) for name in names
            if name.endswith(".gcda") and "pch" not in name]
    for gcda in data:
        out = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities",
                              os.path.abspath(gcda)],
                             check=True, capture_output=True, cwd=build).stdout
        for text in out.splitlines():
            for source in json.loads(text)["files"]:
                path = os.path.relpath(os.path.join(build, source["file"]), root)
                if os.path.isabs(source["file"]):
                    path = os.path.relpath(source["file"], root)
                if not path.startswith(folder + "/"):
                    continue
                for line in source["lines"]:
                    function = taken[path, line["line_number"]][line.get("function_name", "")]
                    branches = [b["count"] for b in line["branches"] if not b["throw"]]
                    for i, count in enumerate(branches):
                        function[i] = function.get(i, 0) + count
    by_file = collections.defaultdict(lambda: [0, 0, []])
    texts = {}
    for (path, number), functions in sorted(taken.items()):
        text = texts.setdefault(path, open(path, encoding="utf-8").read().split("\n"))
        if "CHECK_OR_DIE" in text[number - 1]:
            continue
        counts = [c for f in functions.values() for c in f.values()]
        entry = by_file[path]
        entry[0] += len(counts)
        entry[1] += sum(c > 0 for c in counts)
        if any(c == 0 for c in counts):
            entry[2].append((number, sum(c == 0 for c in counts), text[number - 1].strip()))
    total = all_taken = 0
    for path, (count, hit, missed) in sorted(by_file.items()):
        total, all_taken = total + count, all_taken + hit
        print(f"{path}: {hit} of {count} branches")
        for number, lacking, text in missed:
            print(f"  {number}: {lacking} not taken: {text}")
    print(f"{folder}: {all_taken} of {total} branches, {100 * all_taken / max(total, 1):.1f} %")
    return 0 if total and all_taken == total else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
