"""Whether a topic still has the id under which it was read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from samples import TOPIC_ID

from stock_common.keys import ObjectKey
from stock_common.run import FatalError
from stock_kafka.cluster import Unreachable
from stock_s3_sink.resume import require_topic

KEY = ObjectKey("stock-data", TOPIC_ID, 1, datetime(2026, 11, 20, 15, tzinfo=UTC), 7)


def test_a_topic_with_the_same_id_is_the_same() -> None:
    require_topic(lambda names: {"stock-data": TOPIC_ID}, KEY)


def test_a_topic_with_another_id_was_made_again() -> None:
    with pytest.raises(FatalError, match="made again"):
        require_topic(lambda names: {"stock-data": "b" * 32}, KEY)


def test_a_topic_that_a_broker_does_not_list_yet_is_asked_for_again() -> None:
    with pytest.raises(Unreachable, match="stock-data"):
        require_topic(lambda names: {}, KEY)
