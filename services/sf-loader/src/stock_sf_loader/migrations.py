"""The warehouse's schema: the files of sql/, in order, each of which can be run again at any time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from stock_common import keys
from stock_common.run import FatalError
from stock_sf_loader.config import LoaderSettings
from stock_sf_loader.ledger import Session
from stock_warehouse.config import identifier

FOLDER = Path(__file__).resolve().parents[2] / "sql"
_NAME = re.compile(r"[0-9]{3}_[a-z_]+\.sql")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PLACE = re.compile(r"\{\{([a-z_]+)\}\}")
_END = re.compile(r";[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*--.*$\n?", re.MULTILINE)


class Migration(NamedTuple):
    """One file, rendered."""

    name: str
    statements: list[str]


def values(settings: LoaderSettings) -> dict[str, str]:
    """What is put into the files; raises ValueError for what could be more than a name."""
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
    """The name, when it is one; raises ValueError for any other."""
    if not _BUCKET.fullmatch(name):
        raise ValueError("must be a bucket's name: lower-case letters, digits, dots and hyphens")
    return name


def put_in(text: str, given: Mapping[str, str]) -> str:
    """The text with each {{place}} filled. Raises KeyError for one that `given` has no value for."""
    return _PLACE.sub(lambda match: given[match[1]], text)


def migrations(given: Mapping[str, str], folder: Path = FOLDER) -> Iterator[Migration]:
    """The files in order. Raises KeyError for a place that `given` has no value for, ValueError for a file with another kind of name."""
    for path in sorted(folder.glob("*.sql")):
        if not _NAME.fullmatch(path.name):
            raise ValueError(f"{path.name}: a migration is named NNN_what.sql")
        yield Migration(path.name, statements(put_in(path.read_text(encoding="utf-8"), given)))


def statements(text: str) -> list[str]:
    """The statements of a file, without comments. Each ends with a semicolon at a line's end."""
    return [part.strip() for part in _END.split(_COMMENT.sub("", text)) if part.strip()]


def migrate(session: Session, settings: LoaderSettings, folder: Path = FOLDER) -> list[str]:
    """Runs every file and returns their names. Raises FatalError when the stage points elsewhere, and what the session raises."""
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
            f"The stage RAW.{given['stage']} points at {urls}, not at {given['stage_url']}: correct S3_BUCKET or SNOWFLAKE_STAGE, or drop the stage."
        )
    return done
