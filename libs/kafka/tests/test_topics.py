from __future__ import annotations

from typing import Any

import pytest

from stock_common.topics import ALL
from stock_kafka import topics
from stock_kafka.testing.admin import MemoryAdmin
from stock_kafka.testing.broker import Broker


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()
    monkeypatch.setattr(topics, "AdminClient", lambda config: MemoryAdmin(broker, config))
    monkeypatch.setattr(topics, "BROKER_STARTS", topics.Policy(first=0.0, longest=0.0, attempts=3))
    monkeypatch.setattr(topics.connection, "require", lambda settings, service: None)
    monkeypatch.setattr("sys.argv", ["topics"])
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "memory:9092")
    return broker


def test_the_job_makes_what_is_missing_and_may_run_again(
    broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    assert topics.main() == 0
    assert topics.main() == 0
    names = ", ".join(topic.name for topic in ALL)
    assert capsys.readouterr().out == f"Topics made: {names}.\nTopics made: none, all were there.\n"
    assert list(broker.topics) == [topic.name for topic in ALL]


def test_a_broker_that_starts_late_is_waited_for(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    broker.up, calls = False, []
    real = topics.make

    def make(*arguments: Any) -> Any:
        calls.append(arguments)
        broker.up = len(calls) == 3
        return real(*arguments)

    monkeypatch.setattr(topics, "make", make)
    assert topics.main() == 0
    assert len(calls) == 3


def test_a_broker_that_is_away_is_one_sentence_and_1(
    broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    broker.up = False
    assert topics.main() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Kafka at memory:9092: cannot describe topic stock-data")


def test_a_topic_that_cannot_serve_is_one_sentence_and_1(
    broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    broker.create("stock-data", 1)
    assert topics.main() == 1
    assert "has 1 partitions, not 6" in capsys.readouterr().err


def test_a_topic_with_more_partitions_is_a_sentence_and_0(
    broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    broker.create("stock-data", 8)
    assert topics.main() == 0
    *_, note = capsys.readouterr().out.splitlines()
    assert note == "Topic stock-data has 8 partitions, not 6: all are used, and symbols may have moved."


GRANT = '{"sf-loader": [{"topic": "stock-status", "allow": ["Write"]}]}'


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        pytest.param(["--grant", GRANT], 1, "--grant needs a user of the job's own", id="nobody signs in"),
        pytest.param(["--grant", '["x"]'], 2, "no JSON of users and rights", id="a list"),
        pytest.param(["--grant", '{"x": [{"topic": "y"}]}'], 2, "('allow')", id="no operation"),
    ],
)
def test_rights_that_cannot_be_granted_are_one_sentence(
    words: list[str],
    code: int,
    sentence: str,
    broker: Broker,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["topics", *words])
    try:
        assert topics.main() == code
    except SystemExit as error:
        assert error.code == code
    assert sentence in capsys.readouterr().err.splitlines()[-1]
