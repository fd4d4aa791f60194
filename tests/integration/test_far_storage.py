"""An S3 that is far away: 80 ms a request. A backlog of one busy partition becomes few, large objects.

The other partitions are idle, so nothing shares the way to S3.
"""

from __future__ import annotations

from contextlib import closing

import pytest

from benchmarks.backlog import backlog
from benchmarks.sinks import ROWS, Drain, drain
from stock_testing.proxy import Distance, Running

RECORDS = 200_000
REQUEST_SECONDS = 0.08
BUFFER_BYTES, FLUSH_BYTES = 16 * 1024**2, 8 * 1024**2
RECORD_BYTES = 380
LIMIT_SECONDS = 360.0


@pytest.mark.timeout(300)
def test_one_busy_partition_far_from_s3_makes_few_large_objects() -> None:
    with (
        backlog(RECORDS, symbols=1) as held,
        closing(Running(Distance(held.stack.layout.ports["s3"], REQUEST_SECONDS, REQUEST_SECONDS))) as far,
    ):
        variables = {
            "S3_ENDPOINT_URL": far.url,
            "FLUSH_SECONDS": "5",
            "BUFFER_BYTES": str(BUFFER_BYTES),
            "FLUSH_BYTES": str(FLUSH_BYTES),
        }
        done = drain(held, Drain(RECORDS, environment=variables, limit=LIMIT_SECONDS, counter=ROWS))
        requests = far.proxy.requests
    # An eighth of the buffers is the least for an object that is cut for memory. One more is the rest.
    most = RECORDS * RECORD_BYTES * 1.2 / (BUFFER_BYTES / 8) + 1
    print(f"{done.objects} objects, {requests} requests, {done.rate:,.0f} records a second")
    assert 1 <= done.objects <= most
