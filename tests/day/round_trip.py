#!/usr/bin/env python3
"""A book as JSON lines and as CSV, made again of each by the program: the second export is the first byte for byte,
`suanpan verify` believes the book, and in plain text, which `hledger check` accepts, both have the same accounts and
the same vouchers with their numbers, ids, dates and texts, the same amounts, and the same balance after each.

usage: round_trip.py PROGRAM BOOK      exit status 0 only if all of that held
"""
import os
import re
import subprocess
import sys
import tempfile

program, book = sys.argv[1:3]
os.environ["LC_ALL"] = "C.UTF-8"


def must(condition, what):
    if not condition:
        raise SystemExit(f"round_trip.py: {book}: {what}")


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    must(done.returncode == 0, f"{' '.join(words)}: {done.returncode} {done.stdout[-500:]} {done.stderr.strip()[-500:]}")
    return done.stdout


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def first_difference(one, other):
    pairs = zip(one.splitlines() + [""], other.splitlines() + [""])
    return next((f"line {n}: {a!r}, {b!r}" for n, (a, b) in enumerate(pairs, 1) if a != b), "one is longer")


def must_be_same(one, other, what):
    must(one == other, f"{what}: {first_difference(one, other)}")


def plain(data, path):
    """The vouchers in plain text, less where each stands in the journal, and what hledger adds up."""
    run(program, "export", "--data", data, "--format", "hledger", "--out", path)
    run("hledger", "-f", path, "check", "-s", "ordereddates")
    balances = run("hledger", "-f", path, "balance", "--flat", "--no-elide", "--empty")
    return re.sub(r"; seq:\d+, ", "; ", read(path)), balances


with tempfile.TemporaryDirectory(prefix="suanpan-") as folder:
    at = lambda name: os.path.join(folder, name)  # noqa: E731
    vouchers, balances = plain(book, at("source.journal"))
    must(vouchers.count("; id:") > 0, "there is no voucher in it")
    for form in ("jsonl", "csv"):
        run(program, "export", "--data", book, "--format", form, "--out", at(form))
        run(program, "import", "journal", at(form), "--format", form, "--data", at(f"book-{form}"))
        run(program, "verify", "--data", at(f"book-{form}"))
        run(program, "export", "--data", at(f"book-{form}"), "--format", form, "--out", at(f"{form}-again"))
        must_be_same(read(at(form)), read(at(f"{form}-again")), f"{form}, the export of the import is another one")
        made_vouchers, made_balances = plain(at(f"book-{form}"), at(f"{form}.journal"))
        must_be_same(vouchers, made_vouchers, f"{form}, the vouchers differ")
        must_be_same(balances, made_balances, f"{form}, the balances differ")
    print(f"exported, imported and exported again: {vouchers.count('; id:')} vouchers, the same books")
