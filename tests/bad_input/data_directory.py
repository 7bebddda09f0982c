"""Data directories that are locked, damaged, or of a newer version. What is refused must be left as it is: once the
cause is gone, the book opens with the state that it had."""
import contextlib
import os
import shutil
import signal
import subprocess

from engine import Engine, changed, free_port
from items import Judge, item, item_of_its_own
from requests_to_both import accounts, voucher


def files_of(folder, ending="", holding=b""):
    names = sorted(name for name in os.listdir(folder) if name.endswith(ending))
    return [path for path in (os.path.join(folder, name) for name in names)
            if os.path.getsize(path) and holding in open(path, "rb").read()]


def written(path):
    """The bytes of a file without the zeros that a log has ahead of its end."""
    with open(path, "rb") as file:
        return len(file.read().rstrip(b"\0"))


def flip(path, at):
    """Turns one bit."""
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 0x10]))


def refused(judge, what, says):
    """The engine must not come up, and say why."""
    judge.rows += 1
    status, text = judge.engine.starts_refused()
    judge.check(f"{what}: exit status", status, 1)
    judge.check_that(f"{what}: the error", all(word in text for word in says), text)


def not_believed(judge, what, state):
    """Damage in a table, of which a part may be outdated and not read any more: the engine ends at the start and says
    corrupt, or answers so where it meets it, or nothing that it tells is different."""
    judge.rows += 1
    engine = judge.engine
    if not engine.comes_up():
        judge.check_that(what, engine.server.returncode in (1, 70) and "corrupt: " in engine.log_text().splitlines()[-1],
                         engine.log_text())
        return
    answer = engine.native("auditor", "GET", "/v1/events?after=0&limit=1000")
    if answer.status == 200:
        try:
            for difference in changed(state, engine.state()):
                judge.check_that(f"{what}: changed", False, difference)
        except AssertionError as met_while_reading:
            judge.check_that(what, '500 {"type":"/problems/corrupt"' in str(met_while_reading), met_while_reading)
    else:
        judge.problem(what, answer, 500, "corrupt")
    engine.stop(signal.SIGKILL)


def opens_as_before(judge, what, state):
    try:
        judge.engine.start()
        for difference in changed(state, judge.engine.state()):
            judge.check_that(f"{what}: after it was put right, changed", False, difference)
        judge.engine.stop(signal.SIGKILL)
    except AssertionError as error:
        judge.check_that(f"{what}: after it was put right", False, error)


@item()
def data_directory_locked(judge):
    engine = judge.engine
    second = os.path.join(engine.folder, "second.toml")
    with open(engine.config) as first, open(second, "w") as out:
        out.write(first.read().replace(str(engine.port), str(free_port())))
    for words in (["serve", "--config", second], ["key", "add", "--config", second, "--id", "k", "--role", "operator"],
                  ["merchant", "add", "--config", second, "--mch-no", "M9", "--app-id", "a", "--secret", "s", "--name", "n",
                   "--mode", "direct"],
                  ["reset-head", "--config", second]):
        with judge.unchanged(" ".join(words[:2])):
            status, _, errors = engine.command(*words)
            judge.check(words[0], status, 1)
            judge.check_that(f"{words[0]}: the error", "suanpan: locked: " in errors and
                             "another process has this data directory open" in errors, errors)
    for reading in (["verify"], ["export", "--format", "jsonl"]):  # what only reads may stand beside the server
        with judge.unchanged(f"{reading[0]} beside the server"):
            judge.check(reading[0], engine.command(*reading, "--data", engine.book)[0], 0)


@contextlib.contextmanager
def a_stopped_book(program, how):
    """A judge, its engine stopped over a book of some orders, and the state that it must have again."""
    with Engine(program) as engine:
        engine.prepare().start()
        judge = Judge(engine)
        accounts(judge)
        for part in range(2):
            if part:
                engine.restart()  # the first part lies in table files
            for _ in range(20):
                engine.place()
                assert engine.native("maker", "POST", "/v1/vouchers", voucher()).status == 201
        state = engine.state()
        engine.stop(how)
        yield judge, engine, state
        engine.start()
        judge.serves("in the end")
        engine.stop()
        judge.check("verify", engine.command("verify", "--data", engine.book)[0], 0)


@item_of_its_own
def data_directory_damaged(program):
    # Killed, so that there is a log to recover from beside the table files.
    with a_stopped_book(program, signal.SIGKILL) as (judge, engine, state):
        db = os.path.join(engine.book, "db")
        log = max(files_of(db, ".log"), key=written)
        tables = files_of(db, ".sst")
        manifest = [path for path in files_of(db) if "MANIFEST" in path]
        spots = [(path, written(path) * part // 4) for path in [log] + manifest for part in (0, 1, 2, 3)]
        spots += [(os.path.join(db, "CURRENT"), 3)]
        spots += [(path, os.path.getsize(path) - 1) for path in tables[-6:]] + [(path, 10) for path in tables[-6:]]
        pristine = engine.folder + "/pristine"
        shutil.copytree(engine.book, pristine)
        for path, at in spots:
            what = f"bit {at} of {os.path.basename(path)}"
            flip(path, at)
            if at == 10:
                not_believed(judge, what, state)
            else:
                refused(judge, what, ["suanpan: corrupt: "])
            flip(path, at)
            opens_as_before(judge, what, state)
            shutil.rmtree(engine.book)
            shutil.copytree(pristine, engine.book)
        judge.check_that("spots enough", len(spots) > 15, spots)
        return judge


@item_of_its_own
def data_directory_damaged_head(program):
    with a_stopped_book(program, signal.SIGTERM) as (judge, engine, state):
        head = os.path.join(engine.book, "head")
        whole = open(head, "rb").read()
        newest = max((0, 64), key=lambda at: int.from_bytes(whole[at + 8:at + 16], "little"))
        for at in range(0, 52, 7):
            # One slot torn: the other one is one block older and still believed, as after a crash while it was written.
            flip(head, newest + at)
            opens_as_before(judge, f"bit {at} of the newest slot", state)
            open(head, "wb").write(whole)
        flip(head, 20)
        flip(head, 64 + 20)
        refused(judge, "both slots damaged", ["suanpan: corrupt: ", "the head file is damaged in both slots"])
        os.remove(head)
        refused(judge, "no head", ["suanpan: corrupt: ", "the head file", "is missing"])
        open(head, "wb").write(whole)
        # A journal that ends before the head: an older copy of the database under the newer head.
        opens_as_before(judge, "the head put back", state)
        return judge


@item_of_its_own
def data_directory_older_than_its_head(program):
    with a_stopped_book(program, signal.SIGTERM) as (judge, engine, state):
        older = engine.folder + "/older"
        shutil.copytree(os.path.join(engine.book, "db"), older)
        engine.start()
        engine.place()
        newer = engine.state()
        engine.stop()
        db, kept = os.path.join(engine.book, "db"), engine.folder + "/kept"
        os.rename(db, kept)
        shutil.copytree(older, db)
        refused(judge, "a backup under a newer head", ["suanpan: corrupt: ", "before the head", "entries are missing"])
        status, _, errors = engine.command("verify", "--data", engine.book)
        judge.check("verify", status, 1)
        judge.check_that("verify names it", "before the head" in errors, errors)
        shutil.rmtree(db)
        os.rename(kept, db)
        opens_as_before(judge, "the newer database put back", newer)
        return judge


@item_of_its_own
def data_directory_damaged_journal(program):
    """Old journal blocks are read when they are needed. Who needs them gets a clear error: at the start it ends the
    engine, later it is the caller's. Verify names the fault."""
    with a_stopped_book(program, signal.SIGTERM) as (judge, engine, state):
        db = os.path.join(engine.book, "db")
        path = max(files_of(db, ".sst", b"SPBLOCK1"), key=os.path.getsize)
        whole = open(path, "rb").read()
        flip(path, 50)
        judge.rows += 1
        if engine.comes_up():
            judge.problem("reading it", engine.native("auditor", "GET", "/v1/events?after=0&limit=1000"), 500, "corrupt")
            judge.check("the balances are still told", engine.get("/v1/books"), {"books": [state["journal"]]})
            judge.check("still runs", engine.server.poll(), None)
            engine.stop()
        else:
            judge.check_that("it says why", engine.server.returncode in (1, 70) and "corrupt: " in engine.log_text() and
                             "checksum mismatch" in engine.log_text(), engine.log_text())
        status, _, errors = engine.command("verify", "--data", engine.book)
        judge.check("verify", status, 1)
        judge.check_that("verify names a fault", "FAULT" in errors or "corrupt" in errors, errors)
        open(path, "wb").write(whole)
        opens_as_before(judge, "the journal", state)
        return judge


@item_of_its_own
def data_directory_of_a_newer_version(program):
    with a_stopped_book(program, signal.SIGTERM) as (judge, engine, state):
        maker = os.path.join(os.path.dirname(engine.program), "tests", "newer_version")
        before = engine.folder + "/before"
        shutil.copytree(engine.book, before)
        for what, says in (("format", "newer than this program's"), ("block", "newer than this program's")):
            subprocess.run([maker, engine.book, what], check=True)
            refused(judge, what, ["suanpan: unsupported: ", says])
            status, _, errors = engine.command("verify", "--data", engine.book)
            judge.check(f"verify, {what}", status, 1)
            judge.check_that(f"verify, {what}", says in errors, errors)
            shutil.rmtree(engine.book)
            shutil.copytree(before, engine.book)
        opens_as_before(judge, "the older version", state)
        return judge


@item_of_its_own
def data_directory_of_another_vault_key(program):
    """What was sealed with one key opens with no other: the engine must not go on and seal more under a wrong one."""
    with a_stopped_book(program, signal.SIGTERM) as (judge, engine, state):
        path = os.path.join(engine.book, "vault.key")
        whole = open(path, "rb").read()
        os.remove(path)
        refused(judge, "no vault key", ["suanpan: not_found: ", "vault key"])
        judge.check_that("none is made anew", not os.path.exists(path), path)
        with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as out:
            out.write(bytes(32))
        refused(judge, "another key", ["suanpan: mismatch: ", "not the vault key that this book was made with"])
        for what, bytes_there in (("cut off", whole[:-1]), ("empty", b"")):
            with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as out:
                out.write(bytes_there)
            refused(judge, what, ["suanpan: corrupt: ", "a vault key has 32 bytes"])
        open(path, "wb").write(whole)
        os.chmod(path, 0o644)
        refused(judge, "readable by others", ["suanpan: config: ", "chmod 600"])
        os.chmod(path, 0o600)
        opens_as_before(judge, "the right key", state)
        return judge
