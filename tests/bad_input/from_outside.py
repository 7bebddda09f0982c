"""What the channel and the bank hand out and should not be believed: bills, statements, XML, status reports. All of it
comes from the sandbox over HTTP, by its scripted faults, into a reconciliation run or a payout; some of it is also
handed in by a key."""
import base64
import json
import time

from engine import ACCOUNT, DAY, PLATFORM, http_call
from items import item

RUNS = "/v1/reconciliation-runs"
NEXT_DAY = "2026-03-05"


def after_two_days(judge):
    """Paid orders of two days; it is the morning of the third."""
    engine = judge.engine
    for day in (DAY, NEXT_DAY):
        engine.clock(f"{day} 12:00:00")
        for amount in (12345, 6789):
            engine.paid_order(amount)
        engine.other.control("bank/deposit", account=ACCOUNT, amount_fen=5000, payer_name="业主", remark="无单来款")
    engine.clock("2026-03-06 10:30:00")


def bill(day=DAY, subject=PLATFORM, **more):
    return {"kind": "bill", "subject": subject, "day": day, **more}


def statement(day=DAY, subject=ACCOUNT, **more):
    return {"kind": "statement", "subject": subject, "day": day, **more}


def run_refused(judge, what, body, status, refusal, says):
    judge.refuses(what, "operator", "POST", RUNS, body, status, refusal, says)


def fetched_badly(judge, what, body, says):
    """Fetched by us: the channel's fault, which the problem names with the file, and not the caller's."""
    with judge.unchanged(what):
        answer = judge.engine.native("operator", "POST", RUNS, body)
        judge.problem(what, answer, 502, "channel_file_bad", says)
    judge.check(f"{what}: the file is named", answer.json().get("detail", "")
                .startswith(f"{body['kind']} of {body['subject']}, {body['day']}: "), True)


def run_holds(judge, what, body, matched):
    """A good file is taken: so many rows match."""
    answer = judge.engine.native("operator", "POST", RUNS, body)
    judge.check(what, (answer.status, answer.json().get("matched")), (200, matched))


def bad_bill(judge, kind, says, heals, **fault):
    """A fault of the bill of the first day. If the fault is of one download, the next one is right (`heals`); the bill
    of the second day is right anyway."""
    after_two_days(judge)
    judge.engine.other.control("faults", kind=kind, operation="wechat.tradebill", mchid=PLATFORM, **fault)
    fetched_badly(judge, kind, bill(), says)
    if heals:
        run_holds(judge, "the right bill", bill(), 2)
    else:
        fetched_badly(judge, f"{kind}, asked for again", bill(), says)
    run_holds(judge, "the next day's bill", bill(NEXT_DAY), 2)


@item(sandbox=True)
def bill_truncated(judge):
    bad_bill(judge, "bill_truncated", "", heals=False)


@item(sandbox=True)
def bill_wrong_totals(judge):
    bad_bill(judge, "bill_wrong_totals", "which its rows do not make", heals=False)


@item(sandbox=True)
def bill_wrong_hash(judge):
    bad_bill(judge, "bill_wrong_hash", "SHA-1 is not the one announced", heals=False)


@item(sandbox=True)
def bill_wrong_encoding(judge):
    bad_bill(judge, "bill_wrong_encoding", "not UTF-8", heals=True)


@item(sandbox=True)
def bill_of_another_merchant(judge):
    bad_bill(judge, "bill_other_merchant", "another merchant's row", heals=True)
    run_refused(judge, "a merchant that is not ours", bill(subject="1900009999"), 404, "not_found", "1900009999")
    run_refused(judge, "an account that is not ours", statement(subject="6228999999999999"), 404, "not_found", "6228999999999999")


@item(sandbox=True)
def bill_of_another_day(judge):
    bad_bill(judge, "bill_other_day", "a row of another day", heals=True)


def handed_in(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


@item(sandbox=True)
def bill_handed_in(judge):
    """The same by a key, without a channel in between."""
    after_two_days(judge)
    head = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,手续费\r\n"
    row = "`2026-03-04 12:00:00,`wx1,`{},`0,`,`42000,`P1,`o,`NATIVE,`SUCCESS,`OTHERS,`CNY,`1.00,`0.01000\r\n"
    totals = "总交易单数,应结订单总金额,手续费总金额\r\n`{},`{},`0.01000\r\n"
    right = head + row.format(PLATFORM) + totals.format("1", "1.00")
    for what, text, status, refusal, says in (
            ("truncated: without totals", head + row.format(PLATFORM), 400, "malformed", "truncated"),
            ("truncated: in a row", right[:len(head) + 40], 400, "malformed", "truncated"),
            ("wrong totals: the sum", right.replace("`1,`1.00,", "`1,`1.01,"), 422, "mismatch", "应结订单总金额"),
            ("wrong totals: the count", right.replace("`1,`1.00,", "`2,`1.00,"), 422, "mismatch", "总交易单数"),
            ("another merchant's", right.replace(PLATFORM, "1900009999"), 422, "mismatch", "another merchant"),
            ("another day's", right.replace("2026-03-04", "2026-03-05"), 422, "mismatch", "another day"),
            ("GBK", right.encode("gbk"), 400, "malformed", "not UTF-8"), ("nothing", "", 400, "malformed", "truncated"),
            ("an amount of three decimals", right.replace("`1.00,`0.01000\r\n总", "`1.001,`0.01000\r\n总"), 400, "malformed", "decimal")):
        run_refused(judge, what, bill(file=handed_in(text)), status, refusal, says)
    run_refused(judge, "not base64", bill(file="%%%"), 400, "malformed", "file")
    run_holds(judge, "the channel's own bill", bill(), 2)


def bad_statement(judge, kind, says):
    after_two_days(judge)
    judge.engine.other.control("faults", kind=kind, operation="bank.statement")
    fetched_badly(judge, kind, statement(), says)
    run_holds(judge, "the right statement", statement(), 0)
    run_holds(judge, "the next day's statement", statement(NEXT_DAY), 0)


@item(sandbox=True)
def statement_that_does_not_add_up(judge):
    bad_statement(judge, "statement_wrong_balance", "does not add up")


@item(sandbox=True)
def statement_of_another_account(judge):
    bad_statement(judge, "statement_other_account", "account")


@item(sandbox=True)
def statement_of_another_day(judge):
    bad_statement(judge, "statement_other_day", "2026-03-03")


@item(sandbox=True)
def xml_malformed(judge):
    bad_statement(judge, "xml_truncated", "not well-formed XML")
    for what, text in (("no XML at all", "{}"), ("two roots", "<a/><b/>"), ("a wrong end tag", "<a><b></a></b>"),
                       ("not UTF-8", b"<a>\xff</a>"), ("a NUL", b"<a>\0</a>"), ("an attribute twice", '<a b="1" b="2"/>'),
                       ("nothing", "")):
        run_refused(judge, what, statement(file=handed_in(text)), 400, "malformed", "")
    for what, text in (("another message", '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"/>'),
                       ("another encoding", '<?xml version="1.0" encoding="GBK"?><Document/>')):
        run_refused(judge, what, statement(file=handed_in(text)), 415, "unsupported", "")


@item(sandbox=True)
def xml_oversized(judge):
    bad_statement(judge, "xml_oversized", "")
    deep = "<a>" * 33 + "</a>" * 33
    run_refused(judge, "nested too deep", statement(file=handed_in(deep)), 413, "too_large", "deep")


@item(sandbox=True)
def xml_entity_bomb(judge):
    bad_statement(judge, "xml_entity_bomb", "DOCTYPE")
    for what, text in (("an external entity", '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'),
                       ("an entity nobody declared", "<a>&x;</a>"), ("a DOCTYPE alone", "<!DOCTYPE a><a/>"),
                       ("a processing instruction", "<?php x?><a/>")):
        run_refused(judge, what, statement(file=handed_in(text)), 415, "unsupported", "")


@item(sandbox=True)
def xml_bad_answer_to_a_payout(judge):
    """The bank took the payout and its answer cannot be read: the outcome is unknown, the money stays held, and a query
    tells it."""
    engine = judge.engine
    engine.other.control("bank/deposit", account=ACCOUNT, amount_fen=100_000, payer_name="业主", remark="来款")
    legs = [{"debit": f"1002/{ACCOUNT}", "credit": "2102/M1001", "amount": 90_000}]
    answer = engine.native("maker", "POST", "/v1/vouchers", {"legs": legs})
    assert answer.status == 201, answer
    for number, kind in enumerate(("xml_truncated", "xml_entity_bomb", "xml_oversized")):
        judge.rows += 1
        engine.other.control("faults", kind=kind, operation="bank.pay")
        upstream = engine.merchants["M1001"]
        data = upstream.call("/api/transferOrder", mchOrderNo=f"T-{number}", ifCode="bank", entryType="BANK_CARD", amount=10_000,
                             currency="CNY", accountNo="755900000000102", accountName="安居维修有限公司",
                             bankName="308584000013", transferDesc="付款")
        judge.check(f"{kind}: processing, not failed", data["state"], 1)
        payout = engine.get("/v1/payouts/" + data["transferId"])["payout"]
        judge.check(f"{kind}: its outcome is unknown", (payout["state"], payout["unknown"]), ("processing", True))
        judge.check(f"{kind}: the money is under way once", engine.get("/v1/balances?account=2102/M1001")["posted"],
                    90_000 - 10_000 * (number + 1))
        judge.serves(kind)
    engine.clock(f"{DAY} 09:10:00")
    for number in range(3):
        # Where the engine is asking the bank by itself just then, the payout is told as it stands.
        until, state = time.time() + 60, 1
        while state == 1 and time.time() < until:
            state = engine.merchants["M1001"].call("/api/transfer/query", mchOrderNo=f"T-{number}")["state"]
            time.sleep(0.05 if state == 1 else 0)
        judge.check("asked again, it has been paid", state, 2)
    paid = [entry["amount_fen"] for account in sandbox_accounts(engine) if account["account"] == ACCOUNT
            for entry in account["entries"] if entry["amount_fen"] < 0]
    judge.check("the bank paid each once", paid, [-10_000] * 3)


def sandbox_accounts(engine):
    return json.loads(http_call(engine.other.base, "GET", "/sandbox/state")[1])["bank"]["accounts"]
