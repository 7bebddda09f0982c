#!/usr/bin/env python3
"""kill -9 at random moments while orders, refunds and vouchers come in on eight connections, in the real
`suanpan serve`; what was acknowledged is kept by another process (order_client.py).

  orders.py PROGRAM

SUANPAN_CRASH_CYCLES kills (50); SUANPAN_CRASH_SEED (20260304), printed, decides the moments and what is asked.
Nothing acknowledged may be missing or different, nothing may be there twice, what was sent again until it was answered
is there once, and `suanpan verify` holds.
"""
import collections
import concurrent.futures
import json
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from engine import Engine, Upstream  # noqa: E402

CONNECTIONS = 8
CYCLES = int(os.environ.get("SUANPAN_CRASH_CYCLES", 50))
SEED = os.environ.get("SUANPAN_CRASH_SEED", "20260304")


class Kept:
    """What the client has written down so far, by kind and number."""

    def __init__(self, folder):
        self.folder, self.offsets = folder, collections.Counter()
        self.first = {"order": {}, "refund": {}, "voucher": {}}
        self.again = 0

    def read(self):
        """The acknowledgements that came since the last reading."""
        fresh = []
        for connection in range(CONNECTIONS):
            path = os.path.join(self.folder, f"{connection}.acks")
            if not os.path.exists(path):
                continue
            with open(path, "rb") as file:
                file.seek(self.offsets[path])
                text = file.read()
            text = text[:text.rfind(b"\n") + 1]
            self.offsets[path] += len(text)
            for line in text.splitlines():
                fresh.append(self.note(json.loads(line)))
        return fresh

    def note(self, ack):
        same = {"order": "payOrderId", "refund": "refundOrderId", "voucher": "id"}[ack["kind"]]
        if same not in ack["answer"]:
            raise AssertionError(f"refused: {ack}")
        kept = self.first[ack["kind"]]
        if ack["again"]:
            self.again += 1
            first = kept[ack["number"]]["answer"]
            assert first[same] == ack["answer"][same], f"answered {first} and, sent again, {ack}"
        else:
            assert ack["number"] not in kept, f"twice: {ack}"
            kept[ack["number"]] = ack
        return ack


class Check:
    def __init__(self, engine):
        self.engine = engine
        self.upstream = engine.merchants["M1001"]

    def order(self, ack):
        """The order is found by its number with the content that was sent and the id that was answered."""
        found = Upstream(self.engine.base, "M1001", "app-M1001", "secret-of-M1001").query(ack["number"])
        sent = ack["sent"]
        seen = (found["payOrderId"], found["amount"], found["subject"], found["wayCode"], found["state"])
        wanted = (ack["answer"]["payOrderId"], sent["amount"], sent["subject"], "QR_CASHIER", ack["answer"]["orderState"])
        assert seen == wanted, f"acknowledged {wanted}, found {seen}"

    def refund(self, ack):
        found = self.upstream.call("/api/refund/query", mchRefundNo=ack["number"])
        seen = (found["refundOrderId"], found["refundAmount"], found["payOrderId"])
        wanted = (ack["answer"]["refundOrderId"], ack["sent"]["amount"], ack["sent"]["order"])
        assert seen == wanted, f"acknowledged {wanted}, found {seen}"

    def voucher(self, ack):
        found = self.engine.get("/v1/vouchers/" + ack["answer"]["id"])
        seen = (found["voucher_no"], [leg["amount"] for leg in found["legs"]], found["summary"])
        wanted = (ack["answer"]["voucher_no"], [ack["sent"]["amount"]], ack["number"])
        assert seen == wanted, f"acknowledged {wanted}, found {seen}"

    def all(self, kept):
        with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
            for kind in ("order", "refund", "voucher"):
                for _ in pool.map(getattr(self, kind), kept.first[kind].values()):
                    pass

    def counts(self, kept, paid):
        """The books hold what was acknowledged once, and nothing else: every request was answered in the end."""
        created, cursor = [], 0
        while True:
            page = self.engine.get(f"/v1/events?after={cursor}&limit=1000")
            if page["next"] == cursor:
                break
            cursor = page["next"]
            created += [event["key"] for event in page["events"] if event["topic"] == "order.created"]
        wanted = sorted([ack["answer"]["payOrderId"] for ack in kept.first["order"].values()] + paid)
        assert len(created) == len(set(created)), f"{len(created)} orders, {len(set(created))} different ones"
        assert sorted(created) == wanted, f"{len(created)} orders in the book, {len(wanted)} acknowledged"
        refunded = collections.Counter()
        for ack in kept.first["refund"].values():
            refunded[ack["sent"]["order"]] += ack["sent"]["amount"]
        for order in paid:
            found = self.engine.get("/v1/orders/" + order)
            assert found["refunded"] + found["refunding"] == refunded[order], f"refunds of {order}: {found}, {refunded[order]}"
        posted = sum(ack["sent"]["amount"] for ack in kept.first["voucher"].values())
        assert self.engine.get("/v1/balances?account=1001")["posted"] == posted, "the vouchers do not make the balance"
        numbers = sorted(ack["answer"]["voucher_no"] for ack in kept.first["voucher"].values())
        assert len(numbers) == len(set(numbers)), "a voucher number was given twice"


def prepare(engine):
    engine.prepare().start()
    for code, kind in (("1001", "asset"), ("4001", "equity")):
        answer = engine.native("operator", "POST", "/v1/accounts", {"code": code, "name": "测试", "type": kind})
        assert answer.status == 201, answer
    paid = [engine.paid_order(100_000) for _ in range(2 * CONNECTIONS)]
    settings = {"seed": SEED, "port": engine.port, "connections": CONNECTIONS, "mch_no": "M1001", "app_id": "app-M1001",
                "secret": "secret-of-M1001", "maker": engine.keys["maker"].secret, "paid": paid}
    path = os.path.join(engine.folder, "client.json")
    with open(path, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as out:
        json.dump(settings, out)
    acks = os.path.join(engine.folder, "acks")
    os.mkdir(acks)
    client = subprocess.Popen([sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "order_client.py"),
                               path, acks], stdin=subprocess.PIPE)
    engine.processes.append(client)
    return client, Kept(acks), paid


def kill_and_restart(engine, kept, check):
    """Fifty times, or as often as was asked for; some kills strike while the one before is being recovered from."""
    moments = random.Random(SEED)
    for cycle in range(1, CYCLES + 1):
        early = moments.random() < 0.15
        time.sleep(moments.uniform(0, 0.03) if early else moments.uniform(0.03, 0.4))
        assert engine.server.poll() is None, f"cycle {cycle}: the engine ended by itself: {engine.log_text()[-2000:]}"
        engine.stop(signal.SIGKILL)
        fresh = kept.read()  # nothing of the dead engine is still on its way to the client's files but what it reads now
        engine.start(wait=moments.random() > 0.1)
        if engine.is_ready():
            for ack in fresh[-5:]:
                getattr(check, ack["kind"])(ack)
    if not engine.is_ready():
        engine.wait_until_ready()


def main():
    print(f"SUANPAN_CRASH_SEED={SEED} SUANPAN_CRASH_CYCLES={CYCLES}", flush=True)
    began = time.time()
    with Engine(sys.argv[1], sandbox=True) as engine:
        client, kept, paid = prepare(engine)
        check = Check(engine)
        kill_and_restart(engine, kept, check)
        client.stdin.close()
        assert client.wait(timeout=60) == 0, "the client failed"
        engine.restart(signal.SIGKILL)
        kept.read()
        check.all(kept)
        check.counts(kept, paid)
        engine.stop(signal.SIGKILL)
        print(engine.must("verify", "--data", engine.book))
        counts = {kind: len(acks) for kind, acks in kept.first.items()}
        print(f"{CYCLES} kills, acknowledged: {counts}, sent again after an answer: {kept.again}, {time.time() - began:.0f} s")
        assert counts["order"] > 10 * CYCLES and counts["refund"] > 0 and counts["voucher"] > 0, "too little to tell anything"


main()
