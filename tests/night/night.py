#!/usr/bin/env python3
"""The night without anybody's help: engine and sandbox as real processes, the business clock advanced by days, the
engine killed with -9 in the middle and started again. What it must end in is written by hand below.

usage: night.py PROGRAM DAY_TOOLS      exit status 0 only if every check held

Friday 2026-03-06, three orders. The platform's WeChat merchants are charged 0.6 %, half up per order; the contract of
1900000103 says 0.38 %, so that its order must come out as a fee break (手续费不符):

  B  M1002  1900000109  55000  platform fee 3 % = 1650       channel fee 330
  J  M1002  1900000109   3300  platform fee 3 % = 99         channel fee 19.8 → 20
  E  M1005  1900000103  10000  platform fee 0.38 % = 38      channel fee 60, by contract 38: break +22

WeChat settles on Saturday: 58300 - 350 = 57950 and 10000 - 60 = 9940. Nothing is settled on the weekend. On Monday
2026-03-09 M1002 is due 58300 - 1749 = 56551; M1005 waits for its break. Two people adjust it on Monday: 22 is claimed
from the channel. On Tuesday M1005 is due 10000 - 38 = 9962.
"""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

program, day_tools = sys.argv[1:3]
sys.path.insert(0, day_tools)
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from clients import OtherSide, Refused, Staff, Upstream  # noqa: E402
from engine import free_port  # noqa: E402

PLATFORM, CONTRACT = "1900000109", "1900000103"
BANK_1, BANK_3 = "6228000000000001", "6228000000000003"
seed = int(os.environ.get("SUANPAN_NIGHT_SEED", time.time_ns() % 1_000_000))
chance = random.Random(seed)
failures = []


def check(what, seen, wanted):
    if seen != wanted:
        failures.append(what)
        print(f"  !! {what}: saw {seen!r}, expected {wanted!r}", flush=True)


def wait(what, condition, seconds=90):
    for _ in range(int(seconds * 20)):
        if condition():
            return
        time.sleep(0.05)
    raise SystemExit(f"night.py (seed {seed}): in vain waited for: {what}")


SANDBOX = {"seed": 20260306, "settle_delay_s": 30, "merchants": [
    {"mchid": PLATFORM, "name": "算盘平台", "appids": ["wx5uanpan00000001"], "bank_account": BANK_1},
    {"mchid": CONTRACT, "name": "水务代收", "appids": ["wx5uanpan00000003"], "bank_account": BANK_3}],
    "accounts": [{"account": a, "name": "监管户", "opening_fen": 0, "opened_on": "2026-03-06"} for a in (BANK_1, BANK_3)]}

SETTINGS = """[server]
listen = "127.0.0.1:{port}"
[book]
folder = "book"
first_date = "2026-03-06"
[clock]
business = "manual"
start = "{start}"
[public]
url = "http://127.0.0.1:{port}"
[reports]
folder = "reports"
organisation = "算盘平台"
[notify]
allow_private_addresses = true
[night]
enabled = true
fetch_bills = "09:30"
first_retry_s = 900
"""


class World:
    def __init__(self, folder):
        self.folder = folder
        self.port, self.sandbox_port = free_port(), free_port()
        self.engine = None
        json.dump(SANDBOX, open(f"{folder}/sandbox.json", "w"))
        self.sandbox = subprocess.Popen([program, "sandbox", "--listen", f"127.0.0.1:{self.sandbox_port}", "--keys",
                                         f"{folder}/keys", "--settings", f"{folder}/sandbox.json", "--engine-config",
                                         f"{folder}/channels.toml"], stderr=open(f"{folder}/sandbox.log", "w"))
        wait("the sandbox", lambda: os.path.exists(f"{folder}/channels.toml"))
        time.sleep(0.1)
        self.channels = open(f"{folder}/channels.toml").read()
        marker = f'mchid = "{CONTRACT}"\n'
        assert marker in self.channels, self.channels
        self.channels = self.channels.replace(marker, marker + 'fee_rate = "0.0038"\n')
        self.settle_clock("2026-03-06 08:00:00")
        self.other = OtherSide(f"http://127.0.0.1:{self.sandbox_port}")
        self.base = f"http://127.0.0.1:{self.port}"
        self.staff = {}
        self.command("init")
        for role in ("maker", "checker", "auditor", "operator"):
            secret = self.command("key", "add", "--id", role, "--role", role).strip()
            self.staff[role] = Staff(self.base, role, secret)
        for number, name, fee, mchid, bank in (("M1002", "安居维修", "0.03", PLATFORM, BANK_1),
                                               ("M1005", "清泉水务", "0.0038", CONTRACT, BANK_3)):
            self.command("merchant", "add", "--mch-no", number, "--app-id", "app-" + number, "--secret", "secret-of-" + number,
                         "--name", name, "--mode", "collected", "--fee", fee, "--wx-mchid", mchid, "--bank-account", bank,
                         "--payee-name", name + "有限公司", "--payee-account", "755900000000" + number[2:], "--payee-bank", "308584000013")
        self.upstream = {m: Upstream(self.base, m, "app-" + m, "secret-of-" + m) for m in ("M1002", "M1005")}

    def settle_clock(self, now):
        self.now = now
        with open(f"{self.folder}/engine.toml", "w") as out:
            out.write(SETTINGS.format(port=self.port, start=now.replace(" ", "T") + "+08:00") + self.channels)

    def command(self, *words):
        return subprocess.run([program, *words, "--config", f"{self.folder}/engine.toml"], check=True, capture_output=True, text=True).stdout

    def start(self):
        self.engine = subprocess.Popen([program, "serve", "--config", f"{self.folder}/engine.toml"],
                                       stderr=open(f"{self.folder}/engine.log", "a"))
        wait("the engine", self.is_ready)

    def is_ready(self):
        try:
            return urllib.request.urlopen(self.base + "/readyz", timeout=2).status == 200
        except OSError:
            return False

    def kill(self):
        self.engine.send_signal(signal.SIGKILL)
        self.engine.wait()

    def clock(self, to):
        """Both sides; where the engine stands still, only what it will start with."""
        stamp = to.replace(" ", "T") + "+08:00"
        self.other.control("clock", business=stamp)
        self.settle_clock(to)
        if self.engine.poll() is None:
            self.staff["operator"].post("/v1/clock/advance", {"to": stamp})

    def get(self, path, **query):
        return self.staff["auditor"].get(path, **query)

    def night(self, day=None):
        return self.get("/v1/night", **({"day": day} if day else {}))

    def step(self, day, name, subject=None):
        for step in self.night(day)["steps"]:
            if step["step"] == name and step.get("subject") == subject:
                return step
        return {"state": "absent"}

    def balance(self, code):
        return self.get("/v1/balances", account=code)["posted"]

    def stop(self):
        for process in (self.engine, self.sandbox):
            if process and process.poll() is None:
                process.terminate()
                process.wait()


def friday(w):
    print("Friday: three orders", flush=True)
    w.start()
    w.clock("2026-03-06 09:00:00")
    orders = {}
    for letter, merchant, fen in (("B", "M1002", 55000), ("J", "M1002", 3300), ("E", "M1005", 10000)):
        data = w.upstream[merchant].order(letter, "WX_NATIVE", fen, "订单" + letter, w.base + "/none")
        orders[letter] = data["payOrderId"]
        w.other.control("wechat/pay", out_trade_no=data["payOrderId"])
        wait(f"order {letter} is paid", lambda: w.upstream[merchant].query(letter)["state"] == 2)
    check("nothing is due on the day itself", w.night()["steps"], [])
    return orders


def saturday(w):
    print("Saturday: the cut, a bill that is late, and a retry", flush=True)
    w.clock("2026-03-07 00:04:59")
    time.sleep(0.6)
    check("the open day before the cut's time", w.get("/v1/books")["books"][0]["accounting_date"], "2026-03-06")
    w.clock("2026-03-07 00:05:00")
    wait("the day is cut", lambda: w.get("/v1/books")["books"][0]["accounting_date"] == "2026-03-07")
    w.clock("2026-03-07 09:00:00")
    w.other.control("wechat/settle", date="2026-03-06")
    wait("the statement of Friday is reconciled",
         lambda: w.step("2026-03-06", "reconcile_statement", BANK_1)["state"] == "done")
    check("the bill waits for its time", w.step("2026-03-06", "fetch_bill", PLATFORM)["state"], "waiting")
    # WeChat has it from 10:00 on; these settings ask at 9:30.
    w.clock("2026-03-07 09:30:00")
    wait("the bill was asked for", lambda: w.step("2026-03-06", "fetch_bill", PLATFORM).get("attempts") == 1)
    failed = w.step("2026-03-06", "fetch_bill", PLATFORM)
    check("a bill that is not made yet", (failed["state"], failed["reason"], failed["retry_at"]),
          ("failed", "the bill is not made yet: ask again after 10:00", "2026-03-07T09:45:00+08:00"))
    wait("metrics tell it", lambda: 'suanpan_night_steps{state="failed",step="fetch_bill"} 2' in metrics(w) or
         'suanpan_night_steps{step="fetch_bill",state="failed"} 2' in metrics(w))
    check("what builds on it waits", w.step("2026-03-06", "reconcile_bill", PLATFORM)["reason"],
          f"for fetch_bill {PLATFORM} of 2026-03-06")
    w.clock("2026-03-07 10:04:00")  # past 9:45: tried again, and there
    wait("the bill of Friday is reconciled",
         lambda: w.step("2026-03-06", "reconcile_bill", PLATFORM)["state"] == "done")
    flow = w.staff["operator"].post("/v1/fund-flow-checks", {"subject": PLATFORM, "day": "2026-03-06"})
    check("the channel's account moved as its bill says", (flow["net"], flow["promised"], flow["difference"]), (57950, 57950, 0))
    check("at the second attempt", w.step("2026-03-06", "fetch_bill", PLATFORM)["attempts"], 2)


def metrics(w):
    return urllib.request.urlopen(w.base + "/metrics", timeout=5).read().decode()


def weekend(w):
    print("Monday noon at once, killed with -9 on the way", flush=True)
    w.kill()
    w.clock("2026-03-09 12:00:00")
    for _ in range(4):
        w.start()
        time.sleep(chance.uniform(0.0, 0.25))
        w.kill()
    w.start()
    wait("every night up to Sunday is over", lambda: w.night().get("complete_through") == "2026-03-08")
    check("the open day", w.get("/v1/books")["books"][0]["accounting_date"], "2026-03-09")
    runs = w.get("/v1/reconciliation-runs")["runs"]
    check("one run a file, none skipped, none twice",
          sorted((r["channel"], r["subject"], r["day"]) for r in runs),
          sorted([("wxpay", s, d) for s in (PLATFORM, CONTRACT) for d in ("2026-03-06", "2026-03-07", "2026-03-08")] +
                 [("bank", s, d) for s in (BANK_1, BANK_3) for d in ("2026-03-06", "2026-03-07", "2026-03-08")]))
    check("a night of a weekend has no settlement",
          [s["step"] for s in w.night("2026-03-06")["steps"] if s["step"] in ("settle", "reports")], ["reports"])
    check("Sunday's night has settled Monday", w.step("2026-03-08", "settle")["state"], "done")


def monday(w, orders):
    breaks = w.get("/v1/breaks")["breaks"]
    check("the fee break, by contract", [(b["class"], b["our_number"], b["amount"]) for b in breaks],
          [("fee_mismatch", orders["E"], 22)])
    batches = w.get("/v1/settlement-batches")["batches"]
    check("one batch, of what is reconciled and arrived",
          [(b["merchant_no"], b["settle_on"], b["net"], b["state"], b["history"][0]["by"]) for b in batches],
          [("M1002", "2026-03-09", 56551, "computed", "system:night")])
    check("the channel's money", [w.balance("1002/" + a) for a in (BANK_1, BANK_3)], [57950, 9940])
    number = batches[0]["number"]
    try:
        w.staff["maker"].post(f"/v1/settlement-batches/{number}/approve")
        check("a maker cannot approve", True, False)
    except Refused as refused:
        check("a maker cannot approve", " 403 " in str(refused), True)
    w.staff["maker"].post(f"/v1/settlement-batches/{number}/review")
    w.staff["checker"].post(f"/v1/settlement-batches/{number}/approve")

    def with_the_bank():  # "sent" is journalled before it is: only the bank's answer says that it has it
        batch = w.get(f"/v1/settlement-batches/{number}")
        return batch["state"] == "sent" and not w.get("/v1/payouts/" + batch["payout_id"])["payout"]["unknown"]

    wait("the payout is with the bank", with_the_bank)
    w.clock("2026-03-09 12:05:00")
    wait("the batch is paid", lambda: w.get(f"/v1/settlement-batches/{number}")["state"] == "confirmed")
    case = breaks[0]["id"] if "id" in breaks[0] else breaks[0]["case_no"]
    w.staff["maker"].post(f"/v1/breaks/{case}/propose", {"resolution": "adjust"})
    w.staff["checker"].post(f"/v1/breaks/{case}/resolve")
    check("claimed from the channel", w.balance(f"1122/wxpay/{CONTRACT}"), 22)
    return number


def tuesday(w):
    print("Tuesday: what the break had held back is settled", flush=True)
    w.clock("2026-03-10 12:00:00")
    wait("Monday's night is over", lambda: w.night().get("complete_through") == "2026-03-09")
    batches = w.get("/v1/settlement-batches", settle_on="2026-03-10")["batches"]
    check("the batch of M1005", [(b["merchant_no"], b["net"], b["state"]) for b in batches], [("M1005", 9962, "computed")])
    for code, fen in {"1002/" + BANK_1: 57950 - 56551, "1002/" + BANK_3: 9940, "6401": 350 + 60 - 22,
                      f"1122/wxpay/{PLATFORM}": 0, f"1122/wxpay/{CONTRACT}": 22, "2103": 0, "2241": 0,
                      "6001": 1650 + 99 + 38, "2101/M1002": 0, "2102/M1002": 0, "2101/M1005": 9962}.items():
        check("balance of " + code, w.balance(code), fen)


def download(w, name):
    return w.staff["auditor"].call("GET", "/v1/reports/" + urllib.parse.quote(name), as_json=False)


def reports(w, number):
    settled = w.get("/v1/reports", kind="settlement", merchant="M1002")["reports"]
    check("the settlement statement, thrice", sorted(r["name"] for r in settled),
          [f"2026-03-09/settlement-{number}.{e}" for e in ("csv", "html", "xlsx")])
    w.staff["operator"].post("/v1/reports", {"batch": number})
    page = download(w, f"2026-03-09/settlement-{number}.html").decode()
    for text in ("结算单", "M1002 安居维修", "583.00", "17.49", "565.51", "已付款", "算盘平台"):
        check(f"the settlement statement says {text}", text in page, True)
    rows = download(w, f"2026-03-09/settlement-{number}.csv").decode("utf-8-sig").splitlines()
    check("its columns", rows[0],
          "date,kind,order_no,merchant_order_no,product,sold,refunded,gross,fee,net,voucher,reconciled_in")
    check("its rows", sorted(",".join(r.split(",")[3:10]) for r in rows[2:]),
          ["B,WX_NATIVE,550.00,0.00,550.00,16.50,533.50", "J,WX_NATIVE,33.00,0.00,33.00,0.99,32.01"])
    files = w.staff["operator"].post("/v1/reports", {"account": "2101/M1002", "from": "2026-03-06", "to": "2026-03-09"})["files"]
    lines = download(w, [f for f in files if f.endswith(".csv")][0]).decode("utf-8-sig").splitlines()
    # 2 orders, a fee off each, the batch; before and after them a line of the balance.
    check("the account's statement", [line.split(",")[3:7] for line in lines[2:]],
          [["", "", "平", "0.00"], ["", "550.00", "贷", "550.00"], ["16.50", "", "贷", "533.50"],
           ["", "33.00", "贷", "566.50"], ["0.99", "", "贷", "565.51"], ["565.51", "", "平", "0.00"]])
    # Saturday's statement is read, and its credit posted, on Sunday.
    house = {r["name"] for r in w.get("/v1/reports", kind="account", day="2026-03-08")["reports"]}
    check("the night wrote the bank account's statement of Sunday",
          any(BANK_1 in name and name.endswith("html") for name in house), True)
    # No bill is not an empty bill: a merchant that is none of ours has neither.
    try:
        w.staff["operator"].post("/v1/reconciliation-runs", {"kind": "bill", "subject": "1900009999", "day": "2026-03-06"})
        check("a bill of a merchant that is none of ours is refused", True, False)
    except Refused as refused:
        check("a bill of a merchant that is none of ours is refused", " 404 " in str(refused), True)
    for body, status in (({"batch": "none"}, 404), ({"account": "9999", "from": "2026-03-06", "to": "2026-03-09"}, 404),
                         ({"account": "2101/M1002", "from": "2026-03-09", "to": "2026-03-06"}, 400),
                         ({"day": "2026-03-06", "batch": number}, 400), ({}, 400)):
        try:
            w.staff["operator"].post("/v1/reports", body)
            check(f"{body} is refused", True, False)
        except Refused as refused:
            check(f"{body} is refused", f" {status} " in str(refused), True)


def books(w):
    w.engine.terminate()
    check("the engine ends cleanly", w.engine.wait(), 0)
    subprocess.run([program, "verify", "--data", f"{w.folder}/book"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([program, "export", "--data", f"{w.folder}/book", "--format", "hledger", "--out", f"{w.folder}/journal"],
                   check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["hledger", "-f", f"{w.folder}/journal", "check", "-s", "ordereddates"], check=True,
                   env={**os.environ, "LC_ALL": "C.UTF-8"})
    # M1005's batch is computed and not approved: 9962 are reserved.
    subprocess.run([sys.executable, f"{day_tools}/round_trip.py", program, f"{w.folder}/book"], check=True)


def main():
    folder = tempfile.mkdtemp(prefix="suanpan-night-")
    print(f"seed {seed}", flush=True)
    w = World(folder)
    try:
        orders = friday(w)
        saturday(w)
        weekend(w)
        number = monday(w, orders)
        tuesday(w)
        reports(w, number)
        books(w)
    except BaseException:
        print(open(f"{folder}/engine.log").read()[-4000:])
        raise
    finally:
        w.stop()
        if failures or os.environ.get("SUANPAN_KEEP"):
            print("kept", folder)
        else:
            shutil.rmtree(folder)
    print("the nights held" if not failures else f"{len(failures)} checks failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
