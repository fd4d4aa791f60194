"""`stock-lake`: the loop, and the commands."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from stock_common import cli
from stock_common.run import FatalError
from stock_common.service import Service, serve
from stock_common.settings import load_or_exit
from stock_lake.commands import parse
from stock_lake.config import SERVICE, LakeSettings
from stock_lake.links import BrokenChain
from stock_lake.manifest import BadManifest
from stock_lake.output import NotWritten
from stock_objects.errors import Conflict, ObjectError

STALLED_SECONDS = 660.0
"""The sort of a large day is one step without a sign of life."""
ERRORS = (FatalError, NotWritten, BrokenChain, BadManifest, ObjectError, Conflict)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    if options.perform is not None:
        logging.basicConfig(stream=sys.stderr, level=logging.CRITICAL)
        return cli.run(lambda: options.perform(options), ERRORS)
    settings = load_or_exit(LakeSettings)
    # Commands answer sooner without Iceberg's modules.
    from stock_lake.app import work

    return serve(Service(SERVICE, settings.metrics_port, ("s3",), STALLED_SECONDS), settings, work)


if __name__ == "__main__":
    raise SystemExit(main())
