from __future__ import annotations

import pytest
from fakes import Broker

from stock_objects.testing import MemoryStore


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()
