from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

import local_snowflake
import pytest
from local_snowflake import Account


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """The account that the administrator's SQL makes, run twice, with the migrations and one object on S3."""
    with local_snowflake.running(tmp_path_factory.mktemp("account")) as account:
        local_snowflake.put(account.s3, (files("stock_sf_loader") / "selftest/good.parquet").read_bytes())
        for _ in range(2):
            account.administer(*local_snowflake.setup_statements())
        account.migrate()
        yield account
