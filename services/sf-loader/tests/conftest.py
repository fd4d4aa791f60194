from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest
from duckdb_tables import Tables, fakesnow, snowflake
from world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def built() -> Iterator[Tables]:
    with warnings.catch_warnings(), fakesnow.patch():
        warnings.simplefilter("ignore")
        connection = snowflake.connector.connect(database="STOCKS", schema="PUBLIC")
        yield Tables(connection.cursor())
        connection.close()


@pytest.fixture
def tables(built: Tables) -> Tables:
    built.clear()
    return built
