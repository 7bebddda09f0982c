"""The summary of the business day, for people."""
import os

from stage import paint, yuan


def show(result, reports):
    def line(name, text):
        print(f"  {name:<16} {text}")

    def amount(name, fen, text=""):
        line(name, f"{yuan(fen):>14}  {text}".rstrip())

    print("\n" + paint("== summary (CNY)", "1"))
    amount("orders paid", result["paid_fen"], f"{result['orders']} orders")
    for letter, fen, what in result["refunds"]:
        amount("refund", fen, f"order {letter}, {what}")
    amount("platform fees", result["platform_fee_fen"], "手续费收入")
    amount("channel cost", result["channel_cost_fen"], "渠道手续费")
    for payee, fen, what in result["payouts"]:
        amount("payout", fen, f"{payee}, {what}")
    for name, letter, fen, state in result["breaks"]:
        amount("break", fen, f"{name}, order {letter}, {state}" if letter != "extra" else f"{name}, no order of ours, {state}")
    for run in result["runs"]:
        line("run", files_of(reports, run["files"]))
    for stem in sorted({os.path.splitext(name)[0] for name in result["reports"]}):
        line("report", files_of(reports, [name for name in result["reports"] if os.path.splitext(name)[0] == stem]))
    held = result["checks"] - len(result["failures"])
    line("checks", paint(f"{held} of {result['checks']} held", "31" if result["failures"] else "32"))
    for failure in result["failures"]:
        line(paint("FAILED", "31"), failure)


def files_of(folder, names):
    """`folder/day/name.{html,csv,xlsx}`: one line for a report in its three forms."""
    stem = os.path.splitext(names[0])[0]
    endings = [os.path.splitext(name)[1][1:] for name in names]
    return f"{folder}/{stem}.{{{','.join(endings)}}}" if len(endings) > 1 else f"{folder}/{names[0]}"
