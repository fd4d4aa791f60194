"""Cases of rows that are not what the ledger has."""

from __future__ import annotations

from corruptions import (
    KA,
    KB,
    KC,
    Wrong,
    both,
    delete,
    ledgered,
    rows,
    stored,
    without_rows,
)
from world import link

from stock_common.ledger import PRUNED

CASES = {
    "deleted ledger row": Wrong(
        delete(KB, ledger=True),
        (f"no ledger row: 100 offsets, 100 to 199, are in Snowflake; they are in {KB}",),
    ),
    "last ledger row deleted": Wrong(
        delete(KC, ledger=True),
        (f"no ledger row: 100 offsets, 200 to 299, are in Snowflake; they are in {KC}",),
    ),
    "ledger emptied": Wrong(
        delete(KA, KB, KC, ledger=True),
        (f"no ledger row: 300 offsets, 0 to 299, are in Snowflake; they are in {KA} and 2 more objects",),
    ),
    "object deleted and rows of it too": Wrong(
        both(delete(KB), without_rows(110)),
        (
            f"deleted object: {KB} (offsets 100 to 199, 100 rows) is in the ledger but not on S3",
            f"missing rows: {KB} (offsets 100 to 199): Snowflake has 99 of its 100 rows; absent: 110",
        ),
        missing=100,
    ),
    "rows deleted where some were rejected": Wrong(
        both(
            stored(KB, link=link(100, 95, rejected=5)),
            ledgered(KB, rows=95, rejected=5),
            without_rows(*range(100, 105), 110),
        ),
        (
            f"missing rows: {KB} (offsets 100 to 199): Snowflake has 94 of its 95 rows; absent: 100 to"
            " 104, 110, of which 5 were never rows",
        ),
        missing=1,
    ),
    "rows where some were rejected": Wrong(
        both(stored(KB, link=link(100, 95, rejected=5)), ledgered(KB, rows=95, rejected=5)),
        (f"surplus rows: {KB} (offsets 100 to 199): Snowflake has 100 of its offsets, it holds 95 rows",),
    ),
    "row inserted twice": Wrong(
        rows(150, copies=1),
        (f"doubled rows: {KB}: offsets 150 are in Snowflake more than once, rows too many: 1",),
        doubled=1,
    ),
    "rows inserted twice and thrice": Wrong(
        both(rows(*range(110, 120), copies=1), rows(115, copies=1)),
        (f"doubled rows: {KB}: offsets 110 to 119 are in Snowflake more than once, rows too many: 11",),
        doubled=10,
    ),
    "rows across two objects inserted twice": Wrong(
        rows(99, 100, copies=1),
        (
            f"doubled rows: {KA}: offsets 99 are in Snowflake more than once, rows too many: 1",
            f"doubled rows: {KB}: offsets 100 are in Snowflake more than once, rows too many: 1",
        ),
        doubled=2,
    ),
    "rows deleted": Wrong(
        without_rows(*range(110, 120), 130),
        (
            f"missing rows: {KB} (offsets 100 to 199): Snowflake has 89 of its 100 rows; absent: 110"
            " to 119, 130",
        ),
        missing=11,
    ),
    "rows deleted and others doubled, as many": Wrong(
        both(without_rows(110), rows(220, copies=1)),
        (
            f"missing rows: {KB} (offsets 100 to 199): Snowflake has 99 of its 100 rows; absent: 110",
            f"doubled rows: {KC}: offsets 220 are in Snowflake more than once, rows too many: 1",
        ),
        missing=1,
        doubled=1,
    ),
    "rows that no object holds": Wrong(
        rows(1000, 1001, copies=1),
        ("no ledger row: 2 offsets, 1000 to 1001, are in Snowflake; no object holds them",),
    ),
    "doubled rows that no object holds": Wrong(
        rows(1000, copies=2),
        (
            "no ledger row: 1 offsets, 1000, are in Snowflake; no object holds them",
            "doubled rows: offsets 1000 are in Snowflake more than once, rows too many: 1",
        ),
        doubled=1,
    ),
    "rows of a pruned object": Wrong(
        ledgered(KA, status=PRUNED), (f"surplus rows: {KA} is pruned, but offsets 0 to 99 are in Snowflake",)
    ),
}
