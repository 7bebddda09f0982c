"""Requests that are too large, too slow, or not framed as HTTP: byte by byte over a socket."""
import socket
import threading
import time

from engine import Answer
from items import item
from requests_to_both import ORDER, PARAMETER, voucher

HEAD_MS, BODY_MS = 600, 1000
QUICK = f"header_timeout_ms = {HEAD_MS}\nbody_timeout_ms = {BODY_MS}\nmax_body_bytes = 65536"
HOST = b"Host: localhost\r\n"


def exchange(port, pieces, pause=0.0, patience=20):
    """Sends the pieces one after the other; the answer, or None if the connection was closed without one, and how
    long it took in seconds."""
    began = time.time()
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as connection:
        heard = b""
        sent = threading.Event()

        def send():
            try:
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(pause)
            except OSError:
                pass  # the engine has had enough
            sent.set()

        threading.Thread(target=send, daemon=True).start()
        try:
            while chunk := connection.recv(65536):
                heard += chunk
        except ConnectionResetError:
            pass
    head, _, body = heard.partition(b"\r\n\r\n")
    answer = Answer(int(head.split()[1]), {}, body) if head.startswith(b"HTTP/1.1 ") else None
    return answer, time.time() - began


def framing_row(judge, what, pieces, status, says, pause=0.0, within=None):
    with judge.unchanged(what):
        answer, took = exchange(judge.engine.port, pieces, pause)
        judge.framing(what, answer, status, says)
        if within:
            judge.check_that(f"{what}: takes {took:.1f} s", within[0] <= took <= within[1], within)


@item(settings=QUICK)
def oversized_request(judge):
    engine = judge.engine
    for what, head in (("one long field", b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 9000 + b"\r\n\r\n"),
                       ("many fields", b"GET /healthz HTTP/1.1\r\n" + HOST + b"".join(b"X-%d: y\r\n" % i for i in range(1000)) + b"\r\n"),
                       ("a long target", b"GET /healthz?" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
                       ("a head without an end", b"GET /healthz HTTP/1.1\r\n" + b"a" * 70000)):
        framing_row(judge, what, [head], 431, "larger than this server takes")
    post = b"POST /api/pay/unifiedOrder HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
    framing_row(judge, "a length beyond the limit, before any byte of it", [post + b"Content-Length: 65537\r\n\r\n"], 413, "larger")
    framing_row(judge, "a body beyond the limit", [post + b"Content-Length: 1000000\r\n\r\n", b" " * 1000000], 413, "larger")
    chunk = b"1000\r\n" + b" " * 4096 + b"\r\n"
    framing_row(judge, "chunks beyond the limit", [post + b"Transfer-Encoding: chunked\r\n\r\n"] + [chunk] * 17, 413, "larger")
    framing_row(judge, "a chunk that says it is enormous", [post + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx"], 413, "larger")
    framing_row(judge, "a chunk header without end", [post + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 20000], 400, "too long")
    framing_row(judge, "a length beyond 64 bits", [post + b"Content-Length: 99999999999999999999\r\n\r\n"], 400, "Content-Length")
    legs = [{"debit": "1001", "credit": "4001", "amount": 1}] * 257
    judge.refuses("a voucher of 257 legs", "maker", "POST", "/v1/vouchers", {"legs": legs}, 413, "too_large", "256")
    judge.refuses("a summary of 513 bytes", "maker", "POST", "/v1/vouchers", voucher(debit="1002/6228", summary="x" * 513), 400,
                  "text_too_long")
    judge.jeepay_refuses("merchant API, a subject of 65 characters", ORDER, engine.order_fields(subject="房" * 65), PARAMETER, "subject")
    judge.jeepay_refuses("merchant API, more fields than anyone has", ORDER,
                         {**engine.order_fields(), **{f"x{i}": 1 for i in range(200)}}, PARAMETER, "字段多于")


@item(settings="max_body_bytes = 4194304")
def oversized_batch(judge):
    leg = {"debit": "1001", "credit": "4001", "amount": 1}
    judge.refuses("8,193 vouchers", "maker", "POST", "/v1/vouchers/batch", {"items": [{"legs": [leg]}] * 8193}, 413, "too_large",
                  "8192")


@item(settings=QUICK)
def slow_request(judge):
    head = b"POST /api/pay/unifiedOrder HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
    waits = (HEAD_MS / 1000, HEAD_MS / 1000 + 5)
    framing_row(judge, "a head that stops", [head], 408, "did not arrive in time", within=waits)
    drip = [bytes([byte]) for byte in head + b"X: " + b"a" * 4000]
    framing_row(judge, "a head that drips", drip, 408, "did not arrive in time", pause=0.01, within=waits)
    waits = (BODY_MS / 1000, BODY_MS / 1000 + 5)
    framing_row(judge, "a body that stops", [head + b"Content-Length: 100\r\n\r\n{"], 408, "did not arrive in time", within=waits)
    framing_row(judge, "a body that drips", [head + b"Content-Length: 4000\r\n\r\n"] + [b" "] * 4000, 408, "did not arrive in time",
                pause=0.01, within=waits)
    framing_row(judge, "chunks that drip", [head + b"Transfer-Encoding: chunked\r\n\r\n"] + [b"1\r\n \r\n"] * 1000, 408,
                "did not arrive in time", pause=0.01, within=waits)
    # A client that says nothing is cut off without a word.
    with judge.unchanged("silence"):
        answer, took = exchange(judge.engine.port, [])
        judge.check("silence", answer, None)
        judge.check_that(f"silence takes {took:.1f} s", took < HEAD_MS / 1000 + 5)
    # Two hundred slow ones at once keep nobody else from being served: the judge places orders among them.
    with judge.unchanged("two hundred slow ones"):
        slow = [socket.create_connection(("127.0.0.1", judge.engine.port)) for _ in range(200)]
        for connection in slow:
            connection.sendall(head)
        judge.check("served among the slow", judge.engine.send("GET", "/healthz").status, 200)
        for connection in slow:
            connection.close()


@item(settings=QUICK)
def badly_framed_request(judge):
    post = b"POST /api/pay/unifiedOrder HTTP/1.1\r\n" + HOST
    for what, request, status, says in (
            ("no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400, "control character"),
            ("two lengths", post + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400, "Content-Length"),
            ("a length and chunks", post + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "Content-Length"),
            ("a negative length", post + b"Content-Length: -1\r\n\r\n", 400, "Content-Length"),
            ("chunks of another coding", post + b"Transfer-Encoding: gzip\r\n\r\n", 501, "chunked"),
            ("no Host", b"GET /healthz HTTP/1.1\r\n\r\n", 400, "Host"), ("a folded field", post + b"A: b\r\n c\r\n\r\n", 400, "folded"),
            ("a bare line feed", b"GET /healthz HTTP/1.1\nHost: x\n\r\n\r\n", 400, "bare"),
            ("an unknown method", b"BREW /healthz HTTP/1.1\r\n" + HOST + b"\r\n", 501, "method")):
        framing_row(judge, what, [request], status, says)
    judge.refuses("a route that there is not", "auditor", "GET", "/v1/nothing", None, 404, "no_such_route")
    judge.refuses("a method that it has not", "auditor", "POST", "/v1/trial-balance", {}, 405, "method_not_allowed")
