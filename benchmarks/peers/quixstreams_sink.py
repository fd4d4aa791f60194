"""quixstreams' S3FileSink with Parquet, set up as in its documentation.

Arguments: brokers, topic, partitions, records, bucket.
"""

from __future__ import annotations

import os
import sys

from measure import Run
from quixstreams import Application
from quixstreams.sinks.community.file.formats import ParquetFormat
from quixstreams.sinks.community.file.s3 import S3FileSink


class Sink(S3FileSink):
    """Notes when the first record comes. Everything else is the library's."""

    run = Run()

    def add(self, *args: object, **kwargs: object) -> None:
        self.run.begin()
        self.add = super().add  # the first record only: no cost for the rest
        super().add(*args, **kwargs)  # type: ignore[arg-type]


def main() -> None:
    brokers, topic, _, records, bucket = (
        sys.argv[1],
        sys.argv[2],
        int(sys.argv[3]),
        int(sys.argv[4]),
        sys.argv[5],
    )
    app = Application(
        broker_address=brokers,
        consumer_group=f"quix-{bucket}",
        auto_offset_reset="earliest",
        loglevel="WARNING",
    )
    sink = Sink(
        bucket, endpoint_url=os.environ["S3_ENDPOINT_URL"], region_name="us-east-1", format=ParquetFormat()
    )
    app.dataframe(app.topic(topic, value_deserializer="json")).sink(sink)
    app.run(count=records, collect=False)
    sink.run.done(records)


if __name__ == "__main__":
    main()
