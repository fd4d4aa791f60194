"""What the pipeline costs a month, by stage: `python3 infra/cost.py --symbols 50 --deployment ec2`.

Each price has its source and the month in which it was read. AWS's prices are those of us-east-1, without
free tiers and taxes. Prices change: check them before spending. Needs nothing but Python.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import usage
from usage import CADENCES, DAYS, HOURS, LOOKS, PLANS, Day, Use, day, use

# aws.amazon.com/ec2/pricing, /ebs/pricing, /vpc/pricing, read in November 2025
T3_MEDIUM_HOUR = 0.0416
T3_MEDIUM_SPOT_HOUR = 0.0165
"""It changes by the hour. This is the mean of the region's zones."""
GP3_GB = 0.08
PUBLIC_ADDRESS_HOUR = 0.005
NAT_HOUR, NAT_GB = 0.045, 0.045
# aws.amazon.com/fargate/pricing, x86. Spot is up to 70 % off, and counted as 65 % off
FARGATE_CPU_HOUR, FARGATE_GB_HOUR = 0.04048, 0.004445
FARGATE_SPOT = 0.35
# aws.amazon.com/msk/pricing, kafka.t3.small
MSK_BROKER_HOUR, MSK_GB = 0.0456, 0.10
# aws.amazon.com/elasticloadbalancing/pricing: the balancer and one capacity unit, with an address a zone
ALB_HOUR, ALB_UNIT_HOUR = 0.0225, 0.008
# aws.amazon.com/s3/pricing, Standard
S3_GB, S3_PUT, S3_GET = 0.023, 0.005 / 1000, 0.0004 / 1000
# aws.amazon.com/cloudwatch/pricing, /secrets-manager/pricing, /kms/pricing, /efs/pricing
LOG_GB, METRIC, ALARM, SECRET, KMS_KEY, EFS_GB = 0.50, 0.30, 0.10, 0.40, 1.00, 0.30
# www.snowflake.com/pricing, AWS, US East: a credit by edition
CREDITS = {"standard": 2.00, "enterprise": 3.00}
CREDIT, SNOWFLAKE_GB = CREDITS["standard"], 0.023

SEED = (65.0, 70.0)
"""The project's first estimate, dollars a month: host, storage and warehouse, without the data."""

OBJECT_LOG_BYTES, BASE_LOG_GB = 500, 0.5
"""Estimates: bytes of log for each object in all stages, gigabytes of a month without objects."""

_ENTRY = re.compile(
    r"^(?P<name>[\w-]+):\n(?:  .*\n)*?  cpu: (?P<cpu>\d+)\n  memory: (?P<memory>\d+)\n"
    r"(?:  .*\n)*?  spot: (?P<spot>\w+)$",
    re.MULTILINE,
)
"""A service in services.yaml. This file runs with nothing but Python, so it has no parser for YAML."""
_ENTRIES = list(_ENTRY.finditer((Path(__file__).parents[1] / "services.yaml").read_text()))
TASKS = {entry["name"]: (int(entry["cpu"]), int(entry["memory"])) for entry in _ENTRIES}
SPOT_TASKS = tuple(entry["name"] for entry in _ENTRIES if entry["spot"] == "true")
DEPLOYMENTS = ("ec2", "ec2-spot", "ecs", "ecs-spot")


def compute(deployment: str) -> dict[str, float]:
    """What runs the code and the brokers, dollars a month."""
    if deployment.startswith("ec2"):
        hour = T3_MEDIUM_SPOT_HOUR if deployment.endswith("spot") else T3_MEDIUM_HOUR
        return {
            "host": hour * HOURS,
            "disks (20 + 20 GB gp3)": 40 * GP3_GB,
            "public address": PUBLIC_ADDRESS_HOUR * HOURS,
        }
    tasks = 0.0
    for name, (cpu, memory) in TASKS.items():
        price = cpu / 1024 * FARGATE_CPU_HOUR + memory / 1024 * FARGATE_GB_HOUR
        tasks += price * HOURS * (FARGATE_SPOT if deployment.endswith("spot") and name in SPOT_TASKS else 1)
    return {
        "tasks (Fargate)": tasks,
        "MSK (3 × t3.small, 50 GB)": 3 * (MSK_BROKER_HOUR * HOURS + 50 * MSK_GB),
        "load balancer": (ALB_HOUR + ALB_UNIT_HOUR + 3 * PUBLIC_ADDRESS_HOUR) * HOURS,
        "NAT": (NAT_HOUR + PUBLIC_ADDRESS_HOUR) * HOURS + 6 * NAT_GB,
        "EFS": 1 * EFS_GB,
    }


def bill(deployment: str, used: Use, credit: float = CREDIT) -> dict[str, float]:
    """Stage → dollars a month, without Alpha Vantage's plan, which is the price of the data.

    credit: dollars a credit of Snowflake's.
    """
    ecs = deployment.startswith("ecs")
    secrets, alarms, metrics = (7, 11, 3) if ecs else (1, 7, 10)
    logs = used.objects * OBJECT_LOG_BYTES / 1e9 + BASE_LOG_GB
    return compute(deployment) | {
        "S3": used.gigabytes * 12 * S3_GB + used.objects * (S3_PUT + 3 * S3_GET) + used.lists * S3_PUT,
        "logs, metrics, alarms": logs * LOG_GB + metrics * METRIC + alarms * ALARM,
        "secrets and keys": secrets * SECRET + (KMS_KEY if ecs else 0),
        "Snowflake warehouse": used.credits * credit,
        "Snowflake, readers' warehouse": used.reader_credits * credit,
        "Snowflake storage": used.gigabytes * 12 * SNOWFLAKE_GB,
    }


def report(
    used: Use, bills: dict[str, dict[str, float]], days: list[Day], arguments: argparse.Namespace
) -> str:
    """The tables, as text."""
    cadence = f"flushed each {arguments.flush:g} s, loaded each {arguments.load_interval:g} s"
    lines = [
        f"{arguments.symbols} symbols each {arguments.interval:g} s, {cadence}, {DAYS} sessions a month",
        f"  {used.quotes:,.0f} quotes, {used.calls:,.0f} calls, {used.objects:,.0f} objects, "
        f"{used.gigabytes:.2f} GB, {used.credits:.1f} credits, {used.reader_credits:.1f} of readers",
    ]
    for deployment, parts in bills.items():
        lines += ["", f"{deployment}, dollars a month"]
        lines += [f"  {name:<30}{price:>9.2f}" for name, price in parts.items()]
        lines.append(f"  {'together':<30}{sum(parts.values()):>9.2f}")
    lines += [
        "",
        f"Alpha Vantage, plan {used.plan}: {PLANS[used.plan][1]:.2f} more. "
        f"The first estimate, without it: {SEED[0]:.0f} to {SEED[1]:.0f}.",
    ]
    credit = CREDITS[arguments.edition]
    return "\n".join([*lines, *quota_lines(used, arguments), "", *cadence_lines(days, credit)])


def quotas(used: Use, arguments: argparse.Namespace) -> tuple[int, int]:
    """The quotas of the loader's and the readers' monitors, in credits a month."""
    readers = usage.reader_quota(arguments.load_interval, arguments.looks, arguments.generation)
    return usage.quota(used.credits), readers


def quota_lines(used: Use, arguments: argparse.Namespace) -> list[str]:
    loader, readers = quotas(used, arguments)
    return [
        "",
        "The monitors' quotas, half as much again as this takes: "
        f"stock-sf-loader setup --credits {loader} --reader-credits {readers}",
    ]


def cadence_lines(days: list[Day], credit: float) -> list[str]:
    """A line a cadence: what a trading day uses, and the warehouse's price of it."""
    names = (
        "flush s",
        "load s",
        "calls",
        "objects",
        "LISTs",
        "loads",
        "warehouse s",
        "credits/month",
        "dollars/month",
    )
    lines = [
        "A trading day by cadence",
        "  " + "".join(f"{name:>{max(14, len(name) + 2)}}" for name in names),
    ]
    for one in days:
        *counts, month = one
        lines.append(
            "  " + "".join(f"{value:>14,.0f}" for value in counts) + f"{month:>15.1f}{month * credit:>15,.0f}"
        )
    return lines


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="What the pipeline costs a month, by stage.",
        epilog="Example: python3 infra/cost.py --symbols 50 --load-interval 900 --deployment ec2 --json",
    )
    parser.add_argument("--symbols", type=int, default=50, help="symbols that are watched (50)")
    parser.add_argument(
        "--interval", type=float, default=5, help="seconds between two quotes of a symbol (5)"
    )
    parser.add_argument(
        "--flush",
        type=float,
        default=60,
        help="greatest age of a quote that is not on S3 yet, in seconds (60)",
    )
    parser.add_argument(
        "--load-interval", type=float, default=900, help="seconds between two loads into Snowflake (900)"
    )
    parser.add_argument(
        "--looks",
        type=float,
        default=LOOKS,
        help=f"times a day that somebody opens history while the readers' warehouse sleeps ({LOOKS})",
    )
    parser.add_argument(
        "--deployment", choices=[*DEPLOYMENTS, "all"], default="all", help="what runs it (all of them)"
    )
    parser.add_argument(
        "--edition", choices=list(CREDITS), default="standard", help="of the Snowflake account (standard)"
    )
    parser.add_argument(
        "--generation",
        choices=list(usage.GENERATIONS),
        default="1",
        help="of the warehouses (1, as setup makes them)",
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    return _checked(parser)


def _checked(parser: argparse.ArgumentParser) -> argparse.Namespace:
    arguments = parser.parse_args()
    if arguments.looks < 0:
        parser.error("--looks must not be below 0")
    if min(arguments.symbols, arguments.interval, arguments.flush, arguments.load_interval) <= 0:
        parser.error("--symbols, --interval, --flush and --load-interval must be above 0")
    return arguments


def main() -> int:
    arguments = _parsed()
    used = use(
        arguments.symbols,
        arguments.interval,
        arguments.load_interval,
        arguments.flush,
        arguments.looks,
        arguments.generation,
    )
    cadences = dict.fromkeys([(arguments.flush, arguments.load_interval), *CADENCES])
    days = [
        day(arguments.symbols, arguments.interval, load, flush, arguments.generation)
        for flush, load in cadences
    ]
    wanted = DEPLOYMENTS if arguments.deployment == "all" else (arguments.deployment,)
    bills = {deployment: bill(deployment, used, CREDITS[arguments.edition]) for deployment in wanted}
    if arguments.json:
        together = {name: {"parts": parts, "total": sum(parts.values())} for name, parts in bills.items()}
        document = {
            "use": used._asdict(),
            "by_cadence": [one._asdict() for one in days],
            "alpha_vantage": PLANS[used.plan][1],
            "quotas": dict(zip(("loader", "readers"), quotas(used, arguments), strict=True)),
        }
        print(json.dumps(document | {"deployments": together}, indent=2))
    else:
        print(report(used, bills, days, arguments))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
