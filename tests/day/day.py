#!/usr/bin/env python3
"""The business day: what upstream systems, payers, the bank and finance staff do on 2026-03-04 and the workdays
after it, against a running engine and sandbox. Who speaks how: clients.py; clock and checks: stage.py; what it must
end in: expected.py; how it is told: summary.py. Ends with exit status 0 only if every check held.

usage: day.py --engine URL --sandbox URL --keys FILE --reports FOLDER --summary FILE
"""
import argparse
import json
import os
import sys

import expected
import summary
from clients import Refused
from stage import Stage, yuan

HOUSEHOLD = "2201/维修资金/阳光小区/3幢/0402"
PRESALE = "2201/预售资金/阳光二期/YS2026001"
PLATFORM, OWN, FUND = "1900000109", "1900000101", "1900000103"
ACCOUNT_PLATFORM, ACCOUNT_FUND, ACCOUNT_PRESALE = "6228000000000001", "6228000000000003", "6228000000000004"
MERCHANT_OF = {letter: merchant for merchant, letters in
               {"M1001": "A", "M1002": "BGIPR", "M1003": "C", "M1004": "D", "M1005": "EFHJKLNOS"}.items()
               for letter in letters}
PAID, FAILED = "2", "3"  # as merchants are told, of orders and of transfers


class Day(Stage):
    def __init__(self, options):
        super().__init__(options, sorted(set(MERCHANT_OF.values())), "day-secret-of-{}")
        self.payouts, self.refunds, self.runs, self.files = [], [], [], []
        self.breaks, self.fees = set(), {}

    def run(self):
        self.clock("2026-03-04 08:30:00")
        for part in (self.open_accounts, self.orders_of_the_day, self.troubles, self.notifications_astray,
                     self.presale, self.refund, self.evening, self.bills, self.developer, self.arrivals, self.settle,
                     self.second_bill, self.resolve, self.monday, self.books):
            part()

    # --- moves ---
    def place(self, letter, way, subject, **more):
        data = self.upstream[MERCHANT_OF[letter]].order(letter, way, expected.PAID[letter], subject, self.inbox.url, **more)
        self.orders[letter] = data["payOrderId"]
        return data

    def pay(self, letter, **more):
        self.other.control("wechat/pay", out_trade_no=self.orders[letter], **more)

    def state(self, letter):
        """What stands here. (A merchant's query would make the engine ask the channel first.)"""
        return self.auditor.get("/v1/orders/" + self.orders[letter])["state"]

    def paid(self, *letters):
        for letter in letters:
            self.wait(f"order {letter} is paid", lambda: self.state(letter) == "paid")
            self.check(f"merchant's query of {letter}", str(self.upstream[MERCHANT_OF[letter]].query(letter)["state"]), PAID)

    def reconcile(self, kind, subject, day):
        run = self.operator.post("/v1/reconciliation-runs", {"kind": kind, "subject": subject, "day": day})
        what = "bill of" if kind == "bill" else "bank statement of"
        self.step(f"对账: {what} {subject}, {day}: {run['matched']} agree, {len(run['breaks'])} do not")
        self.check(f"agreeing rows of {kind} {subject} {day}", run["matched"], expected.MATCHED[kind, subject, day])
        again = self.operator.post("/v1/reconciliation-runs", {"kind": kind, "subject": subject, "day": day})
        self.check(f"the second run of {run['number']} is the first", (again["number"], again["repeated"]), (run["number"], True))
        self.runs.append(run)

    # --- Wednesday ---
    def open_accounts(self):
        self.chapter("周三 2026-03-04: orders and payments")
        self.step("开立户账: a household of the maintenance fund, a presale contract")
        for code, name in ((HOUSEHOLD, "阳光小区3幢0402 维修资金"), (PRESALE, "YS2026001 预售资金")):
            self.maker.post("/v1/accounts", {"code": code, "name": name, "type": "liability", "limit": "not_below_zero"})

    def orders_of_the_day(self):
        self.clock("2026-03-04 09:00:00")
        self.step("物业费: direct merchant, WX_NATIVE, 1,280.50")
        self.place("A", "WX_NATIVE", "阳光小区物业费")
        self.pay("A")
        self.step("报修: materials 350.00 and labour 200.00, platform service fee 3 %")
        self.place("B", "WX_NATIVE", "报修 水管更换", extParam=json.dumps(
            {"lines": [{"label": "材料", "amount": 35000}, {"label": "人工", "amount": 20000}]}, ensure_ascii=False))
        self.pay("B")
        self.step("维修资金交存: payment notice scanned, 9,600.00 into the household's sub-ledger")
        self.place("C", "WX_NATIVE", "维修资金交存", extParam=json.dumps({"account": HOUSEHOLD}, ensure_ascii=False))
        self.pay("C")
        self.step("水费充值: WX_JSAPI, 100.00")
        self.place("E", "WX_JSAPI", "水费充值", channelExtra=json.dumps({"openid": "oDayPayer0001"}))
        self.pay("E")
        self.paid("A", "B", "C", "E")

    def troubles(self):
        self.clock("2026-03-04 10:00:00")
        self.step("重复支付: one order of 60.00 paid twice, the second into suspense")
        self.place("F", "WX_NATIVE", "水费充值")
        self.pay("F")
        self.paid("F")
        self.pay("F", again=True)
        self.wait("the second payment of F is in suspense", lambda: self.balance("2241") == expected.PAID["F"])

        self.step("通知丢失: 45.00, found by polling")
        placed = self.place("H", "WX_NATIVE", "水费充值")
        self.fault("notify_lost", operation="wechat.notify", number=placed["payOrderId"])
        self.pay("H")
        self.check("order H before it is asked for", self.state("H"), "paying")
        self.clock("2026-03-04 10:05:00")
        self.paid("H")

        self.step("下单超时: 120.00, the fate of the placing call is learned later")
        self.fault("drop_after", operation="wechat.place", times=1)
        self.check("order I while nobody knows", self.place("I", "WX_NATIVE", "报修 电路检修")["orderState"], 1)
        self.clock("2026-03-04 10:10:00")
        self.pay("I")
        self.paid("I")

        self.step("账单差错预埋: 33.00, 20.00 and 40.00, whose bill rows will be late, wrong, missing")
        for letter in "JKS":
            self.place(letter, "WX_NATIVE", "水费充值")
            self.pay(letter)
        self.paid(*"JKS")

        self.step("逾期支付: 90.00, paid after the order had expired here: the payment wins")
        self.place("R", "WX_NATIVE", "报修 疏通管道", expiredTime=60)
        self.clock("2026-03-04 10:20:00")
        self.wait("order R is closed", lambda: self.state("R") == "closed")
        self.pay("R", late=True)
        self.paid("R")
        self.check("order R says that it was late", self.auditor.get("/v1/orders/" + self.orders["R"])["late"], True)

    def notifications_astray(self):
        self.clock("2026-03-04 10:30:00")
        before = self.balance("1122/wxpay/" + PLATFORM)

        def told(attempts):
            return lambda: self.notifications()["attempts"] >= attempts

        self.step("伪造通知: 15.00, the first notification's signature does not hold")
        self.place("L", "WX_NATIVE", "水费充值")
        self.fault("notify_forged", operation="wechat.notify", number=self.orders["L"])
        told_before = self.notifications()
        self.pay("L")
        self.wait("the forged notification went out", told(told_before["attempts"] + 1))
        self.check("order L after the forged notification", self.state("L"), "paying")
        self.check("forged notifications taken", self.notifications()["accepted"], told_before["accepted"])

        self.step("金额不符的通知: 26.00, told as 1.00 under a good signature")
        self.place("N", "WX_NATIVE", "水费充值")
        self.fault("notify_wrong_amount", operation="wechat.notify", number=self.orders["N"], amount_fen=100)
        self.pay("N")
        self.wait("the wrong notification went out", told(told_before["attempts"] + 2))
        self.wait("people hear of it", lambda: ("order.alert", self.orders["N"]) in self.events())
        self.check("order N after the wrong amount", self.state("N"), "paying")
        self.check("receivable, untouched by both", self.balance("1122/wxpay/" + PLATFORM), before)
        self.clock("2026-03-04 10:31:00")
        self.paid("L", "N")
        taken = told_before["accepted"] + 1  # L's second; N's wrong amount is never taken
        self.wait("the true notification of L is taken", lambda: self.notifications()["accepted"] == taken)

        self.step("重复通知: 18.00, told twice")
        self.place("O", "WX_NATIVE", "水费充值")
        self.fault("notify_duplicate", operation="wechat.notify", number=self.orders["O"])
        self.pay("O")
        self.paid("O")
        self.wait("both notifications of O are taken", lambda: self.notifications()["accepted"] == taken + 2)

        self.step("乱序通知: 50.00 paid and 20.00 refunded by finance, the refund is told first")
        self.place("P", "WX_NATIVE", "报修 灯具")
        self.fault("notify_reordered", operation="wechat.notify", number=self.orders["P"])
        self.pay("P")
        self.clock("2026-03-04 10:36:00")
        self.paid("P")
        self.staff_refund("P")
        self.clock("2026-03-04 10:37:00")
        self.wait("both notifications of P are taken", lambda: self.notifications()["accepted"] == taken + 4)

    def staff_refund(self, letter):
        fen = expected.REFUNDED[letter]
        asked = self.maker.post("/v1/refunds", {"order_id": self.orders[letter], "amount": fen, "reason": "少用材料"})
        approve = f"/v1/refunds/{asked['id']}/approve"
        self.refused("a maker without the checker's role", lambda: self.maker.refusal(approve), 403, "forbidden")
        self.checker.post(approve)
        self.clock(self.now[:-2] + "30")
        self.wait(f"the refund of {letter} succeeds", lambda:
                  self.auditor.get(f"/v1/refunds/{asked['id']}")["refund"]["state"] == "succeeded")
        self.refunds.append((letter, fen, "by finance"))

    def presale(self):
        self.clock("2026-03-04 11:00:00")
        self.step("预售资金: down payment of 300,000.00 by bank transfer to a virtual sub-account")
        data = self.place("D", "BANK_TRANSFER", "YS2026001 首付款", extParam=json.dumps({"account": PRESALE}, ensure_ascii=False))
        account, sub_account = data["payData"].split("|")
        self.check("the supervised account", account, ACCOUNT_PRESALE)
        self.other.control("bank/deposit", account=account, sub_account=sub_account, amount_fen=expected.PAID["D"],
                           payer_name="购房人", payer_account="6217000000000007", remark="YS2026001 首付")

    def refund(self):
        self.clock("2026-03-04 14:00:00")
        self.step("部分退款: 30.00 of 80.00, by the merchant")
        self.place("G", "WX_NATIVE", "报修 门锁")
        self.pay("G")
        self.paid("G")
        merchant = self.upstream["M1002"]
        merchant.call("/api/refund/refundOrder", payOrderId=self.orders["G"], mchRefundNo="G-1",
                      refundAmount=expected.REFUNDED["G"], currency="cny", refundReason="少用材料", notifyUrl=self.inbox.url)
        self.clock("2026-03-04 14:05:00")
        self.wait("the refund of G succeeds", lambda: merchant.call("/api/refund/query", mchRefundNo="G-1")["state"] == 2)
        self.refunds.append(("G", expected.REFUNDED["G"], "by the merchant"))

    def evening(self):
        self.clock("2026-03-04 23:00:00")
        wanted = {letter: 1 for letter in self.orders if letter != "D"}
        self.wait("merchants heard of their payments", lambda: self.heard_of().keys() >= wanted.keys())
        self.check("each merchant heard of each payment once", self.heard_of(), wanted)
        self.balances("evening", expected.AFTER_DAY_ONE)
        told = self.events()
        self.check("each order was paid once", {l: told.get(("order.paid", self.orders[l]), 0) for l in wanted}, wanted)
        self.wait("of notifications WeChat repeats N's alone", lambda: self.notifications()["pending"] == 1)
        self.clock("2026-03-05 00:05:00")
        self.day_cut("2026-03-05")

    def heard_of(self):
        counted = {}
        for fields in self.inbox.heard:
            if fields.get("state") == PAID and fields.get("payOrderId") == self.orders.get(fields.get("mchOrderNo")):
                counted[fields["mchOrderNo"]] = counted.get(fields["mchOrderNo"], 0) + 1
        return counted

    # --- Thursday ---
    def bills(self):
        self.chapter("周四 2026-03-05: bills, supervised payouts")
        bill = {"operation": "wechat.tradebill", "mchid": PLATFORM}
        self.fault("bill_next_day", number=self.orders["J"], **bill)
        self.fault("bill_missing_row", number=self.orders["S"], **bill)
        self.fault("bill_wrong_amount", number=self.orders["K"], amount_fen=2500, **bill)
        self.fault("bill_extra_row", number="EXTRA20260304001", amount_fen=700, **bill)
        self.clock("2026-03-05 10:05:00")
        for mchid in (OWN, FUND, PLATFORM):
            self.reconcile("bill", mchid, "2026-03-04")
        self.check("S is 存疑 at first", self.break_of("S")["class"], "timing")
        self.reconcile("statement", ACCOUNT_PRESALE, "2026-03-04")
        self.paid("D")
        self.check("presale funds under supervision", self.balance(PRESALE), expected.PAID["D"])

    def break_of(self, letter):
        number = self.orders.get(letter, "EXTRA20260304001")
        for found in self.auditor.get("/v1/breaks")["breaks"]:
            if found.get("our_number") == number:
                return found
        raise Refused(f"there is no break of {letter}")

    def developer(self):
        merchant = self.upstream["M1004"]

        def transfer(number, fen, why, **more):
            merchant.call("/api/transferOrder", mchOrderNo=number, ifCode="bank", entryType="BANK_CARD", amount=fen,
                          currency="CNY", accountNo="755900000000001", accountName="示例开发有限公司",
                          bankName="308584000013", transferDesc=why, notifyUrl=self.inbox.url,
                          extParam=json.dumps({"account": PRESALE}, ensure_ascii=False))

        def state(number):
            return merchant.call("/api/transfer/query", mchOrderNo=number)["state"]

        self.step("拨付: 150,000.00 to the developer")
        transfer("D-PAY-1", 15000000, "工程款 节点:主体封顶")
        self.clock("2026-03-05 10:10:00")
        self.wait("the payout to the developer succeeds", lambda: state("D-PAY-1") == 2)
        self.check("presale funds after the payout", self.balance(PRESALE), 15000000)
        self.payouts.append(("示例开发", 15000000, "presale, paid"))
        self.step("拨付退汇: 20,000.00 that the payee's bank will return")
        self.fault("bank_return", operation="bank.pay", text="AC04", after_s=3600)
        transfer("D-PAY-2", 2000000, "工程款 签证")
        self.clock("2026-03-05 10:15:00")
        self.wait("the second payout succeeds at first", lambda: state("D-PAY-2") == 2)
        self.check("presale funds while nobody knows of the return", self.balance(PRESALE), 13000000)
        self.payouts.append(("示例开发", 2000000, "presale, returned: owed again"))
        self.step("渠道到账: WeChat settles 2026-03-04 to our bank accounts")
        self.other.control("wechat/settle", date="2026-03-04")

    # --- Friday ---
    def arrivals(self):
        self.clock("2026-03-06 00:05:00")
        self.day_cut("2026-03-06")
        self.chapter("周五 2026-03-06: money arrives, T+1 settlement")
        self.clock("2026-03-06 08:30:00")
        for account in (ACCOUNT_PLATFORM, ACCOUNT_FUND, ACCOUNT_PRESALE):
            self.reconcile("statement", account, "2026-03-05")
        self.check("the platform's money at the bank", self.balance("1002/" + ACCOUNT_PLATFORM), expected.ARRIVED["2026-03-04"])
        self.check("presale funds after the return", self.balance(PRESALE), 15000000)
        self.wait("the developer hears of the return", lambda: any(
            f.get("mchOrderNo") == "D-PAY-2" and f.get("state") == FAILED for f in self.inbox.heard))

    def batches(self, day):
        made = self.maker.post("/v1/settlement-batches", {"settle_on": day})["made"]
        self.check(f"settlement batches of {day}", {b["merchant_no"]: b["net"] for b in made}, expected.BATCHES[day])
        again = self.maker.post("/v1/settlement-batches", {"settle_on": day})["made"]
        self.check("settling twice makes nothing new", again, [])
        return {b["merchant_no"]: b["number"] for b in made}

    def approve(self, number):
        path = f"/v1/settlement-batches/{number}"
        self.chief.post(path + "/review")
        self.refused("a maker without the checker's role", lambda: self.maker.refusal(path + "/approve"), 403, "forbidden")
        self.refused("who reviewed does not approve", lambda: self.chief.refusal(path + "/approve"), 403, "same_person")
        self.check("the refused approvals moved nothing", self.batch(number)["state"], "reviewed")
        self.checker.post(path + "/approve")
        self.wait(f"batch {number} is sent", lambda: self.is_with_the_bank(self.batch(number)))

    def is_with_the_bank(self, batch):
        """ "sent" is journalled before the bank has it: only its answer says that."""
        return batch["state"] == "sent" and not self.auditor.get("/v1/payouts/" + batch["payout_id"])["payout"]["unknown"]

    def batch(self, number):
        return self.auditor.get(f"/v1/settlement-batches/{number}")

    def confirm(self, merchant, number, what):
        self.wait(f"batch {number} is paid", lambda: self.batch(number)["state"] == "confirmed")
        net = self.batch(number)["net"]
        self.step(f"结算: {merchant}, {yuan(net)} paid")
        self.payouts.append((merchant, net, what))

    def settle(self):
        self.clock("2026-03-06 09:00:00")
        numbers = self.batches("2026-03-06")
        self.step("审批: who reviewed a batch is refused, another person approves it")
        self.fault("bank_return", operation="bank.pay", text="AC04", after_s=3600)
        self.approve(numbers["M1005"])  # the bank takes it first, and will return it
        self.approve(numbers["M1002"])
        self.clock("2026-03-06 09:05:00")
        self.confirm("M1002", numbers["M1002"], "settlement, paid")
        self.confirm("M1005", numbers["M1005"], "settlement, returned: paid again on Monday")
        self.returned = numbers["M1005"]

    def second_bill(self):
        self.clock("2026-03-06 10:05:00")
        self.reconcile("bill", PLATFORM, "2026-03-05")
        self.step("存疑: J is in the next day's bill and closes itself, S is in neither and is a break")
        self.check("J closes itself", self.break_of("J")["state"], "cleared")
        self.check("S has become a break", self.break_of("S")["class"], "missing_channel")
        self.step("渠道到账: WeChat settles 2026-03-05")
        self.other.control("wechat/settle", date="2026-03-05")

    def resolve(self):
        self.step("差错处理: the surplus of K and the row of nobody into suspense, by two people")
        for letter, resolution in (("K", "adjust"), ("extra", "suspend")):
            path = f"/v1/breaks/{self.break_of(letter)['id']}"
            self.chief.post(path + "/propose", {"resolution": resolution})
            self.refused("who proposed does not resolve", lambda: self.chief.refusal(path + "/resolve"), 403, "same_person")
            self.checker.post(path + "/resolve")

    # --- Monday ---
    def monday(self):
        self.clock("2026-03-09 00:05:00")
        self.day_cut("2026-03-09")
        self.chapter("周一 2026-03-09: what came back is paid again")
        self.clock("2026-03-09 08:30:00")
        self.reconcile("statement", ACCOUNT_PLATFORM, "2026-03-06")
        self.step("退汇: the payout to M1005 came back, the merchant is owed again")
        self.wait("the returned batch lets its orders go", lambda: self.batch(self.returned).get("returned_on") == "2026-03-09")
        self.clock("2026-03-09 09:00:00")
        numbers = self.batches("2026-03-09")
        self.approve(numbers["M1005"])
        self.clock("2026-03-09 09:05:00")
        self.confirm("M1005", numbers["M1005"], "settlement, with what was returned")

    def books(self):
        self.chapter("账: what the books say")
        breaks = self.auditor.get("/v1/breaks")["breaks"]
        letter_of = {number: letter for letter, number in self.orders.items()} | {"EXTRA20260304001": "extra"}
        self.breaks = {(b["class"], letter_of.get(b.get("our_number"), b["id"]), b["amount"], b["state"]) for b in breaks}
        self.check("exactly the planted breaks", self.breaks, expected.BREAKS)
        told = self.events()
        self.check("alerts", {(topic, letter_of.get(key, key)) for topic, key in told if topic.endswith(".alert")}, expected.ALERTS)
        self.balances("end", expected.AT_END)
        self.check("no merchant got a forged notification", self.inbox.forged, 0)
        self.fees = {code: self.balance(code) for code in ("6001", "6401")}
        trial = self.auditor.get("/v1/trial-balance")
        self.check("trial balance: debits less credits", trial["debit_total"] - trial["credit_total"], 0)
        self.check("trial balance: balanced", trial["balanced"], True)
        fund = {row["code"]: abs(row["amounts"]["closing"] if "amounts" in row else row["closing"]) for row in trial["rows"]}
        for code in expected.FUND_ROLL_UP:
            self.check(f"roll-up of {code}", fund.get(code), expected.PAID["C"])
        self.step("科目余额表, 日报, 差错: the reports are written")
        self.files = self.operator.post("/v1/reports", {"day": "2026-03-09"})["files"]

    def result(self):
        """What the summary tells; as much of it as the day came to."""
        self.inbox.stop()
        return {
            "checks": self.checks, "failures": self.failures, "clock": self.now,
            "orders": len(self.orders), "paid_fen": sum(expected.PAID[letter] for letter in self.orders),
            "platform_fee_fen": self.fees.get("6001", 0), "channel_cost_fen": self.fees.get("6401", 0),
            "payouts": self.payouts, "refunds": self.refunds, "breaks": sorted(self.breaks),
            "runs": [{"number": r["number"], "files": [f"{r['day']}/{name}" for name in r["reports"]]} for r in self.runs],
            "reports": self.files,
        }


def main():
    parser = argparse.ArgumentParser()
    for name in ("engine", "sandbox", "keys", "reports", "summary"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    day = Day(options)
    try:
        day.run()
    except (Refused, OSError) as error:
        day.fail(f"the day stops: {error}")
    result = day.result()
    with open(options.summary, "w", encoding="utf-8") as file:
        json.dump(result, file, ensure_ascii=False, indent=1)
    summary.show(result, os.path.relpath(options.reports))
    return 1 if day.failures else 0


if __name__ == "__main__":
    sys.exit(main())
