"""A single quote on a quiet topic does not wait for a second one.

The clock puts it on S3, and the next load brings it into Snowflake.
"""

from __future__ import annotations

from datetime import datetime

from stock_testing.pipeline import LASTING, Pipeline
from stock_testing.poll import poll_until
from stock_testing.quotes import send_quotes

TRIES = 3
FLUSH, LOAD = float(LASTING["FLUSH_SECONDS"]), float(LASTING["LOAD_INTERVAL_SECONDS"])
PUT_SECONDS, LOAD_SECONDS = 2.0, 5.0
"""For the upload, and for the load itself."""
BUSY_SECONDS = 10.0
"""That a busy machine may take more in some of the tries."""
TIMES = """
SELECT q.KAFKA_TIME, f.OBJECT_TIME, q.LOADED_AT
FROM STOCKS.RAW.STOCK_QUOTES q JOIN STOCKS.RAW.LOADED_FILES f ON q.SOURCE_FILE = f.OBJECT_KEY
WHERE q.EVENT_ID = '{}'
"""


def times(pipeline: Pipeline) -> tuple[float, float]:
    """Of one quote, in seconds: from the broker's time to the object's, and from there to the load.

    S3 gives an object's time in whole seconds.
    """
    (quote,) = send_quotes(pipeline, 1)
    rows: list[tuple[datetime, ...]] = poll_until(
        lambda: pipeline.query(TIMES.format(quote.event_id)), "the quote is in Snowflake", 60
    )
    kafka, put, loaded = rows[0]
    return (put - kafka).total_seconds(), (loaded - put).total_seconds()


def test_a_single_quote_on_an_idle_topic_is_put_by_the_clock_and_loaded_next(pipeline: Pipeline) -> None:
    with pipeline.still():
        puts, loads = zip(*(times(pipeline) for _ in range(TRIES)), strict=True)
        pipeline.check_complete()
    assert min(puts) <= FLUSH + PUT_SECONDS - 1, puts
    assert max(puts) <= FLUSH + PUT_SECONDS + BUSY_SECONDS, puts
    assert min(loads) <= LOAD + LOAD_SECONDS, loads
    assert max(loads) <= LOAD + LOAD_SECONDS + BUSY_SECONDS, loads
