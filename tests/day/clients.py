"""What the world around the engine does in the business day: upstream systems over the merchant API, finance
staff over the native API, payers and the bank through the sandbox. Signatures are computed here, by code that
shares nothing with the engine's."""
import base64
import hashlib
import hmac
import http.client
import http.server
import json
import secrets
import threading
import time
import urllib.parse


class Refused(Exception):
    pass


def http_call(base, method, target, body=b"", headers=None, timeout=30):
    url = urllib.parse.urlsplit(base)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=timeout)
    try:
        connection.request(method, target, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Upstream:
    """One merchant's system, as the Jeepay SDK speaks."""

    def __init__(self, base, mch_no, app_id, secret):
        self.base, self.mch_no, self.app_id, self.secret = base, mch_no, app_id, secret

    def sign(self, fields):
        parts = [f"{k}={v}&" for k, v in fields.items() if v is not None and v != "" and k != "sign"]
        text = "".join(sorted(parts, key=str.lower)) + "key=" + self.secret
        return hashlib.md5(text.encode()).hexdigest().upper()

    def call(self, path, **fields):
        fields = {"mchNo": self.mch_no, "appId": self.app_id, "version": "1.0", "signType": "MD5",
                  "reqTime": str(int(time.time() * 1000)), **fields}
        fields["sign"] = self.sign(fields)
        status, body = http_call(self.base, "POST", path, json.dumps(fields, ensure_ascii=False).encode(),
                                 {"Content-Type": "application/json; charset=UTF-8"})
        answer = json.loads(body)
        if status != 200 or answer.get("code") != 0:
            raise Refused(f"{path}: {status} {answer}")
        data = answer.get("data") or {}
        if "sign" in answer and self.sign(data) != answer["sign"]:
            raise Refused(f"{path}: the answer's sign does not hold")
        return data

    def order(self, number, way, fen, subject, notify_url, **more):
        return self.call("/api/pay/unifiedOrder", mchOrderNo=number, wayCode=way, amount=fen, currency="CNY",
                         subject=subject, body=subject, clientIp="192.0.2.7", notifyUrl=notify_url, **more)

    def query(self, number):
        return self.call("/api/pay/query", mchOrderNo=number)


class Staff:
    """One key of the native API."""

    def __init__(self, base, key_id, secret):
        self.base, self.key_id, self.secret = base, key_id, secret

    def call(self, method, target, body=None, expect=(200, 201, 202, 204), as_json=True):
        status, answer = self.send(method, target, body)
        if status not in expect:
            raise Refused(f"{self.key_id}: {method} {target}: {status} {answer.decode(errors='replace')}")
        if not as_json:
            return answer
        return json.loads(answer) if answer else {}

    def send(self, method, target, body=None):
        """Status and answer's bytes, whatever they are."""
        raw = json.dumps(body, ensure_ascii=False).encode() if body is not None else b""
        stamp, nonce = str(int(time.time())), secrets.token_hex(16)
        message = f"{method}\n{target}\n{stamp}\n{nonce}\n{hashlib.sha256(raw).hexdigest()}\n"
        signature = base64.b64encode(hmac.new(self.secret.encode(), message.encode(), hashlib.sha256).digest())
        headers = {"Suanpan-Key": self.key_id, "Suanpan-Timestamp": stamp, "Suanpan-Nonce": nonce,
                   "Suanpan-Signature": signature.decode(), "Content-Type": "application/json"}
        if method != "GET":
            headers["Idempotency-Key"] = secrets.token_hex(12)
        return http_call(self.base, method, target, raw, headers, timeout=120)

    def get(self, path, **query):
        return self.call("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""))

    def post(self, path, body=None):
        return self.call("POST", path, {} if body is None else body)

    def refusal(self, path, body=None):
        """The problem that a POST is answered with."""
        return json.loads(self.send("POST", path, {} if body is None else body)[1])


class OtherSide:
    """Payers, WeChat Pay and the bank."""

    def __init__(self, base):
        self.base = base

    def control(self, path, **fields):
        status, body = http_call(self.base, "POST", "/sandbox/" + path, json.dumps(fields).encode(),
                                 {"Content-Type": "application/json"})
        if status not in (200, 201, 204):
            raise Refused(f"sandbox {path}: {status} {body.decode(errors='replace')}")
        return json.loads(body) if body else {}

    def state(self):
        return json.loads(http_call(self.base, "GET", "/sandbox/state")[1])


class Inbox:
    """Where merchants hear of their orders: checks each signature and answers `success`."""

    def __init__(self, upstreams):
        self.secret_of = {u.app_id: u for u in upstreams}
        self.heard = []
        self.forged = 0
        inbox = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
                fields = dict(urllib.parse.parse_qsl(raw, keep_blank_values=True))
                upstream = inbox.secret_of.get(fields.get("appId"))
                if upstream is None or upstream.sign(fields) != fields.get("sign"):
                    inbox.forged += 1
                    self.send_response(400)
                    self.end_headers()
                    return
                inbox.heard.append(fields)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"success")

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/notify"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
