#!/usr/bin/env python3
"""`suanpan import journal`, the process killed with -9 at random moments and started again. A plain text journal with
Chinese names, written here, becomes a book; the book is exported as JSON lines and as CSV, each becomes a book again,
and that one's export is the same byte for byte. `hledger` adds up the same balances before and after, `suanpan verify`
passes.

usage: journal_kill.py PROGRAM
"""
import os
import random
import subprocess
import sys
import tempfile
import time

program = sys.argv[1]
seed = int(os.environ.get("SUANPAN_SEED", time.time_ns() % 1_000_000))
chance = random.Random(seed)
os.environ["LC_ALL"] = "C.UTF-8"
TRANSACTIONS, KILLS = 1500, 6
ACCOUNTS = ["assets:1002:工商银行", "assets:1122:wxpay", "liabilities:2101:商户甲", "liabilities:2101:商户乙",
            "equity:3001:小区1:3幢:0402", "income:6001:物业费", "expenses:6602:手续费"]


def must(condition, what):
    if not condition:
        raise SystemExit(f"journal_kill.py (seed {seed}): {what}")


def write_journal(path):
    """A few a day, some of several postings, some equal to one another."""
    with open(path, "w", encoding="utf-8") as out:
        out.write("commodity CNY\n    format 1000.00 CNY\n")
        out.writelines(f"account {name}\n" for name in ACCOUNTS)
        for n in range(TRANSACTIONS):
            legs = [chance.randrange(1, 100_000) for _ in range(chance.choice([1, 1, 1, 3]))]
            out.write(f"\n2026-{1 + n // 500:02}-{1 + n % 500 // 20:02} * 摘要{n % 7}\n")
            for fen in legs:
                debit, credit = chance.sample(ACCOUNTS, 2)
                out.write(f"    {debit}  {fen // 100}.{fen % 100:02} CNY\n    {credit}  -{fen // 100}.{fen % 100:02} CNY\n")


def run(*arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True)
    must(done.returncode == 0, f"{' '.join(arguments)}: {done.returncode} {done.stderr.strip()}")
    return done.stdout


def import_killed(path, form, data):
    """Imports to the end through some kills; returns how many hit a running import."""
    begin = time.monotonic()
    arguments = ["import", "journal", path, "--format", form, "--data", data]
    hits = 0
    for attempt in range(10 * KILLS):
        if attempt >= KILLS and hits > 0:
            break
        process = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            process.wait(chance.uniform(0.01, 0.6 if attempt % 2 else 0.15))
        except subprocess.TimeoutExpired:
            process.kill()
            hits += 1
        said = process.communicate()[1]
        must(process.returncode in (0, -9), f"{form}: {process.returncode} {said.strip()}")
        must(time.monotonic() - begin < 300, f"{form}: no end")
    said = run(*arguments)
    again = run(*arguments)
    must(": 0 posted" in again, f"{form}: the import that was finished posts again: {said} {again}")
    return hits


def balances(journal):
    """Line by line; hledger lists accounts in the order in which a journal declares them."""
    told = subprocess.run(["hledger", "-f", journal, "balance", "--flat", "--no-elide"], check=True,
                          capture_output=True, text=True).stdout
    return sorted(told.splitlines())


def main():
    with tempfile.TemporaryDirectory(prefix="suanpan-") as folder:
        at = lambda name: os.path.join(folder, name)  # noqa: E731
        write_journal(at("source"))
        hits = import_killed(at("source"), "hledger", at("book"))
        run("verify", "--data", at("book"))
        run("export", "--data", at("book"), "--format", "hledger", "--out", at("exported"))
        must(balances(at("source")) == balances(at("exported")), "hledger adds up something else")
        for form in ("jsonl", "csv"):
            run("export", "--data", at("book"), "--format", form, "--out", at(form))
            hits += import_killed(at(form), form, at(f"book-{form}"))
            run("verify", "--data", at(f"book-{form}"))
            run("export", "--data", at(f"book-{form}"), "--format", form, "--out", at(f"{form}-again"))
            with open(at(form), "rb") as first, open(at(f"{form}-again"), "rb") as second:
                must(first.read() == second.read(), f"{form}: the export of the import is another one")
        must(hits >= 3, f"only {hits} kills hit an import")
        print(f"journal_kill.py (seed {seed}): {TRANSACTIONS} transactions, {hits} kills, the same books")


main()
