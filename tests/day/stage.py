"""What a scenario of the business day stands on: the people and machines in it, the business clock, telling what
happens, and checks that are counted and never stop the day."""
import json
import os
import sys
import time

from clients import Inbox, OtherSide, Staff, Upstream

TERMINAL = sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def paint(text, code):
    return f"\033[{code}m{text}\033[0m" if TERMINAL else text


def yuan(fen):
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100:,}.{abs(fen) % 100:02}"


class Stage:
    def __init__(self, options, merchants, secret):
        keys = json.load(open(options.keys))
        self.maker, self.checker, self.auditor, self.operator, self.chief = (
            Staff(options.engine, name, keys[name])
            for name in ("maker", "checker", "auditor", "operator", "chief"))
        self.other = OtherSide(options.sandbox)
        self.upstream = {m: Upstream(options.engine, m, "app-" + m, secret.format(m)) for m in merchants}
        self.inbox = Inbox(self.upstream.values())
        self.failures, self.checks = [], 0
        self.orders = {}   # letter → payOrderId
        self.now = ""

    # --- telling and checking ---
    def chapter(self, text):
        print("\n  " + paint(text, "1"), flush=True)

    def step(self, text):
        print(f"    {paint(self.now[5:16], '2')}  {text}", flush=True)

    def check(self, what, seen, wanted):
        self.checks += 1
        if seen != wanted:
            self.fail(f"{what}: saw {seen!r}, expected {wanted!r}")

    def fail(self, text):
        self.failures.append(text)
        print("    " + paint(f"!! {text}", "31"), flush=True)

    def refused(self, what, call, status, name):
        """`call` must be refused with just that status and name."""
        self.checks += 1
        problem = call()
        seen = (problem.get("status"), problem.get("refusal") or problem.get("title"))
        if seen != (status, name):
            self.fail(f"{what}: saw {seen!r}, expected {(status, name)!r}")

    def wait(self, what, condition, seconds=20):
        """Waits for the engine's own housekeeping, by the real clock."""
        for _ in range(int(seconds * 20)):
            if condition():
                self.checks += 1
                return True
            time.sleep(0.05)
        self.check(what, False, True)
        return False

    # --- the business clock, on both sides ---
    def clock(self, to):
        self.now = to
        stamp = to.replace(" ", "T") + "+08:00"
        self.other.control("clock", business=stamp)
        self.operator.post("/v1/clock/advance", {"to": stamp})

    def day_cut(self, to):
        self.operator.post("/v1/books/day-cut", {"next": to})
        self.step(f"日切: the accounting date is {to} now")

    # --- reading the books ---
    def balance(self, code):
        return self.auditor.get("/v1/balances", account=code)["posted"]

    def balances(self, when, wanted):
        for code, fen in wanted.items():
            self.check(f"{when}: balance of {code}", self.balance(code), fen)

    def events(self):
        """How often each (topic, key) was told."""
        counted, after = {}, 0
        while True:
            page = self.auditor.get("/v1/events", after=after, limit=1000)
            for event in page["events"]:
                name = event["topic"], event["key"]
                counted[name] = counted.get(name, 0) + 1
            if page["next"] == after:
                return counted
            after = page["next"]

    # --- the other side ---
    def fault(self, kind, **more):
        self.other.control("faults", kind=kind, **more)

    def notifications(self):
        return self.other.state()["wechat"]["notifications"]
