#!/usr/bin/env python3
"""A second implementation of what the Jeepay SDK does with our answers, for responses_test.cc.

Reads lines {"kind": "answer"|"form"|"sign", "secret": …, "text": …, "type": "MD5"|"HMAC-SHA256"}:
answer  an answer's body: prints "ok" if the SDK would accept it, else why not
form    a notification's body, or the query of a returnUrl: the same
sign    a flat JSON object: prints its signature
"""
import functools
import hashlib
import hmac
import json
import sys
from urllib.parse import parse_qsl


class Literal(str):
    """A number as written."""


def read_json(text):
    def pairs(items):
        out = dict(items)
        if len(out) != len(items):
            raise ValueError("a key twice")
        return out
    return json.loads(text, parse_int=Literal, parse_float=Literal, object_pairs_hook=pairs)


def java_case_insensitive(a, b):
    units = [s.encode("utf-16-be") for s in (a, b)]
    x, y = ([int.from_bytes(u[i:i + 2], "big") for i in range(0, len(u), 2)] for u in units)
    for p, q in zip(x, y):
        p, q = (ord(chr(c).upper().lower()) if 0x41 <= c <= 0x5A else c for c in (p, q))
        if p != q:
            return p - q
    return len(x) - len(y)


def sign(fields, secret, kind):
    parts = []
    for name, value in fields.items():
        if value is None or value == "" or name == "sign":
            continue
        if isinstance(value, bool):
            value = "true" if value else "false"
        if isinstance(value, (dict, list)):
            value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        parts.append(f"{name}={value}&")
    text = "".join(sorted(parts, key=functools.cmp_to_key(java_case_insensitive)))
    if kind == "HMAC-SHA256":
        return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest().upper()
    return hashlib.md5((text + "key=" + secret).encode()).hexdigest().upper()


def check_answer(text, secret, kind):
    answer = read_json(text)
    if set(answer) - {"code", "msg", "data", "sign"}:
        return "unknown fields"
    if not isinstance(answer.get("code"), Literal) or not isinstance(answer.get("msg"), str):
        return "code or msg"
    data = answer.get("data")
    if answer["code"] != "0":
        return "ok" if data is None and "sign" not in answer else "a refusal with data or sign"
    if data is None:
        return "no data"
    if any(isinstance(v, (dict, list)) for v in data.values()):
        return "nested"
    return "ok" if sign(data, secret, kind) == answer.get("sign") else "sign"


def check_form(text, secret, kind):
    pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True)
    fields = dict(pairs)
    if len(fields) != len(pairs):
        return "a name twice"
    if "reqTime" not in fields:
        return "no reqTime"
    return "ok" if sign(fields, secret, kind) == fields.get("sign") else "sign"


for line in sys.stdin:
    task = json.loads(line)
    arguments = task["text"], task["secret"], task.get("type", "MD5")
    if task["kind"] == "answer":
        print(check_answer(*arguments))
    elif task["kind"] == "form":
        print(check_form(*arguments))
    else:
        print(sign(read_json(task["text"]), *arguments[1:]))
