#!/usr/bin/env python3
"""The bank test, over HTTP through the real server: transfers between accounts on several connections, reads on others,
all at once. Money is neither made nor lost: every read of the whole sums to the same total, no account is ever below
zero, what a reader sees never goes back, and at the end each balance is what the acknowledged transfers add up to,
counted here.

  bank.py PROGRAM

SUANPAN_BANK_SECONDS (6) of it; SUANPAN_BANK_SEED (20260304), printed, decides what is asked.
"""
import collections
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from engine import Engine  # noqa: E402

SECONDS = float(os.environ.get("SUANPAN_BANK_SECONDS", 6))
SEED = os.environ.get("SUANPAN_BANK_SEED", "20260304")
ACCOUNTS, EACH, WRITERS, READERS = 10, 100_00, 4, 3
TOTAL = ACCOUNTS * EACH
CODES = [f"2101/储户{n}" for n in range(ACCOUNTS)]


class Bank:
    def __init__(self, engine):
        self.engine, self.end = engine, 0
        self.lock = threading.Lock()
        self.counts = collections.Counter()
        self.moved = collections.Counter()  # by account, of acknowledged transfers
        self.faults = []

    def must(self, condition, what):
        if not condition:
            with self.lock:
                self.faults.append(what)
            raise AssertionError(what)

    def call(self, key, method, target, body=None):
        while True:
            answer = self.engine.native(key, method, target, body)
            if answer.status not in (429, 503):  # definitely not taken
                return answer
            time.sleep(0.02)

    def post(self, target, body, expect=201):
        answer = self.call("maker", "POST", target, body)
        self.must(answer.status == expect, f"POST {target} {body}: {answer}")
        return answer.json()

    def open(self):
        self.post("/v1/accounts", {"code": "1002/金库", "name": "金库", "type": "asset"})
        for n, code in enumerate(CODES):
            self.post("/v1/accounts", {"code": code, "name": code, "type": "liability", "limit": "not_below_zero",
                                       "hot": n % 2 == 0})
            self.post("/v1/vouchers", {"legs": [{"debit": "1002/金库", "credit": code, "amount": EACH}]})

    def transfer(self, chance):
        legs = []
        for _ in range(chance.choice([1, 1, 1, 2, 3])):
            debit, credit = chance.sample(CODES, 2)
            legs.append({"debit": debit, "credit": credit, "amount": chance.randrange(1, 60_00)})
        answer = self.call("maker", "POST", "/v1/vouchers", {"legs": legs})
        if answer.status == 201:
            with self.lock:
                self.counts["transfers"] += 1
                for leg in legs:
                    self.moved[leg["debit"]] -= leg["amount"]
                    self.moved[leg["credit"]] += leg["amount"]
            return
        self.must(answer.status == 422 and answer.json().get("refusal") == "below_limit", f"{legs}: {answer}")
        with self.lock:
            self.counts["refused"] += 1

    def write(self, number):
        chance = random.Random(f"{SEED}-w{number}")
        while time.monotonic() < self.end:
            self.transfer(chance)

    def whole(self):
        """All accounts in one answer: balances by code, and the journal entry they reflect."""
        answer = self.call("auditor", "GET", "/v1/accounts?prefix=2101/储户&limit=1000")
        self.must(answer.status == 200, f"{answer}")
        page = answer.json()
        balances = {account["code"]: account["balance"]["posted"] for account in page["accounts"]}
        self.must(len(balances) == ACCOUNTS, f"{len(balances)} accounts")
        return balances, page["as_of_seq"]

    def check_whole(self, balances, what):
        self.must(sum(balances.values()) == TOTAL, f"{what}: {sum(balances.values())}, not {TOTAL}")
        self.must(min(balances.values()) >= 0, f"{what}: below zero: {balances}")

    def read(self, number):
        chance = random.Random(f"{SEED}-r{number}")
        last = 0
        while time.monotonic() < self.end:
            balances, seq = self.whole()
            self.check_whole(balances, f"as of {seq}")
            self.must(seq >= last, f"a reader went from {last} back to {seq}")
            last = seq
            with self.lock:
                self.counts["reads"] += 1
            if chance.randrange(4) == 0:
                self.read_pinned(seq, balances)
            if chance.randrange(8) == 0:
                self.read_trial_balance()

    def read_pinned(self, seq, balances):
        """Account by account, all as of one entry: the same again, whatever was posted meanwhile."""
        for code in CODES:
            answer = self.call("auditor", "GET", f"/v1/balances?account={code}&seq={seq}")
            self.must(answer.status == 200, f"{answer}")
            self.must(answer.json()["posted"] == balances[code], f"{code} as of {seq}: {answer}, not {balances[code]}")
        with self.lock:
            self.counts["pinned"] += 1

    def read_trial_balance(self):
        answer = self.call("auditor", "GET", "/v1/trial-balance?date=2026-03-04")
        self.must(answer.status == 200, f"{answer}")
        rows = [row for row in answer.json()["rows"] if row["code"] in CODES]
        self.must(sum(row["closing"] for row in rows) == -TOTAL, f"trial balance: {rows}")
        with self.lock:
            self.counts["trial_balances"] += 1

    def guarded(self, work, number):
        try:
            work(number)
        except Exception as error:  # noqa: BLE001: told at the end, with the thread that met it
            with self.lock:
                self.faults.append(f"{work.__name__} {number}: {error!r}")
            self.end = 0

    def run(self):
        self.open()
        self.end = time.monotonic() + SECONDS
        threads = [threading.Thread(target=self.guarded, args=(self.write, n)) for n in range(WRITERS)]
        threads += [threading.Thread(target=self.guarded, args=(self.read, n)) for n in range(READERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.faults:
            raise SystemExit(f"bank.py (seed {SEED}): " + "; ".join(self.faults[:5]))
        balances, seq = self.whole()
        self.check_whole(balances, "at the end")
        for code in CODES:
            self.must(balances[code] == EACH + self.moved[code], f"{code}: {balances[code]}, acknowledged "
                                                                  f"{EACH + self.moved[code]}")
        return seq


def main():
    with Engine(sys.argv[1]) as engine:
        engine.prepare().start()
        bank = Bank(engine)
        bank.run()
        engine.stop()
        engine.must("verify", "--data", engine.book)
        least = {"transfers": 50, "refused": 1, "reads": 20, "pinned": 1, "trial_balances": 1}
        for what, count in least.items():
            if bank.counts[what] < count:
                raise SystemExit(f"bank.py (seed {SEED}): only {bank.counts[what]} {what}")
        print(f"bank.py (seed {SEED}): {dict(bank.counts)}; every read sums to {TOTAL} fen")


main()
