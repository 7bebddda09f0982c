#!/usr/bin/env python3
"""kill -9 at random moments while orders are placed and their events are pushed to an upstream's webhook, a real HTTP
receiver that fails now and then; and holds are made, which expire, and a second webhook asks for what becomes of them.

  webhooks.py PROGRAM

SUANPAN_CRASH_CYCLES kills (6); SUANPAN_CRASH_SEED (20260304), printed, decides the moments. Every event that the feed
tells must have arrived, signed, its first arrival in the order of the feed. Every hold that was acknowledged must have
been told of twice, made at the sequence that was answered and later expired, whatever the feed says.
"""
import hashlib
import hmac
import http.server
import json
import os
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from engine import Engine  # noqa: E402

CYCLES = int(os.environ.get("SUANPAN_CRASH_CYCLES", 6))
SEED = os.environ.get("SUANPAN_CRASH_SEED", "20260304")


class Receiver(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, fails):
        super().__init__(("127.0.0.1", 0), Handler)
        self.secrets, self.fails = {}, fails  # by webhook
        self.first, self.holds = {}, []  # names in the order in which they came first; (topic, hold, sequence)
        self.deliveries, self.refused, self.faults = 0, 0, []
        self.guard = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def take(self, headers, body):
        stamp = headers["Suanpan-Timestamp"]
        hook = headers["Suanpan-Webhook"]
        mac = hmac.new(self.secrets[hook].encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        with self.guard:
            self.deliveries += 1
            if headers["Suanpan-Signature"] != "v1=" + mac:
                self.faults.append("a signature that does not hold")
            for event in json.loads(body)["events"]:
                name = (event["seq"], event["index"])
                if name not in self.first[hook]:
                    self.first[hook].append(name)
                    if event["topic"].startswith("hold."):
                        self.holds.append((event["topic"], event["key"], event["seq"]))
            if self.fails and (self.deliveries == 2 or self.fails.random() < 0.2):
                self.refused += 1
                return 500
            return 204


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.server.take(self.headers, body))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


def feed(engine, more=""):
    """Every event that the upstream may hear of, from the feed itself."""
    names, cursor = [], 0
    while True:
        page = engine.get(f"/v1/events?after={cursor}&limit=1000{more}", "upstream")
        names += [(event["seq"], event["index"]) for event in page["events"]]
        if page["next"] == cursor:
            return names
        cursor = page["next"]


def main():
    print(f"seed {SEED}, {CYCLES} kills")
    chance = random.Random(SEED)
    receiver = Receiver(random.Random(SEED + "fails"))
    with Engine(sys.argv[1]) as engine:
        engine.prepare().start()
        url = f"http://127.0.0.1:{receiver.server_port}/hook"
        hooks = []
        for name, body in (("plain", {"url": url}), ("holds", {"url": url, "topics": ["hold.*"]})):
            asked = engine.native("upstream", "POST", "/v1/webhooks", body, name)
            assert asked.status == 201, asked
            hook = asked.json()["id"]
            receiver.secrets[hook], receiver.first[hook] = asked.json()["secret"], []
            again = engine.native("upstream", "POST", "/v1/webhooks", body, name)
            assert again.json()["id"] == hook and "secret" not in again.json(), again
            approved = engine.native("operator", "POST", f"/v1/webhooks/{hook}/approve")
            assert approved.status == 200, approved
            hooks.append(hook)
        for code, kind in (("1002/B", "asset"), ("2101/H", "liability")):
            opened = engine.native("operator", "POST", "/v1/accounts", {"code": code, "name": "测试", "type": kind})
            assert opened.status == 201, opened
        number = placed_orders = 0
        holds = {}  # what was acknowledged: id and sequence
        for cycle in range(CYCLES):
            until = time.time() + chance.uniform(0.2, 1.5)
            while time.time() < until:
                number += 1
                order = {"mch_no": "M1001", "mch_order_no": f"W{number}", "amount": 100}
                placed = engine.native("upstream", "POST", "/v1/orders", order, f"order-{number}")
                assert placed.status in (201, 429), placed
                placed_orders += placed.status == 201
                hold = {"legs": [{"debit": "1002/B", "credit": "2101/H", "amount": 1}],
                        "expires_at": "2026-03-04T22:00:00+08:00"}
                made = engine.native("upstream", "POST", "/v1/holds", hold, f"hold-{number}")
                assert made.status in (201, 429), made
                if made.status == 201:
                    holds[made.json()["hold"]] = made.json()["seq"]
                if placed.status == 429:
                    time.sleep(0.05)
            engine.stop(signal.SIGKILL)
            engine.start()
            # By the business clock, so that what failed is tried again; twelve hours for all of them.
            passed = (cycle + 1) * min(60, 43_200 // CYCLES)
            engine.clock(f"2026-03-04 {10 + passed // 3600:02}:{passed // 60 % 60:02}:{passed % 60:02}")
        receiver.fails = None
        # Orders that expire by that clock are told as well: until the feed has nothing new. Minute after minute, as
        # this clock stands by itself: a delivery that was refused just before is tried again ten seconds later by it.
        wanted = []
        for minute in range(60):
            engine.clock(f"2026-03-04 22:{minute:02}:00")
            before, wanted = wanted, [feed(engine), feed(engine, "&topics=hold.*")]
            arrived = [receiver.first[hook] for hook in hooks]
            settled = wanted == before and len(wanted[1]) >= 2 * len(holds)
            if settled and all(len(a) >= len(w) for a, w in zip(arrived, wanted)):
                break
            time.sleep(1)
        states = engine.get("/v1/webhooks", "upstream")["webhooks"]
        assert arrived == wanted, f"{[*map(len, wanted)]} told, {[*map(len, arrived)]} arrived: {states}"
        assert not receiver.faults, receiver.faults
        told = {}
        for topic, hold, seq in receiver.holds:
            told.setdefault(hold, []).append((topic, seq))
        for hold, seq in holds.items():
            made, expired = told[hold]
            assert made == ("hold.made", seq), f"hold {hold} was made at {seq}: {told[hold]}"
            assert expired[0] == "hold.expired" and expired[1] > seq, f"hold {hold}: {told[hold]}"
        # Else nothing was shown: at least an event an order, some of them told more than once.
        events = len(wanted[0])
        assert events >= placed_orders >= CYCLES, f"{placed_orders} orders, {events} events"
        assert len(holds) >= CYCLES, f"{len(holds)} holds"
        assert receiver.refused > 0, "no delivery was refused"
        assert all(state["dead_letters"] == 0 for state in states), states
        engine.stop()
        engine.must("verify", "--data", engine.book)
        print(f"{placed_orders} orders, {events} events, {len(holds)} holds, {receiver.deliveries} deliveries, "
              f"{receiver.refused} refused, none lost")


if __name__ == "__main__":
    main()
