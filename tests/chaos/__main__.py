"""`python -m chaos`: the command that `make chaos` runs."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from chaos import report
from chaos.campaign import Campaign, NotCarriedOut
from chaos.plan import CONTENT, FULL, PACE, ROTATIONS, Fault, plan
from chaos.rig import Rig
from chaos.verdict import tidy_up, verdict
from stock_stack.stack import ComponentFailed

EXAMPLES = """\
examples:
  make chaos                           200 faults, about 25 minutes
  make chaos KILLS=200 SEED=2          others, or the same in another order
  make chaos KILLS=20                  a short run
  make chaos SECURE=1                  with passwords and keys that are replaced
  python -m chaos --kills 200 --seed 1 --plan      what would be done, and when

exit codes: 0 nothing missing, nothing doubled, every fault done; 1 otherwise; 130 interrupted"""


def main() -> int:
    options = _parser().parse_args()
    faults = _faults(options)
    if options.plan:
        for fault in faults:
            print(f"{fault.at:7.1f} {fault.target:<12} {fault.kind:<8} {fault.seconds or '':>5}".rstrip())
        return 0
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    data = options.data or Path(tempfile.mkdtemp(prefix="stock-chaos-"))
    code = 1
    try:
        code = _run(options, data)
    except KeyboardInterrupt:
        code = 130
    except (NotCarriedOut, ComponentFailed, TimeoutError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
    finally:
        if code == 0 and options.data is None:
            shutil.rmtree(data)
        else:
            print(f"logs: {data / 'logs'}", file=sys.stderr)
    return code


def _run(options: argparse.Namespace, data: Path) -> int:
    def say(line: str) -> None:
        print(line, file=sys.stderr if options.json else sys.stdout, flush=True)

    faults = _faults(options)
    begun = time.monotonic()
    with Rig(data, lambda line: None, options.secure) as rig:
        rig.start()
        say(
            f"All up after {time.monotonic() - begun:.0f} s: {len(faults)} faults "
            f"in about {faults[-1].at / 60:.0f} min, seed {options.seed}"
        )
        campaign = Campaign(rig, say)
        try:
            campaign.run(faults)
            say("Faults are over: draining.")
            campaign.drain()
            outcome = campaign.content.outcome
            unnamed = tidy_up(rig.stack, campaign.content.strays, outcome)
            found = verdict(rig.stack, outcome, unnamed)
            wrong = campaign.history(data / "history.jsonl", found.audit)
        finally:
            campaign.close()
    run = campaign.result(options.seed, faults, time.monotonic() - begun)._replace(wrong=wrong)
    figures = report.summary(run, found)
    print(json.dumps(figures, indent=2) if options.json else f"\n{report.text(figures, found)}")
    return 0 if figures["passed"] else 1


def _faults(options: argparse.Namespace) -> list[Fault]:
    others = 2 * ROTATIONS if options.secure else CONTENT
    return plan(options.kills, options.seed, options.pace, others)


def _positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise ValueError
    return value


def _count(text: str) -> int:
    value = int(text)
    if not 0 < value <= 100_000:
        raise ValueError
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chaos",
        description="Random faults on every part of the running pipeline, "
        "then the proof that nothing is missing and nothing is doubled.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--kills", type=_count, default=FULL, metavar="N", help=f"how many faults (default: {FULL})"
    )
    parser.add_argument("--seed", type=int, default=1, help="which ones, in which order, when (default: 1)")
    parser.add_argument(
        "--pace",
        type=_positive,
        default=PACE,
        metavar="S",
        help=f"mean seconds between two faults (default: {PACE:.0f})",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="data and logs (default: a temporary directory, kept when the run fails)",
    )
    parser.add_argument(
        "--secure",
        action="store_true",
        help="services sign in with passwords and keys, which are replaced, in place of faults of content",
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--plan", action="store_true", help="print the plan and do nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
