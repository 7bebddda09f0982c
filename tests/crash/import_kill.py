#!/usr/bin/env python3
"""`suanpan import bank-statement` of the real statement of 1993, the process killed with -9 at random moments and
started again. Whatever it had done by then, at the end every row is posted once: the figures are the published ones,
each account's movements in the exported book are those of the file (added up here), `suanpan verify` and `hledger
check` pass.

usage: import_kill.py PROGRAM DATA        exit status 77: skipped, there is no third-party data
"""
import collections
import csv
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

program, data = sys.argv[1:3]
data = os.environ.get("SUANPAN_SHARED_DATA", data)
statement = os.path.join(data, "bank-statements", "statement-1993.csv")
seed = int(os.environ.get("SUANPAN_SEED", time.time_ns() % 1_000_000))
chance = random.Random(seed)

# ../shared/data/README.md
PUBLISHED = {"rows": "28205", "accounts": "1139", "credits": "120,442,237.40", "debits": "83,866,291.30",
             "row_breaks": "1422", "bank_lower": "877", "bank_higher": "545", "differing_rows": "10431",
             "final_differences": "458", "difference_sum": "-33.20", "overdrafts": "15", "lowest": "-5,343.60"}
BOOKS, HITS, MOST_BOOKS = 4, 12, 200
KILLS_OF_A_BOOK = 8  # then the import is left in peace: a start that does not end now hangs
PATIENCE = 40        # times the length of an import


def fen(text):
    yuan, _, rest = text.replace(",", "").partition(".")
    value = abs(int(yuan or "0")) * 100 + int((rest + "00")[:2])
    return -value if yuan.startswith("-") else value


def must(condition, what):
    if not condition:
        raise SystemExit(f"import_kill.py (seed {seed}): {what}")


def movements_of_the_file():
    """Account → (credits, debits) in minor units, straight from the CSV."""
    sums = collections.defaultdict(lambda: [0, 0])
    with open(statement, newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            sums[row["account"]][0 if row["direction"] == "credit" else 1] += fen(row["amount"])
    return {account: tuple(both) for account, both in sums.items()}


def movements_of_the_book(journal):
    """The same of an exported book: a depositor's account is credited with negative amounts."""
    sums = collections.defaultdict(lambda: [0, 0])
    posting = re.compile(r"^ +liabilities:2011:(\S+)  (-?[\d,.]+) CZK")
    with open(journal, encoding="utf-8") as lines:
        for line in lines:
            found = posting.match(line)
            if found:
                amount = fen(found[2])
                sums[found[1]][0 if amount < 0 else 1] += abs(amount)
    return {account: tuple(both) for account, both in sums.items()}


def figures(text):
    return {words[0]: words[1] for words in map(str.split, text.splitlines()) if len(words) == 3}


def importing(book):
    return [program, "import", "bank-statement", statement, "--book", book]


def make_book(folder):
    """An empty book of its own in `folder`."""
    os.makedirs(folder, exist_ok=True)
    subprocess.run([program, "init", "--data", os.path.join(folder, "book"), "--first-date", "1993-01-01",
                    "--currency", "CZK", "--chart", "bank"], check=True, capture_output=True)


def killed_import(folder, length_s):
    """Kills imports of one book until one ends by itself; its figures, and how many kills left a part."""
    book, kills = os.path.join(folder, "book"), 0
    while True:
        process = subprocess.Popen(importing(book), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        # Towards the end of its time, so that some imports end and every length is met.
        share = chance.uniform(0.1, 1.3) if kills < KILLS_OF_A_BOOK else PATIENCE
        try:
            out, errors = process.communicate(timeout=share * length_s)
            must(process.returncode == 0, f"an import failed after {kills} kills: {errors}")
            return figures(out), kills
        except subprocess.TimeoutExpired:
            must(share < PATIENCE, f"after {kills} kills an import hangs (process {process.pid} is left for a look)")
            process.kill()
            process.communicate()
            kills += 1


def length_of_an_import(book):
    begun = time.monotonic()
    subprocess.run(importing(book), check=True, capture_output=True)
    return time.monotonic() - begun


def check(folder, told, wanted):
    for key, value in PUBLISHED.items():
        must(told.get(key) == value, f"{key} is {told.get(key)}, published {value}")
    must(int(told["posted"]) + int(told["replayed"]) == 28205, "a row is missing or twice")
    book, journal = os.path.join(folder, "book"), os.path.join(folder, "journal")
    for command in ([program, "verify", "--data", book],
                    [program, "export", "--data", book, "--format", "hledger", "--out", journal],
                    ["hledger", "-f", journal, "check", "-s", "ordereddates"]):
        ran = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
        must(ran.returncode == 0, f"{command[:2]}: {ran.stdout}{ran.stderr}")
    must(movements_of_the_book(journal) == wanted, "the exported book does not hold the file's movements")


def main():
    if not os.path.exists(statement):
        print(f"SKIPPED: {statement} is not present")
        return 77
    print(f"seed {seed}", flush=True)
    wanted = movements_of_the_file()
    folder = tempfile.mkdtemp(prefix="suanpan-import-")
    try:
        make_book(folder)
        # The first posts every row, the second finds each: with a sanitizer that is the longer one.
        length_s = max(length_of_an_import(os.path.join(folder, "book")) for _ in range(2))
        shutil.rmtree(folder)
        hits, books = 0, 0
        while hits < HITS or books < BOOKS:
            make_book(folder)
            told, kills = killed_import(folder, length_s)
            check(folder, told, wanted)
            books += 1
            hits += kills
            resumed = f", resumed after {told['replayed']} rows" if told["replayed"] != "0" else ""
            print(f"book {books}: killed {kills} times{resumed}", flush=True)
            shutil.rmtree(folder)
            must(books < MOST_BOOKS, "the imports are never hit")
    except SystemExit:
        print(f"kept for whoever looks into it: {folder}", flush=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    print(f"{hits} kills, {books} books: every row once")
    return 0


if __name__ == "__main__":
    sys.exit(main())
