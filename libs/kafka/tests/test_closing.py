from __future__ import annotations

import threading
import time
from typing import cast

from confluent_kafka import Consumer

from stock_kafka.closing import let_go


def test_a_client_that_hangs_while_it_closes_is_left_to_its_thread() -> None:
    hanging, closed = threading.Event(), threading.Event()

    class Client:
        def __init__(self, wait: float) -> None:
            self._wait = wait

        def close(self) -> None:
            hanging.wait(self._wait)
            closed.set()

    begun = time.monotonic()
    let_go(cast(Consumer, Client(60)), 0.1)
    assert time.monotonic() - begun < 30
    assert not closed.is_set()
    let_go(cast(Consumer, Client(0)), 30)
    assert closed.is_set()
    hanging.set()
