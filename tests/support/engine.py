"""A real engine and a real sandbox as processes, on a data directory of their own, for tests that talk to them as
the outside does. Used by tests/bad_input/ and tests/crash/orders.py. Signatures are computed here and in
tests/day/clients.py, by code that shares nothing with the engine's."""
import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "day"))
from clients import OtherSide, Upstream, http_call  # noqa: E402, F401

SKIPPED = 77  # as tests/support/skip.h
DAY = "2026-03-04"
PLATFORM, OWN = "1900000109", "1900000101"
ACCOUNT = "6228000000000001"
SUPERVISED = "2201/维修资金"
HOUSEHOLD = SUPERVISED + "/阳光小区/3幢/0402"

SANDBOX_SETTINGS = {
    "seed": 20260304, "refund_delay_s": 1, "settle_delay_s": 30,
    "merchants": [
        {"mchid": PLATFORM, "name": "算盘平台", "appids": ["wx5uanpan00000001"], "bank_account": ACCOUNT},
        {"mchid": OWN, "name": "阳光物业", "appids": ["wx5uanpan00000002"], "bank_account": "6228000000000101"}],
    "accounts": [
        {"account": ACCOUNT, "name": "算盘平台监管户", "opening_fen": 0, "opened_on": "2026-03-03"},
        {"account": "6228000000000101", "name": "阳光物业基本户", "opening_fen": 0, "opened_on": "2026-03-03"}]}


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body.decode(errors='replace')}"


_marks = []


def free_port():
    """Below those that the kernel gives out by itself, as another test asks it to. A socket of the other protocol keeps
    the number for this process, which leaves it and binds it again."""
    for port in random.sample(range(20_000, 32_768), 1000):
        mark = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            mark.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            mark.close()
            continue
        _marks.append(mark)
        return port
    raise AssertionError("no free port")


class Key:
    """A key of the native API. `sign` may be told anything, also what is wrong."""

    def __init__(self, key_id, secret):
        self.key_id, self.secret = key_id, secret

    def sign(self, method, target, body=b"", stamp=None, nonce=None):
        stamp = str(int(time.time())) if stamp is None else str(stamp)
        nonce = nonce or secrets.token_hex(16)
        message = f"{method}\n{target}\n{stamp}\n{nonce}\n{hashlib.sha256(body).hexdigest()}\n"
        mac = hmac.new(self.secret.encode(), message.encode(), hashlib.sha256).digest()
        return {"Suanpan-Key": self.key_id, "Suanpan-Timestamp": stamp, "Suanpan-Nonce": nonce,
                "Suanpan-Signature": base64.b64encode(mac).decode()}


class Engine:
    """One data directory, and the engine that serves it. Stops what it started."""

    ROLES = {"operator": "operator", "maker": "maker", "checker": "checker", "auditor": "auditor", "upstream": "upstream",
             "stranger": "upstream"}

    def __init__(self, program, sandbox=False, folder=None, settings=""):
        self.program = os.path.abspath(program)
        self.own_folder = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="suanpan-")
        self.book = os.path.join(self.folder, "book")
        self.log_path = os.path.join(self.folder, "engine.log")
        self.processes = []
        self.server = None
        self.keys, self.placed = {}, []
        self.other = self.start_sandbox() if sandbox else None
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.write_settings(settings)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        if error[0] is not None and os.path.exists(self.log_path):
            print("--- the engine's log ends:", *open(self.log_path, errors="replace").readlines()[-20:], sep="\n")
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    # --- processes ---
    def kept_keys(self):
        """Where the sandbox's keys are kept for the next test: making RSA keys takes longer than most of them."""
        names = "-".join(merchant["mchid"] for merchant in SANDBOX_SETTINGS["merchants"])
        return os.path.join(os.path.dirname(self.program), "tests", "sandbox-keys-" + names)

    def start_sandbox(self):
        with open(os.path.join(self.folder, "sandbox.json"), "w") as out:
            json.dump(SANDBOX_SETTINGS, out)
        port = free_port()
        channels = os.path.join(self.folder, "channels.toml")
        keys, kept = self.folder + "/sandbox-keys", self.kept_keys()
        if os.path.isdir(kept):
            shutil.copytree(kept, keys)
        with open(os.path.join(self.folder, "sandbox.log"), "w") as log:
            process = subprocess.Popen(
                [self.program, "sandbox", "--listen", f"127.0.0.1:{port}", "--keys", keys,
                 "--settings", self.folder + "/sandbox.json", "--engine-config", channels], stderr=log)
        self.processes.append(process)
        until = time.time() + 60
        while not os.path.exists(channels):
            assert process.poll() is None and time.time() < until, "the sandbox did not start"
            time.sleep(0.02)
        if not os.path.isdir(kept):
            with contextlib.suppress(OSError):  # another test was first, or the build is not ours to write to
                shutil.copytree(keys, f"{kept}.{os.getpid()}")
                os.rename(f"{kept}.{os.getpid()}", kept)
        other = OtherSide(f"http://127.0.0.1:{port}")
        other.control("clock", business=f"{DAY}T09:00:00+08:00")
        return other

    def write_settings(self, more=""):
        self.config = os.path.join(self.folder, "engine.toml")
        with open(self.config, "w") as out:
            out.write(f'[server]\nlisten = "127.0.0.1:{self.port}"\n{more}\n'
                      f'[book]\nfolder = "book"\nfirst_date = "{DAY}"\n'
                      f'[clock]\nbusiness = "manual"\nstart = "{DAY}T09:00:00+08:00"\n'
                      f'[public]\nurl = "{self.base}"\n[reports]\nfolder = "reports"\n'
                      "[notify]\nallow_private_addresses = true\n")
            if self.other:
                out.write(open(os.path.join(self.folder, "channels.toml")).read())

    def command(self, *words):
        """Runs `suanpan words…`; its status, output and errors."""
        done = subprocess.run([self.program, *words], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def must(self, *words):
        status, out, err = self.command(*words)
        assert status == 0, f"suanpan {' '.join(words)}: {status} {err}"
        return out.strip()

    def prepare(self):
        """The one place that makes a data directory: the book, its keys and merchants."""
        self.must("init", "--config", self.config)
        for key_id, role in self.ROLES.items():
            self.keys[key_id] = Key(key_id, self.must("key", "add", "--config", self.config, "--id", key_id, "--role", role,
                                                       *(["--accounts", "/", "--merchants", "/"] if role == "upstream" else [])))
        self.merchants = {}
        for number in ("M1001", "M1002"):
            self.must("merchant", "add", "--config", self.config, "--mch-no", number, "--app-id", "app-" + number,
                      "--secret", "secret-of-" + number, "--name", "阳光物业", "--mode", "collected", "--fee", "0.006",
                      "--wx-mchid", PLATFORM, "--bank-account", ACCOUNT, "--supervised-path", SUPERVISED)
            self.merchants[number] = Upstream(self.base, number, "app-" + number, "secret-of-" + number)
        return self

    def start(self, wait=True):
        with open(self.log_path, "a") as log:
            self.server = subprocess.Popen([self.program, "serve", "--config", self.config], stderr=log)
        self.processes.append(self.server)
        if wait:
            self.wait_until_ready()
        return self

    def wait_until_ready(self, seconds=60):
        until = time.time() + seconds
        while True:
            assert self.server.poll() is None, f"the engine ended with {self.server.returncode}: {self.log_text()}"
            if self.is_ready():
                return
            assert time.time() < until, "the engine does not become ready"
            time.sleep(0.01)

    def is_ready(self):
        try:
            return self.send("GET", "/readyz").status == 200
        except OSError:
            return False

    def comes_up(self, seconds=30):
        """Starts the engine; whether it became ready, or ended."""
        self.start(wait=False)
        until = time.time() + seconds
        while self.server.poll() is None and time.time() < until:
            if self.is_ready():
                return True
            time.sleep(0.01)
        assert self.server.poll() is not None, "the engine neither ends nor becomes ready"
        return False

    def log_text(self):
        return open(self.log_path, errors="replace").read()

    def stop(self, how=signal.SIGTERM):
        self.server.send_signal(how)
        status = self.server.wait(timeout=60)
        assert how != signal.SIGTERM or status == 0, f"the engine ended with {status}: {self.log_text()}"

    def restart(self, how=signal.SIGTERM):
        self.stop(how)
        return self.start()

    def starts_refused(self):
        """Starts the engine where it must not come up; its exit status (None if it came up) and what it said."""
        mark = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
        if self.comes_up():
            self.stop(signal.SIGKILL)
            return None, "it came up"
        return self.server.returncode, open(self.log_path, errors="replace").read()[mark:]

    # --- calls ---
    def send(self, method, target, body=b"", headers=None, timeout=30):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, target, body=body or None, headers=headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def native(self, key, method, target, body=None, idempotency_key=None, **signing):
        """One signed call of the native API; `body` is an object or raw bytes."""
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        target = urllib.parse.quote(target, safe="/?&=%:,+-._~")
        headers = {"Content-Type": "application/json", **self.keys[key].sign(method, target, raw, **signing)}
        if method != "GET":
            headers["Idempotency-Key"] = idempotency_key or secrets.token_hex(12)
        return self.send(method, target, raw, headers)

    def get(self, target, key="auditor"):
        answer = self.native(key, "GET", target)
        while answer.status == 429:  # many orders, one key
            time.sleep(0.2)
            answer = self.native(key, "GET", target)
        assert answer.status == 200, f"GET {target}: {answer}"
        return answer.json()

    def order_fields(self, merchant="M1001", number=None, way="QR_CASHIER", amount=100, **more):
        """The signed fields of a unifiedOrder."""
        upstream = self.merchants[merchant]
        fields = {"mchNo": merchant, "appId": upstream.app_id, "version": "1.0", "signType": "MD5",
                  "reqTime": str(int(time.time() * 1000)), "mchOrderNo": number or "G" + secrets.token_hex(8),
                  "wayCode": way, "amount": amount, "currency": "CNY", "subject": "物业费", "body": "物业费", **more}
        # A value that is no text is signed as it stands in the body.
        fields["sign"] = upstream.sign({k: v if isinstance(v, str) else json.dumps(v) for k, v in fields.items()})
        return fields

    def jeepay(self, path, fields, content_type="application/json; charset=UTF-8"):
        """One call of the merchant API; `fields` is an object or raw bytes."""
        raw = fields if isinstance(fields, bytes) else json.dumps(fields, ensure_ascii=False).encode()
        return self.send("POST", path, raw, {"Content-Type": content_type} if content_type else {})

    def place(self, **more):
        """Places an order that must be accepted; its answer's data."""
        answer = self.jeepay("/api/pay/unifiedOrder", self.order_fields(**more))
        data = answer.json()
        assert answer.status == 200 and data["code"] == 0, f"a good order: {answer}"
        self.placed.append(data["data"]["payOrderId"])
        return data["data"]

    def paid_order(self, amount=1000, merchant="M1001"):
        """An order that its payer has paid through WeChat Pay."""
        data = self.place(merchant=merchant, way="WX_NATIVE", amount=amount)
        self.other.control("wechat/pay", out_trade_no=data["payOrderId"])
        until = time.time() + 20
        while self.get("/v1/orders/" + data["payOrderId"])["state"] != "paid":
            assert time.time() < until, "the payment was not heard of"
            time.sleep(0.02)
        return data["payOrderId"]

    def clock(self, to):
        """Both sides' business clock."""
        stamp = to.replace(" ", "T") + "+08:00"
        if self.other:
            self.other.control("clock", business=stamp)
        answer = self.native("operator", "POST", "/v1/clock/advance", {"to": stamp})
        assert answer.status == 200, answer

    # --- what must not change ---
    def state(self):
        """Everything that a refused call must leave as it is, by an auditor's key."""
        accounts, after = [], 0
        while after is not None:
            page = self.get(f"/v1/accounts?after={after}&limit=1000")
            accounts += page["accounts"]
            after = page["next_after"]
        events, cursor = [], 0
        while True:
            page = self.get(f"/v1/events?after={cursor}&limit=1000")
            if page["next"] == cursor:
                break
            events += page["events"]
            cursor = page["next"]
        balance = self.get("/v1/trial-balance")
        assert balance["balanced"] and balance["debit_total"] == balance["credit_total"], balance
        return {"journal": self.get("/v1/books")["books"][0], "cursor": cursor, "events": events, "trial balance": balance,
                "accounts": accounts, "merchants": self.get("/v1/merchants"), "breaks": self.get("/v1/breaks"),
                "runs": self.get("/v1/reconciliation-runs"), "batches": self.get("/v1/settlement-batches"),
                "orders": {order: self.get("/v1/orders/" + order) for order in self.placed}}


def changed(before, after):
    """The parts of two states that differ, in words."""
    return [f"{part}: {before[part]!r} became {after[part]!r}"[:2000] for part in before if before[part] != after[part]]
