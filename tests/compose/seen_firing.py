"""Each alert fires when what it watches is broken, and resolves when that is repaired.

    make alerts-test

One cause is one page. The real Prometheus and Alertmanager watch the real services with the times of
faster.py. It takes a quarter of an hour, so `make compose-test` leaves it out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import faster
import pytest
from breaks import MEBIBYTE, given, held, limit_memory, stopped, visit
from outside import Outside, Stored
from watch import UNSEEN, Watch

from stock_testing.compose import ROOT, Project
from stock_testing.poll import poll_until

SYMBOLS = (ROOT / "local" / "stack" / "symbols.txt").read_text().split()[:100]
CALLS_PER_DAY = 1_000_000
BAD_BARS = (
    "SELECT SYMBOL, FETCHED_AT AS STARTS_AT, TRADING_DAY, "
    "'x' AS OPEN, 'x' AS HIGH, 'x' AS LOW, 'x' AS CLOSE, VOLUME FROM RAW.STOCK_QUOTES"
)
VARIABLES = {
    "SYMBOLS": ",".join(SYMBOLS),
    # Calls every two seconds, a plan with a daily quota, an outbox that a minute without Kafka fills.
    "POLL_INTERVAL_SECONDS": "2",
    "ALPHA_VANTAGE_PLAN": "custom",
    "ALPHA_VANTAGE_CALLS_PER_MINUTE": "1200",
    "ALPHA_VANTAGE_CALLS_PER_DAY": str(CALLS_PER_DAY),
    "ALPHA_VANTAGE_ENTITLEMENT": "realtime",
    "ALPHA_VANTAGE_BULK": "true",
    "OUTBOX_BYTES": "2500000",
    # A minute, as the rules' times are.
    "FLUSH_SECONDS": "2",
}


@pytest.fixture(scope="module")
def project(images: None, name: str, ports: dict[str, int]) -> Iterator[Project]:
    place = ROOT / ".build" / "faster"
    faster.render(ROOT / "monitoring", place)
    variables = {f"STOCK_{part.upper()}_PORT": str(port) for part, port in ports.items()}
    project = Project(
        name,
        VARIABLES | variables | {"STOCK_FASTER": str(place)},
        ["monitoring"],
        [ROOT / "tests" / "compose" / "faster.yaml"],
    )
    try:
        project.do(
            "up", "--detach", "--wait", "--wait-timeout", "900", *project.without("grafana"), seconds=500
        )
        yield project
    finally:
        project.end("alerts.log")


@pytest.fixture(scope="module")
def watch(ports: dict[str, int]) -> Watch:
    return Watch(ports["prometheus"], ports["alertmanager"])


@pytest.fixture(autouse=True)
def quiet(project: Project, watch: Watch, outside: Outside) -> Iterator[None]:
    """Each test begins with a complete pipeline and no alert. The vendor's faults end with the test."""
    poll_until(lambda: project.audit()[0] == 0, "a complete pipeline", 120, every=4)
    poll_until(
        lambda: not watch.firing() and not watch.alerts()[0], "a pipeline that raises nothing", 120, every=1
    )
    yield
    outside.fault()


@pytest.fixture(scope="module")
def outside(ports: dict[str, int]) -> Outside:
    return Outside(ports)


def test_snowflake_away_the_vendor_fails_bad_records_and_memory(
    project: Project, watch: Watch, outside: Outside
) -> None:
    """Independent faults at once, because the loader's alerts take a minute and a half."""
    with stopped(project, "snowflake"):
        limit_memory(
            project, "dashboard", watch.value('process_resident_memory_bytes{job="dashboard"}') * 1.04
        )
        outside.produce(b"not a quote")
        outside.fault(fault="http_500", seconds=600)
        watch.fires("DeadLetters", "QuotesStale", "MemoryHigh", within=90)
        outside.fault()
        limit_memory(project, "dashboard", 640 * MEBIBYTE)
        watch.ends("DeadLetters", "QuotesStale", "MemoryHigh", within=120)
        watch.fires("LoaderFailing", "LoaderStalled", within=180)
        watch.one_cause("LoaderStalled", "LoaderFailing")
    watch.ends("LoaderFailing", "LoaderStalled", within=90)


def test_kafka_away(project: Project, watch: Watch) -> None:
    with stopped(project, "kafka"):
        watch.fires("KafkaUnreachable", "DeliveryStalled", "DashboardBlind", "AuditStale", within=120)
        watch.one_cause(
            "KafkaUnreachable", "DeliveryStalled", "DashboardBlind", "AuditStale", besides="OutboxFillsUp"
        )
        watch.fires("OutboxFillsUp", within=120)
    watch.ends(
        "KafkaUnreachable", "DeliveryStalled", "DashboardBlind", "AuditStale", "OutboxFillsUp", within=90
    )


def test_s3_away(project: Project, watch: Watch) -> None:
    with stopped(project, "s3"):
        watch.fires("SinkStalled", "SinkPartitionStalled", "AuditStale", within=90)
        watch.one_cause("SinkStalled", "SinkPartitionStalled", "AuditStale")
    watch.ends("SinkStalled", "SinkPartitionStalled", "AuditStale")


def test_a_plan_that_is_nearly_used_up(project: Project, watch: Watch) -> None:
    def used() -> float:
        return CALLS_PER_DAY - watch.value('stock_producer_quota_left_calls{window="day"}')

    poll_until(lambda: used() >= 80, "80 calls of the day's", 240, every=2)
    with given(project, {"ALPHA_VANTAGE_CALLS_PER_DAY": str(int(used() * 1.05) + 1)}, "producer"):
        watch.fires("QuotaRunningOut", within=90)
        watch.one_cause("QuotaRunningOut")
    watch.ends("QuotaRunningOut", within=90)


def test_the_day_s_quota_used_up_by_another_program(project: Project, watch: Watch, outside: Outside) -> None:
    outside.fault(fault="daily_quota")
    watch.fires("QuotaExhausted")
    watch.one_cause("QuotaExhausted")
    with stopped(project, "producer"):
        # A new day: the producer forgets what the vendor answered on the old one.
        remove = ("--entrypoint", "sh", "producer", "-c", "rm /var/lib/stock-producer/budget-*")
        project.do("run", "--rm", "--no-deps", "--no-TTY", *remove, seconds=60)
    watch.ends("QuotaExhausted")


def test_a_vendor_that_refuses_every_other_call(watch: Watch, outside: Outside) -> None:
    for second in range(0, 90, 4):
        outside.fault(fault="http_500", after=second)
    watch.fires("VendorRefuses", within=80)
    watch.one_cause("VendorRefuses")
    outside.fault()
    watch.ends("VendorRefuses")


def test_a_loop_that_stands_still(project: Project, watch: Watch) -> None:
    with held(project, "producer"):
        watch.fires("ServiceStalled", "QuotesStale", within=120)
        watch.one_cause("ServiceStalled", "QuotesStale")
    watch.ends("ServiceStalled", "QuotesStale")


def test_a_page_that_fails_because_its_view_was_replaced(
    project: Project, watch: Watch, outside: Outside
) -> None:
    outside.query("CREATE OR REPLACE VIEW ANALYTICS.BARS_1MIN AS " + BAD_BARS)
    visit(project, "?page=Symbol&symbol=IBM", 15)
    watch.fires("DashboardErrors")
    watch.one_cause("DashboardErrors")
    # The migrations make every view as it should be.
    project.do("up", "--detach", "--no-deps", "migrations", seconds=60)
    watch.ends("DashboardErrors", within=90)


def test_an_object_corrupted_before_it_is_loaded(project: Project, watch: Watch, outside: Outside) -> None:
    with stopped(project, "sf-loader"):
        known = {key for (key,) in outside.query("SELECT OBJECT_KEY FROM RAW.LOADED_FILES")}
        new = poll_until(
            lambda: [key for key in outside.objects() if key not in known], "an object that is not loaded", 30
        )
        stored = outside.get(new[0])
        outside.put(Stored(stored.key, b"PAR1 and no more", stored.metadata))
        watch.fires("TargetDown")
    watch.fires("LoaderQuarantine")
    outside.put(stored)
    project.do("exec", "-T", "sf-loader", "python", "-m", "stock_sf_loader", "retry", seconds=90)
    watch.ends("LoaderQuarantine", "TargetDown")


def test_an_object_deleted_and_rows_doubled(project: Project, watch: Watch, outside: Outside) -> None:
    ledger = outside.query(
        "SELECT OBJECT_KEY FROM RAW.LOADED_FILES "
        "WHERE TOPIC = 'stock-data' AND ROW_COUNT > 0 ORDER BY OBJECT_KEY"
    )
    keys = [key for (key,) in ledger]
    stored = outside.get(keys[0])
    outside.delete(stored.key)
    outside.query(
        f"INSERT INTO RAW.STOCK_QUOTES SELECT * FROM RAW.STOCK_QUOTES WHERE SOURCE_FILE = '{keys[1]}'"
    )
    # It compares everything when it starts, and once a day.
    project.do("restart", "auditor", seconds=60)
    watch.fires("CompletenessBroken", "RecordsDoubled")
    outside.put(stored)
    for day in sorted({found[1] for key in keys if (found := re.search(r"/dt=([\d-]+)/", key))}):
        project.do(
            "exec", "-T", "sf-loader", "python", "-m", "stock_sf_loader", "reload", "--day", day, seconds=90
        )
    watch.ends("CompletenessBroken", "RecordsDoubled", within=90)


def test_the_sink_away_until_its_records_are_gone(project: Project, watch: Watch, outside: Outside) -> None:
    with stopped(project, "s3-sink"):
        watch.fires("TargetDown")
        watch.one_cause("TargetDown")
        assert outside.forget()
    watch.fires("RecordsLost")
    watch.one_cause("RecordsLost", "CompletenessBroken")
    ids = re.findall(
        r"\(accept (\w+)\)",
        project.run("exec", "-T", "auditor", "python", "-m", "stock_auditor", "audit", seconds=90).stdout,
    )
    project.do(
        "exec",
        "-T",
        "auditor",
        "python",
        "-m",
        "stock_auditor",
        "accept",
        *ids,
        "--reason",
        "left down on purpose",
        seconds=90,
    )
    # The alert of a loss stays for two minutes.
    watch.ends("TargetDown", "RecordsLost", "CompletenessBroken", within=180)


def test_every_alert_was_seen_and_nothing_is_left(project: Project, watch: Watch) -> None:
    named = set(
        re.findall(
            r"- alert: (\w+)",
            "".join(path.read_text() for path in (ROOT / "monitoring" / "rules").glob("*.yml")),
        )
    )
    assert named - UNSEEN <= watch.fired <= named
    assert watch.ended == watch.fired
    assert watch.firing() == set()
    code, verdict = project.audit("--full")
    assert code == 0, json.dumps(verdict)[:3000]
