#!/usr/bin/env python3
"""Runs the example of the embedded ledger twice on one folder; what it must say is written here.

usage: run.py EXAMPLE                      the example as our own build made it
       run.py --outside SOURCE FOLDER      built first, in FOLDER, by a project of its own
"""
import os
import subprocess
import sys
import tempfile

FIRST = """bank: accepted
merchant: accepted
sale: accepted
payout of more than there is: below_limit
merchant has 12.30
"""
SECOND = """bank: accepted, as before
merchant: accepted, as before
sale: accepted, as before
payout of more than there is: below_limit, as before
merchant has 12.30
"""


def build(source, folder):
    subprocess.run(["cmake", "-S", os.path.join(source, "tests", "embed"), "-B", folder, "-G", "Ninja",
                    f"-DSUANPAN={source}", "-DCMAKE_BUILD_TYPE=Debug"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", folder, "--parallel", "1"], check=True, stdout=subprocess.DEVNULL)
    return os.path.join(folder, "example")


example = build(*sys.argv[2:4]) if sys.argv[1] == "--outside" else sys.argv[1]
with tempfile.TemporaryDirectory(prefix="suanpan-") as folder:
    for expected in (FIRST, SECOND):
        said = subprocess.run([example, os.path.join(folder, "book")], check=True, capture_output=True, text=True).stdout
        if said != expected:
            sys.exit(f"run.py: the example says\n{said}instead of\n{expected}")
print("run.py: the example says what it should, twice")
