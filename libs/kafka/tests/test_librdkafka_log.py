from __future__ import annotations

import logging

from stock_kafka.librdkafka_log import QUIET_SECONDS, Seldom, logger


def line(text: str) -> logging.LogRecord:
    return logging.LogRecord("stock.librdkafka", logging.ERROR, "", 0, text, (), None)


def test_a_line_of_each_kind_and_client_passes_once_a_minute() -> None:
    now = [0.0]
    passes = Seldom(lambda: now[0]).filter
    assert passes(line("FAIL [producer#producer-1] [thrd:x]: refused (after 0ms)"))
    assert not passes(line("FAIL [producer#producer-1] [thrd:x]: refused (after 9ms)"))
    assert passes(line("FAIL [producer#producer-2] [thrd:x]: refused"))
    assert passes(line("GETPID [producer#producer-1] [thrd:x]: retrying"))
    now[0] = QUIET_SECONDS
    assert passes(line("FAIL [producer#producer-1] [thrd:x]: refused"))


def test_the_logger_is_filtered_once() -> None:
    assert len([each for each in logger().filters if isinstance(each, Seldom)]) == 1
    assert logger() is logger()
    assert len(logger().filters) == 1
