"""Command stock-snowflake."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import warnings

import duckdb

from stock_snowflake.config import ConfigurationError, Settings
from stock_snowflake.server import launcher

_HELP = """\
A local server that the unmodified Snowflake connector (Python, 4.x) can log in to: SQL on DuckDB
through fakesnow, COPY INTO from an S3 server, Snowflake's transaction rules. It accepts any user with the
password, users with keys by their key, and encrypts nothing. Do not open it to the network.

settings, all from the environment:
  DATA_DIR                   directory of the databases, made if missing (required)
  SNOWFLAKE_PASSWORD         what clients sign in with (required)
  SNOWFLAKE_TOKEN            programmatic access token that clients may sign in with (none)
  SNOWFLAKE_ACCOUNTS         what clients may call the account, by commas: MYORG-ACCOUNT, or a locator with
                             its region, XY12345.us-east-1 (any)
  SNOWFLAKE_HOST             how other machines call this one in an address (none: only loopback)
  SNOWFLAKE_LISTEN_HOST      address to listen on (127.0.0.1)
  SNOWFLAKE_LISTEN_PORT      port to listen on, 0 for any free one (8090)
  S3_ENDPOINT_URL            S3 server that stages are read from, empty for AWS
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION
                             credentials for it (boto3's own chain) and region (us-east-1)
  COPY_ERRORS                how COPY fails: named (with its file), bare, or unknown (its number too) (named)
  SNOWFLAKE_EDITION          standard (at most 1 day of Time Travel) or enterprise (standard)
  IDLE_TRANSACTION_SECONDS   roll back a transaction whose session was idle for so long (300)
"""
_EXAMPLES = """\
examples:
  DATA_DIR=data/snowflake SNOWFLAKE_PASSWORD=secret stock-snowflake
  DATA_DIR=data/snowflake SNOWFLAKE_PASSWORD=secret S3_ENDPOINT_URL=http://127.0.0.1:8333 \\
    AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local stock-snowflake
  curl http://127.0.0.1:8090/healthz

  snowflake.connector.connect(user="LOADER", password="secret", account="local",
                              host="127.0.0.1", port=8090, protocol="http", database="STOCKS")
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="stock-snowflake",
        description=_HELP,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args()
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    for name, level in (
        ("sqlglot", logging.CRITICAL),
        ("snowflake", logging.WARNING),
        ("botocore", logging.WARNING),
    ):
        logging.getLogger(name).setLevel(level)
    # fakesnow reads results in a way that DuckDB 2.0 warns about, once a statement.
    warnings.filterwarnings("ignore", message="Arrow output on a DB-API result")
    try:
        settings = Settings.from_environ(os.environ)
    except ConfigurationError as error:
        print(f"stock-snowflake cannot start:\n{error}", file=sys.stderr)
        return 2
    try:
        listener = launcher.listen(settings)
    except OSError as error:
        print(
            f"stock-snowflake cannot listen on {settings.host}:{settings.port}: {error.strerror or error}.",
            file=sys.stderr,
        )
        return 1
    try:
        launcher.serve(settings, listener, lambda line: print(line, flush=True))
    except (duckdb.Error, OSError) as error:
        print(
            f"stock-snowflake cannot open {settings.data_dir}: {str(error).splitlines()[0]}", file=sys.stderr
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
