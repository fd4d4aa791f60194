"""What the pipeline costs a month, by stage: `python3 infra/cost.py --symbols 50 --interval 5 --load-interval 900 --deployment ec2`.

Prices are named with their source and the month they were read in; AWS's are us-east-1's, without free tiers and taxes. They move:
check them before spending. Needs nothing but Python.
"""

from __future__ import annotations

import argparse
import json
import math
from typing import NamedTuple

HOURS = 730
"""Hours of a month, as AWS counts."""
DAYS = 21
"""Trading days of a month."""
SESSION_SECONDS = 6.5 * 3600
"""New York's regular session."""

# aws.amazon.com/ec2/pricing, /ebs/pricing, /vpc/pricing; read November 2025
T3_MEDIUM_HOUR = 0.0416
T3_MEDIUM_SPOT_HOUR = 0.0165
"""Moves by the hour; the mean of the region's zones."""
GP3_GB = 0.08
PUBLIC_ADDRESS_HOUR = 0.005
NAT_HOUR, NAT_GB = 0.045, 0.045
ENDPOINT_HOUR = 0.01
# aws.amazon.com/fargate/pricing, x86; Spot is up to 70 % off, counted as 65 %
FARGATE_CPU_HOUR, FARGATE_GB_HOUR = 0.04048, 0.004445
FARGATE_SPOT = 0.35
# aws.amazon.com/msk/pricing, kafka.t3.small
MSK_BROKER_HOUR, MSK_GB = 0.0456, 0.10
# aws.amazon.com/elasticloadbalancing/pricing: the balancer and one capacity unit
ALB_HOUR, ALB_UNIT_HOUR = 0.0225, 0.008
# aws.amazon.com/s3/pricing, Standard
S3_GB, S3_PUT, S3_GET = 0.023, 0.005 / 1000, 0.0004 / 1000
# aws.amazon.com/cloudwatch/pricing, /secrets-manager/pricing, /kms/pricing, /efs/pricing
LOG_GB, METRIC, ALARM, SECRET, KMS_KEY, EFS_GB = 0.50, 0.30, 0.10, 0.40, 1.00, 0.30
# www.snowflake.com/pricing: Standard edition on AWS, US East; X-SMALL is 1 credit an hour, at least 60 s each time it wakes
CREDIT, WAKE_SECONDS, SNOWFLAKE_GB = 2.00, 60, 0.023
AUTO_SUSPEND_SECONDS = 60
# www.alphavantage.co/premium, seen 2024 to 2025: calls a minute → dollars a month; realtime and 100 symbols a call from 150 on
PLANS = {"free": (0, 0.0), "75": (75, 49.99), "150": (150, 99.99), "300": (300, 149.99), "600": (600, 199.99), "1200": (1200, 249.99)}
FREE_CALLS_A_DAY = 25
BULK_SYMBOLS = 100

SEED = (65.0, 70.0)
"""The figure that the project began with, dollars a month: the host, storage and the warehouse, without the data's own price."""

OBJECT_BYTES, QUOTE_BYTES = 6000, 58
"""Bytes of an object and of each quote in it: the sink's own encoder with quotes that are filled in all but alike, 96 to 5,760 rows an
object, within 8 % (November 2026)."""
OBJECT_LOG_BYTES, BASE_LOG_GB = 500, 0.5
"""Bytes of log an object causes in all stages, and what a month without one has: estimated."""
LOAD_SECONDS = 8
"""Seconds that an X-SMALL works for one load: assumed. No account was there to measure it; the wait before it sleeps weighs more."""
PARTITIONS = {"stock-data": 6, "stock-alerts": 3, "stock-bars": 3}

# As infra/services.tf has them; a test compares
TASKS = {"producer": (256, 512), "s3-sink": (512, 1024), "sf-loader": (256, 1024), "dashboard": (512, 1024), "auditor": (256, 1024)}
SPOT_TASKS = ("s3-sink", "auditor")
DEPLOYMENTS = ("ec2", "ec2-spot", "ecs", "ecs-spot")


class Use(NamedTuple):
    """What a month uses."""

    quotes: float
    calls: float
    plan: str
    objects: float
    lists: float
    gigabytes: float
    credits: float


def plan_for(symbols: int, interval: float) -> str:
    """The least plan that asks for every symbol each `interval` seconds; the largest where none does."""
    a_minute = 60 / interval
    if symbols * SESSION_SECONDS / interval <= FREE_CALLS_A_DAY:
        return "free"
    if symbols * a_minute <= PLANS["75"][0]:
        return "75"
    calls = math.ceil(symbols / BULK_SYMBOLS) * a_minute
    return next((name for name, (limit, _) in PLANS.items() if name not in ("free", "75") and calls <= limit), "1200")


def warehouse_credits(load_interval: float) -> float:
    """Credits a month: each load wakes the warehouse for its work and the wait before it sleeps, and never for less than a minute.

    Loads closer together than that keep it awake all session: 6.5 h × 21 days = 136.5 credits.
    """
    awake = max(LOAD_SECONDS + AUTO_SUSPEND_SECONDS, WAKE_SECONDS)
    return DAYS * SESSION_SECONDS * min(1.0, awake / load_interval) / 3600


def use(symbols: int, interval: float, load_interval: float, flush: float = 60) -> Use:
    """A month of sessions. A partition of stock-data puts an object each `flush` seconds while it has quotes."""
    plan = plan_for(symbols, interval)
    a_call = BULK_SYMBOLS if plan not in ("free", "75") else 1
    rounds = DAYS * SESSION_SECONDS / interval
    quotes, calls = rounds * symbols, rounds * math.ceil(symbols / a_call)
    if plan == "1200" and calls / rounds * 60 / interval > PLANS[plan][0]:
        quotes, calls = (DAYS * SESSION_SECONDS / 60 * PLANS[plan][0] * scale for scale in (a_call, 1))
    objects = DAYS * SESSION_SECONDS / flush * min(PARTITIONS["stock-data"], symbols)
    lists = sum(PARTITIONS.values()) * (DAYS * SESSION_SECONDS / load_interval + HOURS * 60)
    return Use(quotes, calls, plan, objects, lists, (objects * OBJECT_BYTES + quotes * QUOTE_BYTES) / 1e9, warehouse_credits(load_interval))


def compute(deployment: str) -> dict[str, float]:
    """What runs the code and the brokers, dollars a month."""
    if deployment.startswith("ec2"):
        hour = T3_MEDIUM_SPOT_HOUR if deployment.endswith("spot") else T3_MEDIUM_HOUR
        return {"host": hour * HOURS, "disks (20 + 20 GB gp3)": 40 * GP3_GB, "public address": PUBLIC_ADDRESS_HOUR * HOURS}
    tasks = 0.0
    for name, (cpu, memory) in TASKS.items():
        price = cpu / 1024 * FARGATE_CPU_HOUR + memory / 1024 * FARGATE_GB_HOUR
        tasks += price * HOURS * (FARGATE_SPOT if deployment.endswith("spot") and name in SPOT_TASKS else 1)
    return {
        "tasks (Fargate)": tasks,
        "MSK (3 × t3.small, 50 GB)": 3 * (MSK_BROKER_HOUR * HOURS + 50 * MSK_GB),
        "load balancer": (ALB_HOUR + ALB_UNIT_HOUR + 2 * PUBLIC_ADDRESS_HOUR) * HOURS,
        "NAT and log endpoint": (NAT_HOUR + PUBLIC_ADDRESS_HOUR + ENDPOINT_HOUR) * HOURS + 5 * NAT_GB,
        "EFS": 1 * EFS_GB,
    }


def bill(deployment: str, used: Use) -> dict[str, float]:
    """Stage → dollars a month. Alpha Vantage's plan is a line of its own: it is the data's price, not the pipeline's."""
    ecs = deployment.startswith("ecs")
    secrets, alarms, metrics = (5, 9, 40) if ecs else (4, 5, 8)
    logs = used.objects * OBJECT_LOG_BYTES / 1e9 + BASE_LOG_GB
    return compute(deployment) | {
        "S3": used.gigabytes * 12 * S3_GB + used.objects * (S3_PUT + 3 * S3_GET) + used.lists * S3_PUT,
        "logs, metrics, alarms": logs * LOG_GB + metrics * METRIC + alarms * ALARM,
        "secrets and keys": secrets * SECRET + (KMS_KEY if ecs else 0),
        "Snowflake warehouse": used.credits * CREDIT,
        "Snowflake storage": used.gigabytes * 12 * SNOWFLAKE_GB,
    }


def report(used: Use, bills: dict[str, dict[str, float]], arguments: argparse.Namespace) -> str:
    """The table, as text."""
    lines = [
        f"{arguments.symbols} symbols each {arguments.interval:g} s, loaded each {arguments.load_interval:g} s; {DAYS} sessions a month",
        f"  {used.quotes:,.0f} quotes, {used.calls:,.0f} calls, {used.objects:,.0f} objects, {used.gigabytes:.2f} GB, {used.credits:.1f} credits",
    ]
    for deployment, parts in bills.items():
        lines += ["", f"{deployment}, dollars a month"]
        lines += [f"  {name:<28}{price:>9.2f}" for name, price in parts.items()]
        lines.append(f"  {'together':<28}{sum(parts.values()):>9.2f}")
    lines += [
        "",
        f"Alpha Vantage, plan {used.plan}: {PLANS[used.plan][1]:.2f} beside that. The figure we began with: {SEED[0]:.0f} to {SEED[1]:.0f}.",
    ]
    lines.append(
        "The warehouse by load interval: " + ", ".join(f"{step} s {warehouse_credits(step):.0f} credits" for step in (5, 60, 300, 900, 1800, 3600))
    )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        description="What the pipeline costs a month, by stage.",
        epilog="Example: python3 infra/cost.py --symbols 50 --interval 5 --load-interval 900 --deployment ec2 --json",
    )
    parser.add_argument("--symbols", type=int, default=50, help="symbols that are watched (50)")
    parser.add_argument("--interval", type=float, default=5, help="seconds between two quotes of a symbol (5)")
    parser.add_argument("--load-interval", type=float, default=900, help="seconds between two loads into Snowflake (900)")
    parser.add_argument("--deployment", choices=[*DEPLOYMENTS, "all"], default="all", help="what runs it (all of them)")
    parser.add_argument("--json", action="store_true", help="as JSON")
    arguments = parser.parse_args()
    if arguments.symbols < 1 or arguments.interval <= 0 or arguments.load_interval <= 0:
        parser.error("--symbols, --interval and --load-interval must be above 0")
    used = use(arguments.symbols, arguments.interval, arguments.load_interval)
    wanted = DEPLOYMENTS if arguments.deployment == "all" else (arguments.deployment,)
    bills = {deployment: bill(deployment, used) for deployment in wanted}
    if arguments.json:
        together = {name: {"parts": parts, "total": sum(parts.values())} for name, parts in bills.items()}
        print(json.dumps({"use": used._asdict(), "alpha_vantage": PLANS[used.plan][1], "deployments": together}, indent=2))
    else:
        print(report(used, bills, arguments))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
