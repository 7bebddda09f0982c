#!/usr/bin/env python3
"""Upstream systems under load, as a process of its own: it keeps what the engine acknowledged, so that nothing of it
can go down with the engine. Started by tests/crash/orders.py.

  order_client.py SETTINGS FOLDER     runs until its standard input ends, then asks until all is answered

Each connection draws what it does from the seed and its own number. What is not answered is sent again, the same to
the letter but for its time, until it is; now and then what was answered is sent again too. Into FOLDER/N.acks goes a
line per answer, written out as it comes: {"kind", "number", "sent", "answer", "again"}.
"""
import http.client
import json
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from engine import Key, Upstream  # noqa: E402

REFUNDS_OF_ORDER = 45  # WeChat Pay takes fifty
stopping = threading.Event()


class Connection:
    """One of the concurrent callers."""

    def __init__(self, number, settings, folder):
        self.number, self.settings = number, settings
        self.random = random.Random(f"{settings['seed']}/{number}")
        self.upstream = Upstream("", settings["mch_no"], settings["app_id"], settings["secret"])
        self.key = Key("maker", settings["maker"])
        self.paid = settings["paid"][number::settings["connections"]]
        self.refunds = 0
        self.answered = []
        self.acks = os.open(os.path.join(folder, f"{number}.acks"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.http = None

    def run(self):
        count = 0
        while not stopping.is_set():
            count += 1
            call = self.draw(count)
            self.keep(call, self.ask_until_answered(call), again=False)
            if self.answered and self.random.random() < 0.05:
                call = self.random.choice(self.answered[-50:])
                self.keep(call, self.ask_until_answered(call), again=True)

    def draw(self, count):
        dice, name = self.random.random(), f"K{self.number}-{count}"
        amount = self.random.randint(1, 1_000_000)
        if dice < 0.10:
            return {"kind": "voucher", "number": name, "amount": amount}
        if dice < 0.15 and self.refunds < REFUNDS_OF_ORDER * len(self.paid):
            order = self.paid[self.refunds // REFUNDS_OF_ORDER]
            self.refunds += 1
            return {"kind": "refund", "number": name, "amount": amount % 20 + 1, "order": order}
        return {"kind": "order", "number": name, "amount": amount, "subject": f"物业费 {name}"}

    def keep(self, call, answer, again):
        line = {"kind": call["kind"], "number": call["number"], "sent": call, "answer": answer, "again": again}
        os.write(self.acks, (json.dumps(line, ensure_ascii=False) + "\n").encode())
        if not again:
            self.answered.append(call)

    def ask_until_answered(self, call):
        while True:
            try:
                status, body = self.send(*self.request(call))
            except (OSError, http.client.HTTPException):
                self.http = None
                time.sleep(0.005)
                continue
            answer = json.loads(body)
            if status in (429, 503) or (call["kind"] != "voucher" and answer.get("code") == 10):
                time.sleep(0.02)  # definitely not accepted, or not known yet: the same again
                continue
            return answer if call["kind"] == "voucher" and status == 201 else answer.get("data", answer)

    def send(self, target, raw, headers):
        if self.http is None:
            self.http = http.client.HTTPConnection("127.0.0.1", self.settings["port"], timeout=60)
        self.http.request("POST", target, body=raw, headers=headers)
        answer = self.http.getresponse()
        return answer.status, answer.read()

    def request(self, call):
        headers = {"Content-Type": "application/json"}
        if call["kind"] == "voucher":
            legs = [{"debit": "1001", "credit": "4001", "amount": call["amount"]}]
            raw = json.dumps({"legs": legs, "summary": call["number"]}).encode()
            signed = self.key.sign("POST", "/v1/vouchers", raw)
            return "/v1/vouchers", raw, {**headers, **signed, "Idempotency-Key": call["number"]}
        fields = {"mchNo": self.upstream.mch_no, "appId": self.upstream.app_id, "version": "1.0", "signType": "MD5",
                  "reqTime": str(int(time.time() * 1000)), "currency": "CNY"}
        if call["kind"] == "order":
            path = "/api/pay/unifiedOrder"
            fields.update(mchOrderNo=call["number"], wayCode="QR_CASHIER", amount=call["amount"], subject=call["subject"],
                          body="kill -9")
        else:
            path = "/api/refund/refundOrder"
            fields.update(payOrderId=call["order"], mchRefundNo=call["number"], refundAmount=call["amount"], refundReason="退")
        fields["sign"] = self.upstream.sign(fields)
        return path, json.dumps(fields, ensure_ascii=False).encode(), headers


def main():
    settings = json.load(open(sys.argv[1]))
    connections = [Connection(i, settings, sys.argv[2]) for i in range(settings["connections"])]
    threads = [threading.Thread(target=connection.run) for connection in connections]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stopping.set()
    for thread in threads:
        thread.join()


main()
