#!/usr/bin/env python3
"""The business day: what upstream systems, payers, the bank and finance staff do on 2026-03-04 and the workdays
after it, against a running engine and sandbox (who does what: clients.py; what it must end in: expected.py). Ends
with exit status 0 only if every check held.

usage: day.py --engine URL --sandbox URL --keys FILE --summary FILE
"""
import argparse
import json
import sys
import time

import expected
from clients import Inbox, OtherSide, Refused, Staff, Upstream

HOUSEHOLD = "2201/维修资金/阳光小区/3幢/0402"
PRESALE = "2201/预售资金/阳光二期/YS2026001"
SECRET = "day-secret-of-{}"
PLATFORM, OWN, FUND = "1900000109", "1900000101", "1900000103"
ACCOUNT_PLATFORM, ACCOUNT_FUND, ACCOUNT_PRESALE = "6228000000000001", "6228000000000003", "6228000000000004"


class Day:
    def __init__(self, options):
        self.o = options
        keys = json.load(open(options.keys))
        self.maker = Staff(options.engine, "maker", keys["maker"])
        self.checker = Staff(options.engine, "checker", keys["checker"])
        self.auditor = Staff(options.engine, "auditor", keys["auditor"])
        self.operator = Staff(options.engine, "operator", keys["operator"])
        self.other = OtherSide(options.sandbox)
        self.upstream = {m: Upstream(options.engine, m, "app-" + m, SECRET.format(m))
                         for m in ("M1001", "M1002", "M1003", "M1004", "M1005")}
        self.inbox = Inbox(self.upstream.values())
        self.failures, self.checks = [], 0
        self.orders = {}   # letter → payOrderId
        self.summary = {"day": expected.DAY}

    # --- telling and checking ---
    def step(self, text):
        print(f"  {self.now[5:16]}  {text}", flush=True)

    def check(self, what, seen, wanted):
        self.checks += 1
        if seen != wanted:
            self.failures.append(f"{what}: saw {seen!r}, expected {wanted!r}")
            print(f"  !! {self.failures[-1]}", flush=True)

    def clock(self, to):
        self.now = to
        stamp = to.replace(" ", "T") + "+08:00"
        self.other.control("clock", business=stamp)
        self.operator.post("/v1/clock/advance", {"to": stamp})

    def wait(self, what, condition, seconds=20):
        for _ in range(int(seconds * 10)):
            if condition():
                return True
            time.sleep(0.1)
        self.check(what, False, True)
        return False

    def balance(self, code):
        return self.auditor.get("/v1/balances", account=code)["posted"]

    def balances(self, wanted):
        for code, fen in wanted.items():
            self.check(f"balance of {code}", self.balance(code), fen)

    # --- moves ---
    def place(self, letter, merchant, way, subject, **more):
        data = self.upstream[merchant].order(letter, way, expected.PAID[letter], subject, self.inbox.url, **more)
        self.orders[letter] = data["payOrderId"]
        return data

    def pay(self, letter, **more):
        self.other.control("wechat/pay", out_trade_no=self.orders[letter], **more)

    def state(self, merchant, letter):
        return self.upstream[merchant].query(letter)["state"]

    def paid(self, merchant, letter):
        return self.wait(f"order {letter} is paid", lambda: self.state(merchant, letter) == 2)

    def fault(self, kind, **more):
        self.other.control("faults", kind=kind, **more)

    def run(self):
        self.clock("2026-03-04 08:30:00")
        self.open_accounts()
        self.orders_of_the_day()
        self.troubles()
        self.presale()
        self.refund()
        self.close_day_one()
        self.reconcile_day_one()
        self.arrivals()
        self.settle()
        self.finish()
        return self.report()

    def open_accounts(self):
        self.step("开立户账: household of the maintenance fund, presale contract")
        for code, name in ((HOUSEHOLD, "阳光小区3幢0402 维修资金"), (PRESALE, "YS2026001 预售资金")):
            self.maker.post("/v1/accounts", {"code": code, "name": name, "type": "liability", "limit": "not_below_zero"})

    def orders_of_the_day(self):
        self.clock("2026-03-04 09:00:00")
        self.step("物业费: direct merchant, WX_NATIVE 1,280.50")
        self.place("A", "M1001", "WX_NATIVE", "阳光小区物业费")
        self.pay("A")
        self.step("报修: materials 350.00 and labour 200.00, platform service fee 3 %")
        self.place("B", "M1002", "WX_NATIVE", "报修 水管更换", extParam=json.dumps(
            {"lines": [{"label": "材料", "amount": 35000}, {"label": "人工", "amount": 20000}]}, ensure_ascii=False))
        self.pay("B")
        self.step("维修资金交存: scan the payment notice, into the household's sub-ledger, 9,600.00")
        self.place("C", "M1003", "WX_NATIVE", "维修资金交存", extParam=json.dumps({"account": HOUSEHOLD}, ensure_ascii=False))
        self.pay("C")
        self.step("水费充值: WX_JSAPI 100.00")
        self.place("E", "M1005", "WX_JSAPI", "水费充值", channelExtra=json.dumps({"openid": "oDayPayer0001"}))
        self.pay("E")
        for merchant, letter in (("M1001", "A"), ("M1002", "B"), ("M1003", "C"), ("M1005", "E")):
            self.paid(merchant, letter)

    def troubles(self):
        self.clock("2026-03-04 10:00:00")
        self.step("重复支付: one order paid twice, 60.00")
        self.place("F", "M1005", "WX_NATIVE", "水费充值")
        self.pay("F")
        self.paid("M1005", "F")
        self.pay("F", again=True)
        self.wait("the second payment is in suspense", lambda: self.balance("2241") == 6000)

        self.step("通知丢失: found by polling, 45.00")
        placed = self.place("H", "M1005", "WX_NATIVE", "水费充值")
        self.fault("notify_lost", operation="wechat.notify", number=placed["payOrderId"])
        self.pay("H")
        self.clock("2026-03-04 10:05:00")
        self.paid("M1005", "H")

        self.step("下单超时: the fate of the call is learned later, 120.00")
        self.fault("drop_after", operation="wechat.place", times=1)
        data = self.place("I", "M1002", "WX_NATIVE", "报修 电路检修")
        self.check("order I is paying while unknown", data["orderState"], 1)
        self.clock("2026-03-04 10:10:00")
        self.pay("I")
        self.paid("M1002", "I")

        self.step("账单差错预埋: orders whose bill rows will be missing or wrong, 33.00 and 20.00")
        for letter in ("J", "K"):
            self.place(letter, "M1005", "WX_NATIVE", "水费充值")
            self.pay(letter)
            self.paid("M1005", letter)

    def presale(self):
        self.clock("2026-03-04 11:00:00")
        self.step("预售资金: down payment 300,000.00 by bank transfer to a virtual sub-account")
        data = self.place("D", "M1004", "BANK_TRANSFER", "YS2026001 首付款", extParam=json.dumps({"account": PRESALE}, ensure_ascii=False))
        account, sub_account = data["payData"].split("|")
        self.check("the supervised account", account, ACCOUNT_PRESALE)
        self.other.control("bank/deposit", account=account, sub_account=sub_account, amount_fen=expected.PAID["D"],
                           payer_name="购房人", payer_account="6217000000000007", remark="YS2026001 首付")

    def refund(self):
        self.clock("2026-03-04 14:00:00")
        self.step("部分退款: 30.00 of 80.00")
        self.place("G", "M1002", "WX_NATIVE", "报修 门锁")
        self.pay("G")
        self.paid("M1002", "G")
        self.upstream["M1002"].call("/api/refund/refundOrder", payOrderId=self.orders["G"], mchRefundNo="G-1", refundAmount=3000,
                                    currency="cny", refundReason="少用材料", notifyUrl=self.inbox.url)
        self.clock("2026-03-04 14:05:00")
        self.wait("the refund succeeds", lambda: self.upstream["M1002"].call("/api/refund/query", mchRefundNo="G-1")["state"] == 2)

    def close_day_one(self):
        self.clock("2026-03-04 23:00:00")
        wanted = sorted(l for l in self.orders if l != "D")
        self.wait("every merchant heard of its payments",
                  lambda: {f["mchOrderNo"] for f in self.inbox.heard if "mchOrderNo" in f and f.get("state") == "2"} >= set(wanted))
        self.balances(expected.AFTER_DAY_ONE)
        self.clock("2026-03-05 00:05:00")
        self.step("日切: 2026-03-04 → 2026-03-05")
        self.operator.post("/v1/books/day-cut", {"next": "2026-03-05"})

    def reconcile_day_one(self):
        self.fault("bill_missing_row", operation="wechat.tradebill", number=self.orders["J"], mchid=PLATFORM)
        self.fault("bill_wrong_amount", operation="wechat.tradebill", number=self.orders["K"], amount_fen=2500, mchid=PLATFORM)
        self.fault("bill_extra_row", operation="wechat.tradebill", number="EXTRA20260304001", amount_fen=700, mchid=PLATFORM)
        self.clock("2026-03-05 10:05:00")
        for mchid in (OWN, FUND, PLATFORM):
            run = self.operator.post("/v1/reconciliation-runs", {"kind": "bill", "subject": mchid, "day": "2026-03-04"})
            self.step(f"对账: bill of {mchid}: {run['matched']} matched, {len(run['breaks'])} breaks")
        run = self.operator.post("/v1/reconciliation-runs", {"kind": "statement", "subject": ACCOUNT_PRESALE, "day": "2026-03-04"})
        self.step(f"对账: bank statement of {ACCOUNT_PRESALE}: {run['matched']} matched")
        self.paid("M1004", "D")
        self.check("presale funds under supervision", self.balance(PRESALE), expected.PAID["D"])
        self.step("拨付: 150,000.00 to the developer")
        self.upstream["M1004"].call("/api/transferOrder", mchOrderNo="D-PAY-1", ifCode="bank", entryType="BANK_CARD", amount=15000000,
                                    currency="CNY", accountNo="755900000000001", accountName="示例开发有限公司", bankName="308584000013",
                                    transferDesc="工程款 节点:主体封顶", notifyUrl=self.inbox.url,
                                    extParam=json.dumps({"account": PRESALE}, ensure_ascii=False))
        self.clock("2026-03-05 10:10:00")
        self.wait("the payout to the developer succeeds",
                  lambda: self.upstream["M1004"].call("/api/transfer/query", mchOrderNo="D-PAY-1")["state"] == 2)
        self.check("presale funds after the payout", self.balance(PRESALE), 15000000)

    def arrivals(self):
        self.step("渠道到账: WeChat settles 2026-03-04 to our bank accounts")
        self.other.control("wechat/settle", date="2026-03-04")
        self.clock("2026-03-06 00:05:00")
        self.operator.post("/v1/books/day-cut", {"next": "2026-03-06"})
        self.clock("2026-03-06 08:30:00")
        for account in (ACCOUNT_PLATFORM, ACCOUNT_FUND, ACCOUNT_PRESALE):
            run = self.operator.post("/v1/reconciliation-runs", {"kind": "statement", "subject": account, "day": "2026-03-05"})
            self.step(f"对账: bank statement of {account}: {run['matched']} matched, {len(run['breaks'])} breaks")

    def settle(self):
        self.clock("2026-03-06 09:00:00")
        made = self.maker.post("/v1/settlement-batches", {"settle_on": "2026-03-06"})["made"]
        self.check("settlement batches", {b["merchant_no"]: b["net"] for b in made}, expected.BATCHES)
        for batch in made:
            number = batch["number"]
            self.maker.post(f"/v1/settlement-batches/{number}/review")
            try:
                self.maker.post(f"/v1/settlement-batches/{number}/approve")
                self.check("a maker cannot approve", True, False)
            except Refused:
                self.checks += 1
            self.checker.post(f"/v1/settlement-batches/{number}/approve")
        again = self.maker.post("/v1/settlement-batches", {"settle_on": "2026-03-06"})["made"]
        self.check("settling twice makes nothing new", again, [])
        self.clock("2026-03-06 09:05:00")
        for batch in made:
            self.wait(f"batch {batch['number']} is paid",
                      lambda: self.auditor.get(f"/v1/settlement-batches/{batch['number']}")["state"] == "confirmed")
            self.step(f"结算: {batch['merchant_no']} paid {batch['net'] / 100:,.2f}")
        self.summary["payouts"] = {b["merchant_no"]: b["net"] for b in made}

    def finish(self):
        breaks = self.auditor.get("/v1/breaks")["breaks"]
        letter_of = {v: k for k, v in self.orders.items()} | {"EXTRA20260304001": "extra"}
        seen = {(b["class"], letter_of.get(b["our_number"], b["our_number"]), b["amount"]) for b in breaks}
        self.check("exactly the planted breaks", seen, expected.BREAKS)
        self.balances(expected.AT_END)
        self.check("no merchant got a forged notification", self.inbox.forged, 0)
        trial = self.auditor.get("/v1/trial-balance")
        self.check("trial balance: debits less credits", trial["debit_total"] - trial["credit_total"], 0)
        run = self.operator.post("/v1/reports", {"day": "2026-03-06"})
        self.summary["reports"] = run["files"]
        self.summary["breaks"] = sorted(map(list, seen))

    def report(self):
        self.inbox.stop()
        self.summary |= {"orders": len(self.orders), "paid_fen": sum(expected.PAID.values()), "checks": self.checks, "failures": self.failures}
        json.dump(self.summary, open(self.o.summary, "w"), ensure_ascii=False, indent=1)
        return 0 if not self.failures else 1


def main():
    parser = argparse.ArgumentParser()
    for name in ("engine", "sandbox", "keys", "summary"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    day = Day(options)
    try:
        status = day.run()
    except Refused as refused:
        day.failures.append(str(refused))
        print(f"  !! {refused}", flush=True)
        status = day.report() or 1
    return status


if __name__ == "__main__":
    sys.exit(main())
