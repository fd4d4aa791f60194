"""Orders for the sinks' Kafka client, as files. client/sitecustomize.py carries them out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CODE = Path(__file__).parent / "client"


class ClientOrders:
    """`directory` is this run's own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process's client obey."""
        return {"PYTHONPATH": str(CODE), "CHAOS_CLIENT_ORDERS": str(self._directory)}

    def drop(self, share: float) -> None:
        """From now on this share of all records is not delivered."""
        self._write("drop", {"share": share})

    def freeze(self, number: int, topic: str, partition: int) -> None:
        """The partition's present owner gets nothing of it any more, until it assigns the partition again."""
        self._write("freeze", {"number": number, "topic": topic, "partition": partition})

    def hold(self, topic: str, partition: int) -> None:
        """No client gets anything of the partition."""
        self._write("hold", {"topic": topic, "partition": partition})

    def end(self, name: str) -> None:
        """Takes back the order `drop`, `freeze` or `hold`."""
        (self._directory / name).unlink(missing_ok=True)

    def frozen(self, number: int) -> bool:
        """Whether the freeze of this number has been carried out."""
        return (self._directory / f"frozen-{number}").exists()

    def dropped(self) -> int:
        """Records that were not delivered, so far."""
        try:
            return len((self._directory / "dropped").read_text().splitlines())
        except FileNotFoundError:
            return 0

    def _write(self, name: str, order: dict[str, Any]) -> None:
        whole = self._directory / f"{name}.new"
        whole.write_text(json.dumps(order))
        whole.replace(self._directory / name)
