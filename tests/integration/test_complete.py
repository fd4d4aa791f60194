"""All three stages hold the same offsets, counted by hand and by the auditor."""

from __future__ import annotations

from stock_testing.pipeline import Pipeline
from stock_testing.stages import check_stages_hold_the_same


def test_kafka_s3_and_snowflake_hold_the_same_quotes(pipeline: Pipeline) -> None:
    check_stages_hold_the_same(pipeline)
