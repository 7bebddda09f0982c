"""Bad requests to the native API and the merchant API: form, amounts, and whose things they are."""
import json

from engine import HOUSEHOLD, SUPERVISED
from items import item

ORDER, QUERY, CLOSE = "/api/pay/unifiedOrder", "/api/pay/query", "/api/pay/close"
REFUND, TRANSFER = "/api/refund/refundOrder", "/api/transferOrder"
PARAMETER, BUSINESS = 11, 9999  # codes of the merchant API


def accounts(judge):
    """Two accounts for vouchers."""
    for code, kind in (("1001", "asset"), ("4001", "equity")):
        answer = judge.engine.native("operator", "POST", "/v1/accounts", {"code": code, "name": "测试", "type": kind})
        assert answer.status == 201, answer


def voucher(amount=100, debit="1001", credit="4001", **more):
    return {"legs": [{"debit": debit, "credit": credit, "amount": amount}], **more}


def signed(judge, merchant="M1001", **fields):
    """Any merchant call's fields, signed."""
    upstream = judge.engine.merchants[merchant]
    base = judge.engine.order_fields(merchant)
    fields = {**{name: base[name] for name in ("mchNo", "appId", "version", "signType", "reqTime")}, **fields}
    fields["sign"] = upstream.sign(fields)
    return fields


def refund_fields(judge, order, amount, **more):
    return signed(judge, payOrderId=order, mchRefundNo="R-1", refundAmount=amount, currency="CNY", refundReason="退", **more)


def transfer_fields(judge, amount, **more):
    return signed(judge, mchOrderNo="T-1", ifCode="bank", entryType="BANK_CARD", amount=amount, currency="CNY",
                  accountNo="755900000000102", accountName="安居维修有限公司", bankName="308584000013", transferDesc="付款",
                  **more)


@item()
def malformed_json(judge):
    accounts(judge)
    good = json.dumps(voucher()).encode()
    deep = b'{"legs":' + b"[" * 40 + b"]" * 40 + b"}"
    for what, body in (
            ("nothing at all", b""), ("cut off", good[:-5]), ("a comma too many", good[:-1] + b",}"),
            ("something after the end", good + b" {}"), ("single quotes", good.replace(b'"', b"'")),
            ("not UTF-8", good.replace(b"1001", b"\xff\xfe")), ("a raw control character", good.replace(b"1001", b"10\n01")),
            ("half a surrogate", good.replace(b"1001", b"\\ud800")), ("a NUL after the end", good + b"\0"),
            ("a comment", b"/* */" + good), ("NaN", good.replace(b"100,", b"NaN,").replace(b"100}", b"NaN}")),
            ("a number with a leading zero", good.replace(b": 100", b": 0100")), ("nested too deep", deep),
            ("UTF-16", good.decode().encode("utf-16"))):
        with judge.unchanged(what):
            judge.problem(what, judge.engine.native("maker", "POST", "/v1/vouchers", body), 400, "malformed")
        if body:
            judge.jeepay_refuses(f"merchant API, {what}", ORDER, body, PARAMETER, "JSON")
    judge.refuses("a list instead of an object", "maker", "POST", "/v1/vouchers", b"[]", 400, "malformed", "object")
    judge.jeepay_refuses("merchant API, a list", ORDER, b"[]", PARAMETER, "不是 JSON 对象")
    judge.jeepay_refuses("merchant API, nothing at all", ORDER, b"", PARAMETER, "mchNo")
    judge.jeepay_refuses("merchant API, a broken form", ORDER, b"mchNo=%zz", PARAMETER, "表单",
                         content_type="application/x-www-form-urlencoded")


@item()
def duplicate_keys(judge):
    accounts(judge)
    for what, body in (
            ("on top", b'{"summary":"a","legs":[{"debit":"1001","credit":"4001","amount":1}],"summary":"b"}'),
            ("in a leg: which amount?", b'{"legs":[{"debit":"1001","credit":"4001","amount":1,"amount":100}]}'),
            ("one of them escaped", b'{"legs":[{"debit":"1001","credit":"4001","amount":1,"amo\\u0075nt":100}]}'),
            ("where nobody looks", b'{"legs":[{"debit":"1001","credit":"4001","amount":1}],"metadata":{"a":1,"a":1}}')):
        judge.refuses(what, "maker", "POST", "/v1/vouchers", body, 400, "malformed", "twice")
    fields = judge.engine.order_fields(amount=1)
    raw = json.dumps(fields, ensure_ascii=False)
    judge.jeepay_refuses("merchant API, two amounts", ORDER, (raw[:-1] + ', "amount": 1}').encode(), PARAMETER, "twice")
    form = "&".join(f"{k}={v}" for k, v in fields.items())
    judge.jeepay_refuses("merchant API, two amounts in a form", ORDER, (form + "&amount=1").encode(), PARAMETER, "amount 重复",
                         content_type="application/x-www-form-urlencoded")
    judge.refuses("two equal parameters of a query", "auditor", "GET", "/v1/balances?account=1001&account=4001", None, 400,
                  "malformed", "twice")


@item()
def wrong_types(judge):
    accounts(judge)
    leg = {"debit": "1001", "credit": "4001", "amount": 1}
    for what, body, says in (
            ("an amount as text", voucher("100"), "legs[0].amount"), ("an amount true", voucher(True), "legs[0].amount"),
            ("an amount as a list", voucher([1]), "legs[0].amount"), ("no amount", voucher(None), "legs[0].amount"),
            ("legs as an object", {"legs": leg}, "legs"), ("a leg as text", {"legs": ["1001"]}, "legs[0]"),
            ("an account as an object", voucher(debit={"code": "1001"}), "legs[0].debit"),
            ("a summary as a number", voucher(summary=7), "summary"), ("metadata as text", voucher(metadata="x"), "metadata"),
            ("a date as a number", voucher(date=20260304), "date"), ("a date that is none", voucher(date="2026-02-30"), "date"),
            ("a type that is not known", voucher(type="loan"), "type"), ("an unknown member", voucher(colour="red"), "colour")):
        judge.refuses(what, "maker", "POST", "/v1/vouchers", body, 400, "malformed", says)
    for what, more, says in (
            ("an amount as a list", {"amount": [100]}, "amount 类型有误"), ("an amount as an object", {"amount": {"fen": 1}}, "amount"),
            ("an amount true", {"amount": True}, "amount 类型有误"), ("an amount of letters", {"amount": "一元"}, "必须是整数"),
            ("a number as a list", {"number": ["A"]}, "mchOrderNo"), ("a subject as an object", {"subject": {}}, "subject"),
            ("an expiry as text", {"expiredTime": "soon"}, "expiredTime"), ("an unknown currency", {"currency": "XYZ"}, "currency"),
            ("extra that begins as JSON and is none", {"extParam": '{"lines":'}, "extParam"),
            ("an unknown way", {"way": "WX_BARTER"}, "wayCode")):
        fields = judge.engine.order_fields(**more)
        judge.jeepay_refuses(f"merchant API, {what}", ORDER, fields, PARAMETER, says)
    judge.jeepay_refuses("merchant API, a body of another type", ORDER, judge.engine.order_fields(), BUSINESS, "Content-Type",
                         content_type="text/plain")


def amounts(judge, native, merchant, says_native, says_merchant):
    """Rows of bad amounts wherever an amount is given. `native`: (JSON of the amount, status, refusal)."""
    accounts(judge)
    engine = judge.engine
    order = engine.place()["payOrderId"]
    for text, status, refusal in native:
        raw = json.dumps(voucher("AMOUNT")).replace('"AMOUNT"', text).encode()
        judge.refuses(f"a voucher over {text}", "maker", "POST", "/v1/vouchers", raw, status, refusal, says_native)
        judge.refuses(f"a hold over {text}", "maker", "POST", "/v1/holds", raw, status, refusal, says_native)
        raw = json.dumps({"mch_no": "M1001", "mch_order_no": "N-1", "amount": "AMOUNT"}).replace('"AMOUNT"', text).encode()
        judge.refuses(f"an order over {text}", "upstream", "POST", "/v1/orders", raw, status, refusal, "amount")
        raw = json.dumps({"order_id": order, "amount": "AMOUNT"}).replace('"AMOUNT"', text).encode()
        judge.refuses(f"a refund over {text}", "maker", "POST", "/v1/refunds", raw, status, refusal, "amount")
        payee = {"name": "安居维修有限公司", "account": "755900000000102", "bank": "308584000013"}
        raw = json.dumps({"mch_no": "M1001", "amount": "AMOUNT", "payee": payee}).replace('"AMOUNT"', text).encode()
        judge.refuses(f"a payout over {text}", "maker", "POST", "/v1/payouts", raw, status, refusal, "amount")
        raw = json.dumps({"items": [voucher("AMOUNT")]}).replace('"AMOUNT"', text).encode()
        if refusal == "malformed":
            judge.refuses(f"a batch over {text}", "maker", "POST", "/v1/vouchers/batch", raw, status, refusal, says_native)
        else:
            # A batch answers item by item.
            with judge.unchanged(f"a batch over {text}"):
                answer = engine.native("maker", "POST", "/v1/vouchers/batch", raw).json()
                judge.check(f"a batch over {text}", (answer["accepted"], answer["items"][0]["refusal"]), (0, refusal))
    for text in merchant:
        for what, path, fields in (("an order", ORDER, judge.engine.order_fields(amount="AMOUNT")),
                                   ("a refund", REFUND, refund_fields(judge, order, "AMOUNT")),
                                   ("a transfer", TRANSFER, transfer_fields(judge, "AMOUNT"))):
            field = "refundAmount" if path == REFUND else "amount"
            # The amount stands in the signed string as it stands in the body.
            fields[field] = text
            fields["sign"] = judge.engine.merchants["M1001"].sign(fields)
            raw = json.dumps(fields, ensure_ascii=False)
            for form in (raw, raw.replace(f'"{field}": "{text}"', f'"{field}": {text}')):
                judge.jeepay_refuses(f"merchant API, {what} over {text}", path, form.encode(), PARAMETER, says_merchant)


@item()
def amount_negative(judge):
    amounts(judge, [("-1", 400, "amount_not_positive"), ("-9223372036854775808", 400, "amount_not_positive")],
            ["-1", "-9223372036854775808"], "", "不能小于 1")


@item()
def amount_zero(judge):
    amounts(judge, [("0", 400, "amount_not_positive")], ["0"], "", "不能小于 1")


@item()
def amount_fractional(judge):
    amounts(judge, [("1.5", 400, "malformed"), ("1.0", 400, "malformed"), ("1e2", 400, "malformed")], ["1.5", "1.0", "1e2"],
            "amount", "必须是整数")


@item()
def amount_above_2_63(judge):
    amounts(judge, [("9223372036854775808", 400, "malformed"), ("18446744073709551617", 400, "malformed")],
            ["9223372036854775808", "18446744073709551617"], "amount", "超出 64 位整数")
    # The largest amount is 10^15 fen; one more is too large, and so is all that 64 bits could still hold.
    for amount in (10 ** 15 + 1, 2 ** 63 - 1):
        judge.refuses(f"a voucher over {amount}", "maker", "POST", "/v1/vouchers", voucher(amount), 400, "amount_too_large")
        judge.jeepay_refuses(f"merchant API, {amount}", ORDER, judge.engine.order_fields(amount=amount), PARAMETER, "不能大于")


@item()
def merchant_unknown_or_foreign(judge):
    engine = judge.engine
    fields = engine.order_fields()
    for what, more in (("an unknown merchant", {"mchNo": "M9999"}), ("an unknown app", {"appId": "app-M9999"}),
                       ("another merchant's app", {"appId": "app-M1002"}), ("another merchant with our app", {"mchNo": "M1002"})):
        bad = {**fields, **more}
        bad["sign"] = engine.merchants["M1001"].sign(bad)
        judge.jeepay_refuses(what, ORDER, bad, BUSINESS, "商户或应用不存在")
    bad = engine.order_fields("M1002")
    bad["sign"] = engine.merchants["M1001"].sign(bad)
    judge.jeepay_refuses("another merchant in all but the secret", ORDER, bad, BUSINESS, "验签失败")
    order = {"mch_no": "M9999", "mch_order_no": "N-1", "amount": 100}
    judge.refuses("native, an unknown merchant", "upstream", "POST", "/v1/orders", order, 404, "merchant_not_found", "M9999")
    judge.refuses("native, another merchant's app", "upstream", "POST", "/v1/orders",
                  {**order, "mch_no": "M1001", "app_id": "app-M1002"}, 404, "document_not_found", "app-M1002")
    judge.refuses("native, looking at an unknown one", "auditor", "GET", "/v1/merchants/M9999", None, 404, "merchant_not_found")


@item(sandbox=True)
def order_unknown_or_foreign(judge):
    engine = judge.engine
    theirs = engine.place(merchant="M1002", number="THEIRS-1")["payOrderId"]
    paid = engine.paid_order(merchant="M1002")
    for what, path in (("asking for", QUERY), ("closing", CLOSE)):
        judge.jeepay_refuses(f"{what} an unknown order", path, signed(judge, payOrderId="P404"), BUSINESS, "订单不存在")
        judge.jeepay_refuses(f"{what} another's order", path, signed(judge, payOrderId=theirs), BUSINESS, "订单不存在")
        judge.jeepay_refuses(f"{what} another's order by its own number", path, signed(judge, mchOrderNo="THEIRS-1"), BUSINESS,
                             "订单不存在")
    judge.jeepay_refuses("refunding an unknown order", REFUND, refund_fields(judge, "P404", 100), BUSINESS, "订单不存在")
    judge.jeepay_refuses("refunding another's paid order", REFUND, refund_fields(judge, paid, 100), BUSINESS, "订单不存在")
    judge.jeepay_refuses("asking for an unknown refund", "/api/refund/query", signed(judge, mchRefundNo="R404"), BUSINESS,
                         "退款单不存在")
    judge.jeepay_refuses("asking for an unknown transfer", "/api/transfer/query", signed(judge, mchOrderNo="T404"), BUSINESS,
                         "不存在")
    judge.refuses("native, an unknown order", "auditor", "GET", "/v1/orders/P404", None, 404, "order_not_found", "P404")
    # An order that an upstream key did not place itself is not there for it.
    placed = engine.native("upstream", "POST", "/v1/orders", {"mch_no": "M1001", "mch_order_no": "N-1", "amount": 100, "way": "QR_CASHIER"})
    assert placed.status == 201, placed
    ours = placed.json()["order_id"]
    for order in (ours, theirs):
        judge.refuses("native, another's order", "stranger", "GET", "/v1/orders/" + order, None, 404, "order_not_found")
        judge.refuses("native, closing another's order", "stranger", "POST", f"/v1/orders/{order}/close", {}, 404,
                      "order_not_found")
    judge.refuses("native, refunding an unknown order", "maker", "POST", "/v1/refunds",
                  {"order_id": "P404", "amount": 100, "reason": "退"}, 404, "order_not_found", "P404", journalled=True)


@item()
def account_unknown_or_foreign(judge):
    engine = judge.engine
    accounts(judge)
    judge.refuses("an unknown debit account", "maker", "POST", "/v1/vouchers", voucher(debit="1009"), 404,
                  "debit_account_not_found", "1009")
    judge.refuses("an unknown credit account", "maker", "POST", "/v1/vouchers", voucher(credit="4009"), 404,
                  "credit_account_not_found", "4009")
    judge.refuses("an account number that none has", "maker", "POST", "/v1/vouchers", voucher(debit=4_000_000_000), 404,
                  "debit_account_not_found")
    judge.refuses("one account on both sides", "maker", "POST", "/v1/vouchers", voucher(credit="1001"), 400, "accounts_same")
    for target in ("/v1/accounts/1009", "/v1/balances?account=1009", "/v1/statements?account=1009"):
        judge.refuses(target, "auditor", "GET", target, None, 404, "account_not_found", "1009")
    household = engine.native("maker", "POST", "/v1/accounts", {"code": HOUSEHOLD, "name": "户", "type": "liability"})
    assert household.status == 201, household
    for what, account in (("outside of what the merchant supervises", "1001"), ("another merchant's", "2101/M1002"),
                          ("the supervised account's own name, longer", SUPERVISED + "2/x")):
        extra = json.dumps({"account": account}, ensure_ascii=False)
        judge.jeepay_refuses(f"an order's money to an account {what}", ORDER, engine.order_fields(extParam=extra), BUSINESS,
                             "account 不在本商户的监管账户之下")
        judge.jeepay_refuses(f"a transfer from an account {what}", TRANSFER, transfer_fields(judge, 100, extParam=extra), BUSINESS,
                             "account 不在本商户的监管账户之下")
        lines = [{"account": account, "amount": 100}]
        judge.refuses(f"native, an order's line to an account {what}", "upstream", "POST", "/v1/orders",
                      {"mch_no": "M1001", "mch_order_no": "N-1", "amount": 100, "lines": lines}, 403, "not_authorised", account)
