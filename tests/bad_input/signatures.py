"""Bad, missing, stale and replayed signatures of both APIs and of WeChat Pay's notifications; keys without the role."""
import json
import secrets
import signal
import time

from engine import PLATFORM
from items import item
from requests_to_both import BUSINESS, CLOSE, ORDER, PARAMETER, accounts, signed, voucher

ACCOUNTS = "/v1/accounts?limit=10"


def native_refused(judge, what, headers, status, refusal, method="GET", target=ACCOUNTS, body=b""):
    with judge.unchanged(what):
        judge.problem(what, judge.engine.send(method, target, body, headers), status, refusal)


@item(sandbox=True)
def signature_bad(judge):
    engine = judge.engine
    accounts(judge)
    body = json.dumps(voucher()).encode()
    key = engine.keys["maker"]
    good = {**key.sign("POST", "/v1/vouchers", body), "Idempotency-Key": "V-1"}
    flipped = "A" if good["Suanpan-Signature"][0] != "A" else "B"
    another = engine.keys["checker"].sign("POST", "/v1/vouchers", body)["Suanpan-Signature"]
    for what, more, sent in (
            ("one character", {"Suanpan-Signature": flipped + good["Suanpan-Signature"][1:]}, body),
            ("another key's", {"Suanpan-Signature": another}, body), ("another nonce", {"Suanpan-Nonce": secrets.token_hex(16)}, body),
            ("another second", {"Suanpan-Timestamp": str(int(good["Suanpan-Timestamp"]) + 1)}, body),
            ("another body", {}, body.replace(b"100", b"900")), ("no body", {}, b"")):
        native_refused(judge, what, {**good, **more}, 401, "bad_signature", "POST", "/v1/vouchers", sent)
    read = engine.keys["auditor"].sign("GET", ACCOUNTS)
    native_refused(judge, "another target", read, 401, "bad_signature", target="/v1/accounts?limit=11")
    native_refused(judge, "another method", {**read, "Idempotency-Key": "V-1"}, 401, "bad_signature", "POST", ACCOUNTS)
    native_refused(judge, "an unknown key", {**read, "Suanpan-Key": "nobody"}, 401, "unknown_key")

    fields = engine.order_fields()
    for what, more in (("one amount more", {"amount": 101}), ("a field more", {"extParam": "x"}), ("another's sign", {
            "sign": engine.merchants["M1002"].sign(fields)}), ("a sign of nothing", {"sign": "0" * 32})):
        judge.jeepay_refuses(f"merchant API, {what}", ORDER, {**fields, **more}, BUSINESS, "验签失败")
    judge.jeepay_refuses("merchant API, MD5 called HMAC", ORDER, {**fields, "signType": "HMAC-SHA256"}, BUSINESS, "验签失败")
    judge.jeepay_refuses("merchant API, a signature of another kind", ORDER, {**fields, "signType": "RSA2"}, PARAMETER, "signType")

    with judge.unchanged("a notification without a signature"):
        judge.check("a notification without a signature",
                    engine.send("POST", "/channels/wechat/notify/" + PLATFORM, b"{}").status, 401)

    # A payment that WeChat did not sign is not heard: the order stays what it was. The true notification that the
    # sandbox repeats is for later.
    order = engine.place(way="WX_NATIVE")["payOrderId"]
    engine.other.control("faults", kind="notify_forged", operation="wechat.notify", number=order)
    before = engine.get("/v1/orders/" + order)
    engine.other.control("wechat/pay", out_trade_no=order)
    until = time.time() + 10
    heard = []
    while not heard and time.time() < until:
        heard = [line for line in engine.send("GET", "/metrics").body.decode().splitlines()
                 if "/channels/wechat/notify" in line and 'status="401"' in line]
        time.sleep(0.05)
    judge.check_that("a forged notification is answered 401", heard, "it was not counted")
    judge.check("a forged notification", engine.get("/v1/orders/" + order), before)
    judge.serves("a forged notification")


@item()
def signature_missing(judge):
    engine = judge.engine
    read = engine.keys["auditor"].sign("GET", ACCOUNTS)
    native_refused(judge, "nothing at all", {}, 401, "credentials_missing")
    for name in read:
        native_refused(judge, f"without {name}", {k: v for k, v in read.items() if k != name}, 401, "credentials_missing")
    for name, value in (("Suanpan-Signature", "not base64!"), ("Suanpan-Signature", "AAAA"), ("Suanpan-Timestamp", "soon"),
                        ("Suanpan-Nonce", "short"), ("Suanpan-Key", "a b")):
        native_refused(judge, f"{name}: {value}", {**read, name: value}, 401, "credentials_malformed")
    fields = engine.order_fields()
    for what, without, says in (("no sign", "sign", "sign"), ("no signType", "signType", "signType"), ("no reqTime", "reqTime", "reqTime")):
        judge.jeepay_refuses(f"merchant API, {what}", ORDER, {k: v for k, v in fields.items() if k != without}, PARAMETER, says)
    judge.jeepay_refuses("merchant API, an empty sign", ORDER, {**fields, "sign": ""}, PARAMETER, "sign")


@item()
def signature_stale(judge):
    engine = judge.engine
    now = int(time.time())
    # Five minutes either way; the clocks are one and the same here.
    for what, stamp in (("six minutes old", now - 360), ("six minutes ahead", now + 360), ("of 1970", 1), ("of the year 2200", 7258118400)):
        native_refused(judge, what, engine.keys["auditor"].sign("GET", ACCOUNTS, stamp=stamp), 401, "stale_timestamp")
    native_refused(judge, "of the year 2286", engine.keys["auditor"].sign("GET", ACCOUNTS, stamp=9999999999), 401,
                   "credentials_malformed")
    for what, ms in (("eleven minutes old", (now - 660) * 1000), ("eleven minutes ahead", (now + 660) * 1000)):
        judge.jeepay_refuses(f"merchant API, {what}", ORDER, engine.order_fields(reqTime=str(ms)), BUSINESS, "reqTime")
    judge.jeepay_refuses("merchant API, seconds for milliseconds", ORDER, engine.order_fields(reqTime=str(now)), PARAMETER, "reqTime")


@item()
def signature_replayed(judge):
    engine = judge.engine
    accounts(judge)
    body = json.dumps(voucher()).encode()
    headers = {**engine.keys["maker"].sign("POST", "/v1/vouchers", body), "Idempotency-Key": "V-1"}
    first = engine.send("POST", "/v1/vouchers", body, headers)
    judge.check("the first time", first.status, 201)
    native_refused(judge, "the same call again", headers, 401, "replayed_nonce", "POST", "/v1/vouchers", body)
    native_refused(judge, "under another Idempotency-Key", {**headers, "Idempotency-Key": "V-2"}, 401, "replayed_nonce", "POST",
                   "/v1/vouchers", body)
    # A repetition that is meant is signed anew, and finds the first answer.
    with judge.unchanged("signed anew"):
        again = engine.native("maker", "POST", "/v1/vouchers", body, idempotency_key="V-1")
        judge.check("signed anew", (again.status, again.headers.get("Suanpan-Replayed"), again.json()["seq"]),
                    (201, "true", first.json()["seq"]))
    engine.restart()
    native_refused(judge, "after a restart", headers, 401, "replayed_nonce", "POST", "/v1/vouchers", body)

    engine.restart(signal.SIGKILL)
    native_refused(judge, "after a kill", headers, 401, "replayed_nonce", "POST", "/v1/vouchers", body)

    # The merchant API has no nonces: an identical call inside the window is a retry and finds the first answer.
    fields = engine.order_fields(number="ONCE-1")
    placed = engine.jeepay(ORDER, fields).json()
    judge.check("merchant API, the first time", placed["code"], 0)
    with judge.unchanged("merchant API, the same call again"):
        judge.check("merchant API, the same call again", engine.jeepay(ORDER, fields).json()["data"]["payOrderId"],
                    placed["data"]["payOrderId"])
    judge.jeepay_refuses("merchant API, its number with another amount", ORDER, engine.order_fields(number="ONCE-1", amount=900),
                         BUSINESS, "amount")
    asked = signed(judge, mchOrderNo="ONCE-1")
    judge.check("asked", engine.jeepay("/api/pay/query", asked).json()["code"], 0)
    judge.jeepay_refuses("merchant API, a signature of one call put under another", ORDER,
                         {**asked, "wayCode": "QR_CASHIER", "amount": 1, "currency": "CNY", "subject": "x", "body": "x"}, BUSINESS,
                         "验签失败")
    judge.jeepay_refuses("merchant API, closing with an order's signature", CLOSE, {**fields, "payOrderId": "P404"}, BUSINESS,
                         "验签失败")


@item()
def wrong_role(judge):
    accounts(judge)
    upstream, maker, checker, auditor, operator = "upstream", "maker", "checker", "auditor", "operator"
    for key, method, target, body in (
            (auditor, "POST", "/v1/vouchers", voucher()), (checker, "POST", "/v1/vouchers", voucher()),
            (auditor, "POST", "/v1/accounts", {"code": "1009", "name": "x", "type": "asset"}),
            (auditor, "POST", "/v1/holds", voucher()), (operator, "POST", "/v1/reversals", {"voucher_id": "0" * 32}),
            (maker, "POST", "/v1/orders", {"mch_no": "M1001", "mch_order_no": "N-1", "amount": 100}),
            (upstream, "POST", "/v1/refunds", {"order_id": "P404", "amount": 1}),
            (maker, "POST", "/v1/refunds/P404/approve", {}), (maker, "POST", "/v1/payouts/P404/approve", {}),
            (checker, "POST", "/v1/payouts", {}), (checker, "POST", "/v1/settlement-batches", {"settle_on": "2026-03-05"}),
            (maker, "POST", "/v1/settlement-batches/S1/approve", {}), (checker, "POST", "/v1/breaks/1/propose", {}),
            (maker, "POST", "/v1/breaks/1/resolve", {}), (upstream, "POST", "/v1/reconciliation-runs", {}),
            (maker, "POST", "/v1/books/day-cut", {"next": "2026-03-05"}),
            (operator, "POST", "/v1/books/period-close", {"through": "2026-03-04"}),
            (maker, "POST", "/v1/keys", {"key_id": "k", "roles": "operator"}), (maker, "GET", "/v1/keys", None),
            (maker, "POST", "/v1/merchants", {"mch_no": "M9"}), (checker, "POST", "/v1/apps", {}),
            (checker, "PUT", "/v1/fee-schedules/M1001", {}), (maker, "PATCH", "/v1/accounts/1001", {"limit": "none"}),
            (checker, "POST", "/v1/account-terms", {"code": "1001", "limit": "none"}),
            (operator, "POST", "/v1/authority-requests/A404/approve", {}),
            (upstream, "GET", "/v1/trial-balance", None), (upstream, "GET", "/v1/breaks", None),
            (upstream, "GET", "/v1/merchants", None), (checker, "POST", "/v1/clock/advance", {"to": "2026-03-05T00:00:00+08:00"})):
        judge.refuses(f"{key}: {method} {target}", key, method, target, body, 403, "forbidden")
