from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from stock_stack import ports


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as taken:
        taken.bind((ports.HOST, 0))
        taken.listen(1)
        yield taken


def test_two_stacks_never_share_a_port() -> None:
    one, two = ports.free(), ports.free()
    parts = [f"part-{number}" for number in range(20)]
    assert len({chosen[part] for chosen in (one, two) for part in parts}) == 40
    assert [one[part] for part in parts] == [one[part] for part in parts]
    one.release()
    two.release()


def test_a_released_block_is_given_again() -> None:
    one = ports.free()
    first = one["kafka"]
    one.release()
    two = ports.free()
    assert two["kafka"] == first
    two.release()


def test_a_taken_port_is_named_with_its_variable(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    with pytest.raises(ports.PortUnusable, match=rf"{port} \(kafka, STOCK_KAFKA_PORT\)"):
        ports.default({"STOCK_KAFKA_PORT": str(port)})


@pytest.mark.parametrize("value", ["x", "0", "65536", "-1", "1.5", "²"])
def test_a_value_that_is_no_port_is_refused(value: str) -> None:
    with pytest.raises(ports.PortUnusable, match="STOCK_S3_PORT is no port"):
        ports.default({"STOCK_S3_PORT": value})


def test_a_given_port_is_not_given_to_another_part() -> None:
    one = ports.free()
    inside = one["kafka"]
    one.release()
    two = ports.default(
        {ports.variable(part): str(inside + place) for place, part in enumerate(ports.PUBLIC)}
    )
    assert two["s3-grpc"] >= inside + len(ports.PUBLIC)
    two.release()
