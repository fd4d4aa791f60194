"""Files of strangers in the bucket, in a chain's last folder and beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from chaos import hostile
from chaos.plan import Fault
from chaos.waits import during, until
from stock_common import retry
from stock_common.keys import topic_prefix
from stock_common.topics import QUOTES
from stock_stack.bucket import s3_client

KEPT = 5
"""So many of each fault stay until the audit has named them."""
SECONDS = 180.0
PAUSE_SECONDS = 1.0
THREADS = 8
T = TypeVar("T")


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False


class Strays:
    """`environment` leads to S3 without a proxy. `put`: how many there were. `kept`: those that are left."""

    def __init__(self, environment: Mapping[str, str], clock: Callable[[], float]) -> None:
        retries = {"max_attempts": 10, "mode": "standard"}
        self._client = s3_client(environment, retries=retries, max_pool_connections=THREADS)
        self._bucket, self._clock = environment["S3_BUCKET"], clock
        self._pool = ThreadPoolExecutor(THREADS, "strays")
        self.put = 0
        self.kept: list[str] = []

    def carry_out(self, fault: Fault) -> Iterator[None]:
        folder = self._pool.submit(self._insist, self._last_folder)
        yield from until(folder.done)
        names = list(hostile.object_names(folder.result()))
        self.kept += names[-KEPT:]
        yield from self._all(self._put, names)
        self.put += len(names)
        yield from during(fault.seconds, self._clock)
        yield from self._all(self._delete, names[:-KEPT])

    def remove(self) -> None:
        """Takes the rest away, as an operator does."""
        for name in self.kept:
            self._delete(name)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _all(self, step: Callable[[str], None], names: list[str]) -> Iterator[None]:
        futures: list[Future[None]] = [self._pool.submit(step, name) for name in names]
        yield from until(lambda: all(future.done() for future in futures))
        for future in futures:
            future.result()

    def _put(self, name: str) -> None:
        self._insist(lambda: self._client.put_object(Bucket=self._bucket, Key=name, Body=b"PAR1 stranger"))

    def _delete(self, name: str) -> None:
        self._insist(lambda: self._client.delete_object(Bucket=self._bucket, Key=name))

    def _insist(self, call: Callable[[], T]) -> T:
        """S3 may be down or stand still for as long as its own faults last."""
        policy = retry.Policy(first=PAUSE_SECONDS, longest=PAUSE_SECONDS, seconds=SECONDS)
        return retry.call(call, policy, retryable=(BotoCoreError, ClientError), wait=_sleep)

    def _last_folder(self) -> str:
        """The folder of the newest object of the quotes."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=topic_prefix(QUOTES.name)
        )
        entries = [
            entry for page in pages for entry in page.get("Contents", ()) if "partition=" in entry["Key"]
        ]
        return max(entries, key=lambda entry: entry["LastModified"])["Key"].rpartition("/")[0] + "/"
