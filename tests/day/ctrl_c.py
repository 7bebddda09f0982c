#!/usr/bin/env python3
"""api/run as a newcomer leaves it: Ctrl-C while it stays up ends it with status 0 and verified books; Ctrl-C in the
middle of the day ends it with 130. Either way nothing is left running."""
import os
import re
import signal
import subprocess
import sys
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PORT = os.environ.get("SUANPAN_PORT", "8080")


def is_up():
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def interrupt_at(line_with, must_be_up):
    """Ctrl-C goes to the whole group, as a terminal sends it. The exit status and what was said."""
    # SIGINT may be ignored in what runs this; a terminal's shell does not.
    child = subprocess.Popen([os.path.join(ROOT, "api/run")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    said, sent = "", False
    for line in child.stdout:
        said += line
        if not sent and re.search(line_with, line):
            sent = True
            if must_be_up and not is_up():
                said += "the engine is not up\n"
            os.killpg(child.pid, signal.SIGINT)
    return child.wait(), said


def main():
    failures = []
    status, said = interrupt_at("data +var/day/book", must_be_up=True)
    if status != 0 or said.count("the books hold") != 2 or "not up" in said:
        failures.append(f"while it stays up: status {status}\n{said}")
    status, said = interrupt_at("重复支付", must_be_up=False)
    if status != 130 or "the day did not end" not in said:
        failures.append(f"in the middle of the day: status {status}\n{said}")
    if is_up():
        failures.append("something still listens")
    print("\n".join(failures) or "Ctrl-C ends the day cleanly")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
