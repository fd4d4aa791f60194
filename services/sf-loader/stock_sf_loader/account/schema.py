"""The warehouse's schema: the SQL files of the folder schema, in order. Each can be run again at any time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

from stock_common import keys
from stock_common.run import FatalError
from stock_sf_loader.config import LoaderSettings
from stock_sf_loader.load.ledger import Session
from stock_warehouse.config import identifier

FOLDER = files("stock_sf_loader") / "schema"
_NAME = re.compile(r"[0-9]{3}_[a-z_]+\.sql")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PLACEHOLDER = re.compile(r"\{\{([a-z_]+)\}\}")
_END = re.compile(r";[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*--.*$\n?", re.MULTILINE)


class Migration(NamedTuple):
    """One file, rendered."""

    name: str
    statements: list[str]


class Bars(NamedTuple):
    """A view of bars of `seconds`, made of the view `shorter`. `interval` is the provider's name of them."""

    view: str
    shorter: str
    interval: str
    seconds: int


LONGER_BARS = (
    Bars("BARS_5MIN", "BARS_1MIN", "5min", 300),
    Bars("BARS_15MIN", "BARS_5MIN", "15min", 900),
    Bars("BARS_30MIN", "BARS_15MIN", "30min", 1800),
    Bars("BARS_1H", "BARS_30MIN", "60min", 3600),
)


def values(settings: LoaderSettings) -> dict[str, str]:
    """The values of the files' placeholders. Raises ValueError for a value that could be more than a name."""
    try:
        bucket_name(settings.s3_bucket)
    except ValueError as error:
        raise ValueError(f"S3_BUCKET {error}") from None
    integration = settings.snowflake_storage_integration
    return {
        "stage": identifier(settings.snowflake_stage),
        "stage_url": f"s3://{settings.s3_bucket}/{keys.ROOT}",
        "storage_integration": f"STORAGE_INTEGRATION = {identifier(integration)}" if integration else "",
        "retention_days": str(int(settings.snowflake_retention_days)),
    }


def bucket_name(name: str) -> str:
    """Returns the name if it is a bucket's name. Raises ValueError for any other."""
    if not _BUCKET.fullmatch(name):
        raise ValueError("must be a bucket's name: lower-case letters, digits, dots and hyphens")
    return name


def put_in(text: str, given: Mapping[str, object]) -> str:
    """The text with each {{placeholder}} filled. Raises KeyError for a placeholder without a value."""
    return _PLACEHOLDER.sub(lambda match: str(given[match[1]]), text)


def template(name: str) -> str:
    """The text of a file of schema/templates, with its placeholders."""
    return (FOLDER / "templates" / name).read_text(encoding="utf-8")


def longer_bars() -> str:
    """The views of bars longer than a minute, as SQL. All of them come from one template."""
    text = template("longer_bars.sql")
    return "\n".join(put_in(text, bars._asdict()) for bars in LONGER_BARS)


def migrations(given: Mapping[str, str], folder: Traversable = FOLDER) -> Iterator[Migration]:
    """The files in order, rendered.

    Raises KeyError for a placeholder without a value, ValueError for a file whose name is not NNN_what.sql.
    """
    rendered = {**given, "longer_bars": longer_bars()}
    paths = [path for path in folder.iterdir() if path.name.endswith(".sql")]
    for path in sorted(paths, key=lambda path: path.name):
        if not _NAME.fullmatch(path.name):
            raise ValueError(f"{path.name}: a migration is named NNN_what.sql")
        yield Migration(path.name, statements(put_in(path.read_text(encoding="utf-8"), rendered)))


def statements(text: str) -> list[str]:
    """The statements of a file, without comments. Each ends with a semicolon at the end of a line."""
    return [part.strip() for part in _END.split(_COMMENT.sub("", text)) if part.strip()]


def migrate(session: Session, settings: LoaderSettings, folder: Traversable = FOLDER) -> list[str]:
    """Runs every file and returns their names.

    Raises FatalError when the stage points at another bucket, and what the session raises.
    """
    given = values(settings)
    done = []
    for migration in migrations(given, folder):
        for statement in migration.statements:
            session.execute(statement)
        done.append(migration.name)
    stages = session.query(f"SHOW STAGES LIKE '{given['stage']}' IN SCHEMA RAW")
    urls = [row["url"] for row in stages if row["name"].upper() == given["stage"].upper()]
    if urls != [given["stage_url"]]:
        raise FatalError(
            f"The stage RAW.{given['stage']} points at {urls}, not at {given['stage_url']}:"
            " correct S3_BUCKET or SNOWFLAKE_STAGE, or drop the stage."
        )
    return done
