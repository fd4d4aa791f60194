"""What the pipeline costs a month, by stage: `python3 infra/cost.py --symbols 50 --interval 5 --load-interval 900 --deployment ec2`.

Prices are named with their source and the month they were read in; AWS's are us-east-1's, without free tiers and taxes. They move:
check them before spending. Needs nothing but Python.
"""

from __future__ import annotations

import argparse
import json

from usage import CADENCES, DAYS, HOURS, PLANS, Day, Use, day, use

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
# www.snowflake.com/pricing: Standard edition on AWS, US East
CREDIT, SNOWFLAKE_GB = 2.00, 0.023

SEED = (65.0, 70.0)
"""The figure that the project began with, dollars a month: the host, storage and the warehouse, without the data's own price."""

OBJECT_LOG_BYTES, BASE_LOG_GB = 500, 0.5
"""Bytes of log an object causes in all stages, and what a month without one has: estimated."""

# As infra/services.tf has them; a test compares
TASKS = {"producer": (256, 512), "s3-sink": (512, 1024), "sf-loader": (256, 1024), "dashboard": (512, 1024), "auditor": (256, 1024)}
SPOT_TASKS = ("s3-sink", "auditor")
DEPLOYMENTS = ("ec2", "ec2-spot", "ecs", "ecs-spot")


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


def report(used: Use, bills: dict[str, dict[str, float]], days: list[Day], arguments: argparse.Namespace) -> str:
    """The tables, as text."""
    cadence = f"flushed each {arguments.flush:g} s, loaded each {arguments.load_interval:g} s"
    lines = [
        f"{arguments.symbols} symbols each {arguments.interval:g} s, {cadence}; {DAYS} sessions a month",
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
    return "\n".join([*lines, "", *cadence_lines(days)])


def cadence_lines(days: list[Day]) -> list[str]:
    """A line a cadence: what a trading day uses, and the warehouse's price of it."""
    names = ("flush s", "load s", "calls", "objects", "LISTs", "loads", "warehouse s", "credits/month", "dollars/month")
    lines = ["A trading day by cadence", "  " + "".join(f"{name:>{max(14, len(name) + 2)}}" for name in names)]
    for one in days:
        *counts, month = one
        lines.append("  " + "".join(f"{value:>14,.0f}" for value in counts) + f"{month:>15.1f}{month * CREDIT:>15,.0f}")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(
        description="What the pipeline costs a month, by stage.",
        epilog="Example: python3 infra/cost.py --symbols 50 --interval 5 --load-interval 900 --deployment ec2 --json",
    )
    parser.add_argument("--symbols", type=int, default=50, help="symbols that are watched (50)")
    parser.add_argument("--interval", type=float, default=5, help="seconds between two quotes of a symbol (5)")
    parser.add_argument("--flush", type=float, default=60, help="greatest age of a quote that is not on S3 yet, in seconds (60)")
    parser.add_argument("--load-interval", type=float, default=900, help="seconds between two loads into Snowflake (900)")
    parser.add_argument("--deployment", choices=[*DEPLOYMENTS, "all"], default="all", help="what runs it (all of them)")
    parser.add_argument("--json", action="store_true", help="as JSON")
    arguments = parser.parse_args()
    if min(arguments.symbols, arguments.interval, arguments.flush, arguments.load_interval) <= 0:
        parser.error("--symbols, --interval, --flush and --load-interval must be above 0")
    used = use(arguments.symbols, arguments.interval, arguments.load_interval, arguments.flush)
    cadences = dict.fromkeys([(arguments.flush, arguments.load_interval), *CADENCES])
    days = [day(arguments.symbols, arguments.interval, load, flush) for flush, load in cadences]
    wanted = DEPLOYMENTS if arguments.deployment == "all" else (arguments.deployment,)
    bills = {deployment: bill(deployment, used) for deployment in wanted}
    if arguments.json:
        together = {name: {"parts": parts, "total": sum(parts.values())} for name, parts in bills.items()}
        document = {"use": used._asdict(), "by_cadence": [one._asdict() for one in days], "alpha_vantage": PLANS[used.plan][1]}
        print(json.dumps(document | {"deployments": together}, indent=2))
    else:
        print(report(used, bills, days, arguments))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
