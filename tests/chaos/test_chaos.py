"""Twenty-eight faults of one seed, deaths and content: nothing is missing and nothing is doubled.

The same run fails its verdict as soon as a row or an object is gone.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import snowflake.connector

from chaos import report
from chaos.campaign import Campaign
from chaos.plan import plan
from chaos.rig import Rig
from chaos.verdict import session, tidy_up, verdict
from stock_stack.bucket import s3_client

SEED, FAULTS, PACE = 1, 28, 3.0


@pytest.mark.timeout(600)
def test_faults_lose_and_double_nothing_and_a_loss_would_be_seen(tmp_path: Path) -> None:
    faults = plan(FAULTS, SEED, PACE)
    with Rig(tmp_path) as rig:
        rig.start()
        campaign = Campaign(rig, print)
        try:
            campaign.run(faults)
            campaign.drain()
            outcome = campaign.content.outcome
            unnamed = tidy_up(rig.stack, campaign.content.strays, outcome)
            found = verdict(rig.stack, outcome, unnamed)
            wrong = campaign.history(tmp_path / "history.jsonl", found.audit)
        finally:
            campaign.close()
        figures = report.summary(campaign.result(SEED, faults, 0.0)._replace(wrong=wrong), found)
        print(report.text(figures, found))
        assert figures["passed"], figures
        assert found.delivered > 1000

        with session(rig.stack.environment("sf-loader")) as connection:
            _delete_a_row(connection)
        lost = verdict(rig.stack, outcome)
        assert (len(lost.missing), lost.audit_code, lost.good) == (1, 1, False)
        assert lost.total("missing") >= 1

        key = _delete_an_object(rig.stack.environment("s3-sink"))
        gone = verdict(rig.stack, outcome)
        assert not gone.good
        assert any("deleted object" in finding and key in finding for finding in report.findings(gone))


def _delete_a_row(connection: snowflake.connector.SnowflakeConnection) -> None:
    cursor = connection.cursor()
    found = cursor.execute("SELECT MIN(EVENT_ID) AS ID FROM RAW.STOCK_QUOTES")
    (event_id,) = found.fetchone()  # type: ignore[union-attr, misc]
    cursor.execute("DELETE FROM RAW.STOCK_QUOTES WHERE EVENT_ID = %s", (event_id,))


def _delete_an_object(environment: dict[str, str]) -> str:
    """Returns its key."""
    client = s3_client(environment)
    bucket = environment["S3_BUCKET"]
    key = client.list_objects_v2(Bucket=bucket, Prefix="raw/stock-data/", MaxKeys=1)["Contents"][0]["Key"]
    client.delete_object(Bucket=bucket, Key=key)
    return key
