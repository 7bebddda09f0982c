"""A full disk, while the engine serves and when it starts. The disk is a small tmpfs: mounted as root, or else inside
a user namespace of our own; where neither is allowed the item says that it was skipped."""
import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading

from engine import SKIPPED, Engine, changed
from items import Judge, item_of_its_own

INSIDE = "SUANPAN_TEST_NAMESPACE"


@contextlib.contextmanager
def small_disk(size):
    folder = tempfile.mkdtemp(prefix="suanpan-disk-")
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, text=True)
    if mount.returncode != 0:
        os.rmdir(folder)
        if INSIDE not in os.environ:
            os.environ[INSIDE] = "1"
            words = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, *sys.argv]
            if subprocess.run(words[:4] + ["true"], capture_output=True).returncode == 0:
                os.execvp(words[0], words)
        print("SKIPPED: a small file system cannot be mounted here:", mount.stderr.strip())
        sys.exit(SKIPPED)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        shutil.rmtree(folder)


def fill(folder, leave):
    """A file that takes what there is but for `leave` bytes."""
    disk = os.statvfs(folder)
    with open(os.path.join(folder, "filler"), "wb") as out:
        left = disk.f_bavail * disk.f_frsize - leave
        os.posix_fallocate(out.fileno(), 0, left)


def grow(folder, size):
    subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)


@item_of_its_own
def full_disk_while_serving(program):
    with small_disk("60m") as folder, Engine(program, folder=folder) as engine:
        engine.prepare().start()
        judge = Judge(engine)
        judge.rows += 1
        for _ in range(20):
            engine.place()
        before = engine.state()
        fill(folder, 200_000)
        # Orders go in on eight connections until the disk is full.
        placed, refusals = [], []

        def load():
            for _ in range(10_000):
                number = "F" + secrets.token_hex(8)
                try:
                    # Long and random: the log's room that was taken beforehand is used up the sooner.
                    fields = engine.order_fields(number=number, extParam=secrets.token_hex(240))
                    answer = engine.jeepay("/api/pay/unifiedOrder", fields)
                except OSError:
                    return
                except Exception as error:  # the connection ended inside an answer
                    refusals.append(repr(error))
                    return
                if answer.status == 200 and answer.json()["code"] == 0:
                    placed.append(answer.json()["data"])
                else:
                    refusals.append(repr(answer))

        threads = [threading.Thread(target=load) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # The rule: a failed write is fatal. It ends with 70 and says why; or an assertion of RocksDB's (Debian builds it
        # with them on) ends it first, where background work meets the failed file before we are gone.
        status = engine.server.wait(timeout=30)
        why = {70: "No space left on device", -6: "Assertion"}.get(status)
        judge.check_that("it ends by itself and says why", why and why in engine.log_text(), f"{status} {engine.log_text()}")
        judge.check_that("orders were placed until then", len(placed) > 20, len(placed))
        judge.check_that("nothing but an order or no answer", not [r for r in refusals if not r.startswith(("200", "503",
                         "IncompleteRead", "BadStatusLine", "RemoteDisconnected"))], refusals[:3])
        status, text = engine.starts_refused() if not room(folder) else (1, "")
        judge.check_that("a full disk is no place to start", status != 0, text)

        os.remove(os.path.join(folder, "filler"))
        grow(folder, "128m")  # what the engine wants free before it starts
        engine.start()
        engine.placed += [data["payOrderId"] for data in placed]
        after = engine.state()
        for data in placed:
            judge.check("an acknowledged order", after["orders"][data["payOrderId"]]["mch_order_no"], data["mchOrderNo"])
        judge.check("the accounts and their balances", after["accounts"], before["accounts"])
        judge.check("the orders from before", {order: after["orders"][order] for order in before["orders"]}, before["orders"])
        created = [event["key"] for event in after["events"] if event["topic"] == "order.created"]
        judge.check("no order twice", len(created), len(set(created)))
        judge.serves("room again")
        engine.stop()
        judge.check("verify", engine.command("verify", "--data", engine.book)[0], 0)
        return judge


def room(folder):
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize > 1 << 20


@item_of_its_own
def full_disk_at_start(program):
    with small_disk("60m") as folder, Engine(program, folder=folder) as engine:
        engine.prepare().start()
        judge = Judge(engine)
        for _ in range(20):
            engine.place()
        state = engine.state()
        engine.stop()
        outside = tempfile.NamedTemporaryFile(prefix="suanpan-log-")  # what it says needs room as well
        engine.log_path = outside.name
        for leave in (0, 4096, 100_000):
            judge.rows += 1
            fill(folder, leave)
            status, text = engine.starts_refused()
            judge.check(f"{leave} bytes left: exit status", status, 1)
            judge.check_that(f"{leave} bytes left: the error", "suanpan: unavailable: " in text and "free" in text, text)
            os.remove(os.path.join(folder, "filler"))
            engine.start()
            for difference in changed(state, engine.state()):
                judge.check_that(f"{leave} bytes left: changed", False, difference)
            engine.stop()
        judge.engine.start()
        judge.serves("room again")
        return judge
