"""What the items of bad input have in common: a registry, and a judge. An item is a function that takes a Judge and
sends one kind of bad input row by row. After each row the judge compares the whole state with the one before, and
sees the engine serve a good request."""
import contextlib
import functools
import sys
import time

from engine import Engine, changed

ITEMS = {}


def item(sandbox=False, settings=""):
    """Registers a function as the item that bears its name."""
    def register(function):
        @functools.wraps(function)
        def run(program):
            with Engine(program, sandbox=sandbox, settings=settings) as engine:
                engine.prepare().start()
                judge = Judge(engine)
                function(judge)
                return judge.finish()
        ITEMS[function.__name__] = run
        return run
    return register


def item_of_its_own(function):
    """Registers a function that takes the program and makes its own engine; it returns a Judge."""
    @functools.wraps(function)
    def run(program):
        return function(program).finish()
    ITEMS[function.__name__] = run
    return run


class Judge:
    def __init__(self, engine):
        self.engine = engine
        self.rows, self.failures = 0, []

    def check(self, what, seen, wanted):
        if seen != wanted:
            self.failures.append(f"{what}: saw {seen!r}, expected {wanted!r}")
            print("FAILED", self.failures[-1], flush=True)

    def check_that(self, what, holds, seen=""):
        if not holds:
            self.failures.append(f"{what}: {seen}")
            print("FAILED", self.failures[-1], flush=True)

    @contextlib.contextmanager
    def unchanged(self, what, journalled=False):
        """`journalled`: the ledger keeps this refusal under its id, so the journal, and it alone, goes on by one
        entry that tells no event."""
        self.rows += 1
        engine, process = self.engine, self.engine.server
        before = engine.state()
        yield
        self.check(f"{what}: the engine still runs", process.poll(), None)
        after = engine.state()
        if journalled:
            self.check(f"{what}: the journal", after["cursor"], before["cursor"] + 1)
            for state in (before, after):
                state["journal"].pop("last_seq"), state.pop("cursor"), state["trial balance"].pop("as_of_seq")
        for difference in changed(before, after):
            self.check_that(f"{what}: changed", False, difference)
        self.serves(what)

    def serves(self, what):
        """A good request is answered, and its order is there."""
        try:
            data = self.engine.place()
            order = self.engine.get("/v1/orders/" + data["payOrderId"])
            self.check(f"{what}: a good order afterwards", (order["state"], order["amount"]), ("created", 100))
        except (AssertionError, OSError) as error:
            self.check_that(f"{what}: a good request afterwards", False, error)

    # --- errors ---
    def problem(self, what, answer, status, refusal, says=""):
        """A problem document of that status and name, whose detail holds `says`."""
        self.check_that(what, answer.headers.get("Content-Type") == "application/problem+json", answer)
        body = answer.json()
        self.check(what, (answer.status, body.get("refusal"), body.get("status")), (status, refusal, status))
        self.check_that(f"{what}: the detail", says in body.get("detail", ""), answer)

    def framing(self, what, answer, status, says):
        """A refusal by the transport, before there is a route to speak for it."""
        self.check(what, answer.status if answer else None, status)
        self.check_that(f"{what}: the detail", answer and says in answer.json().get("detail", ""), answer)

    def jeepay_error(self, what, answer, code, says):
        """HTTP 200 with that code, no data, no sign, and a message that holds `says`."""
        body = answer.json() if answer.status == 200 else {}
        self.check(what, (answer.status, body.get("code"), sorted(body)), (200, code, ["code", "msg"]))
        self.check_that(f"{what}: the message", says in body.get("msg", ""), answer)

    # --- rows ---
    def refuses(self, what, key, method, target, body, status, refusal, says="", journalled=False):
        """One bad call of the native API."""
        with self.unchanged(what, journalled):
            self.problem(what, self.engine.native(key, method, target, body), status, refusal, says)

    def jeepay_refuses(self, what, path, fields, code, says, **options):
        """One bad call of the merchant API."""
        with self.unchanged(what):
            self.jeepay_error(what, self.engine.jeepay(path, fields, **options), code, says)

    def finish(self):
        print(f"{self.rows} rows, {len(self.failures)} failures")
        return 1 if self.failures or not self.rows else 0


def main(program, name):
    began = time.time()
    status = ITEMS[name](program)
    print(f"{name}: {time.time() - began:.1f} s")
    sys.exit(status)
