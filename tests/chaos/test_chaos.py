"""Twenty faults of one seed: nothing missing, nothing doubled; and the same run is judged to have failed once a row or an object is gone."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest
import snowflake.connector
from botocore.config import Config

from chaos import report
from chaos.campaign import Campaign
from chaos.plan import plan
from chaos.rig import Rig
from chaos.verdict import connect, verdict

SEED, FAULTS, PACE = 1, 20, 3.0


@pytest.mark.timeout(600)
def test_twenty_faults_lose_and_double_nothing_and_a_loss_would_be_seen(tmp_path: Path) -> None:
    faults = plan(FAULTS, SEED, PACE)
    with Rig(tmp_path) as rig:
        rig.start()
        campaign = Campaign(rig, print)
        try:
            campaign.run(faults)
            campaign.drain()
        finally:
            campaign.close()
        found = verdict(rig.stack)
        figures = report.summary(SEED, faults, campaign.done, found, campaign.supervisor.own, 0.0)
        print(report.text(figures, found))
        assert figures["passed"], figures
        assert found.delivered > 1000

        with connect(rig.stack.environment("sf-loader")) as connection:
            _delete_a_row(connection)
        lost = verdict(rig.stack)
        assert (len(lost.missing), lost.audit_code, lost.good) == (1, 1, False)
        assert lost.total("missing") >= 1

        key = _delete_an_object(rig.stack.environment("s3-sink"))
        gone = verdict(rig.stack)
        assert not gone.good
        assert any("deleted object" in finding and key in finding for finding in report.findings(gone))


def _delete_a_row(connection: snowflake.connector.SnowflakeConnection) -> None:
    cursor = connection.cursor()
    (event_id,) = cursor.execute("SELECT MIN(EVENT_ID) AS ID FROM RAW.STOCK_QUOTES").fetchone()  # type: ignore[union-attr]
    cursor.execute("DELETE FROM RAW.STOCK_QUOTES WHERE EVENT_ID = %s", (event_id,))


def _delete_an_object(environment: dict[str, str]) -> str:
    """Returns its key."""
    client = boto3.client(
        "s3",
        endpoint_url=environment["S3_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        config=Config(s3={"addressing_style": "path"}),
    )
    bucket = environment["S3_BUCKET"]
    key = client.list_objects_v2(Bucket=bucket, Prefix="raw/stock-data/", MaxKeys=1)["Contents"][0]["Key"]
    client.delete_object(Bucket=bucket, Key=key)
    return key
