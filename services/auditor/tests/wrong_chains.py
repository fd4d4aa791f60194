"""Cases of objects and logs that are not what they should be."""

from __future__ import annotations

from corruptions import (
    GONE,
    HOLED,
    KA,
    KB,
    KC,
    LATE,
    ZOMBIE,
    Wrong,
    both,
    delete,
    delete_before_loading,
    foreign,
    foreign_in_place,
    holes_that_are_records,
    kafka,
    late,
    ledgered,
    loaded_twice,
    log,
    lost,
    out_of_order,
    quarantined_foreign,
    replaced_with_other_range,
    stored,
    without_rows,
    zombie,
)
from world import CHAIN, link

from stock_auditor.compare.evidence import Probe, Readable, Rewritten
from stock_common.ledger import QUARANTINED

LAST = link(200, 100)._replace(leader_epoch=5)
CASES = {
    "deleted object": Wrong(
        delete(KB),
        (f"deleted object: {KB} (offsets 100 to 199, 100 rows) is in the ledger but not on S3",),
        missing=100,
    ),
    "last object deleted": Wrong(
        delete(KC),
        (f"deleted object: {KC} (offsets 200 to 299, 100 rows) is in the ledger but not on S3",),
        missing=100,
    ),
    "every object deleted": Wrong(
        delete(KA, KB, KC),
        tuple(
            f"deleted object: {key} (offsets {offsets}, 100 rows) is in the ledger but not on S3"
            for key, offsets in ((KA, "0 to 99"), (KB, "100 to 199"), (KC, "200 to 299"))
        ),
        missing=300,
    ),
    "object deleted before it was loaded": Wrong(
        delete_before_loading,
        (f"hole in the chain: offsets 100 to 199 are in no object, before {KC}; Kafka still holds them",),
        missing=100,
    ),
    "first object deleted before it was loaded": Wrong(
        both(delete(KA), delete(KA, ledger=True), without_rows(*range(100))),
        (f"hole in the chain: offsets 0 to 99 are in no object, before {KB}; Kafka still holds them",),
        missing=100,
    ),
    "hole that Kafka holds in part": Wrong(
        both(delete_before_loading, log(150, 300, 0)),
        (
            f"hole in the chain: offsets 100 to 199 are in no object, before {KC}; Kafka still holds"
            " 150 to 199",
        ),
        missing=100,
    ),
    "hole that Kafka no longer holds": Wrong(
        both(delete_before_loading, log(300, 300, 0)),
        (f"hole in the chain: offsets 100 to 199 are in no object, before {KC}; Kafka no longer holds them",),
        missing=100,
    ),
    "foreign file": Wrong(foreign, (f"foreign object: {CHAIN.prefix}report.csv is not the key of a link",)),
    "foreign file, quarantined": Wrong(
        quarantined_foreign, (f"quarantined object: {CHAIN.prefix}report.csv: not the key of a link",)
    ),
    "replaced object": Wrong(
        stored(KB, etag="other"), (f"replaced object: {KB} has the ETag other, in the ledger etag-100-199",)
    ),
    "replaced by another range": Wrong(
        replaced_with_other_range,
        (
            f"replaced object: {KC} has the ETag other, in the ledger etag-200-299; it says offsets"
            " 200 to 279, rows 80, rejected 0, holes 0, lost 0,"
            " the ledger offsets 200 to 299, rows 100, rejected 0, holes 0, lost 0",
        ),
    ),
    "replaced by a foreign file": Wrong(
        foreign_in_place,
        (
            f"replaced object: {KB} has the ETag other, in the ledger etag-100-199; it has no metadata"
            " 'last-offset'",
        ),
        missing=100,
    ),
    "metadata differs": Wrong(
        stored(KB, link=link(100, 99, rejected=1)),
        (
            f"ledger differs: {KB}: it says offsets 100 to 199, rows 99, rejected 1, holes 0, lost 0,"
            " the ledger offsets 100 to 199, rows 100, rejected 0, holes 0, lost 0",
        ),
    ),
    "overlapping link, to be loaded": Wrong(
        zombie(False), (f"overlapping links: offsets 250 to 299 are in {KC} and in {ZOMBIE.key}",), doubled=50
    ),
    "overlapping link, quarantined": Wrong(
        zombie(True),
        (
            f"overlapping links: offsets 250 to 299 are in {KC} and in {ZOMBIE.key}",
            f"quarantined object: {ZOMBIE.key} (offsets 250 to 309): overlaps",
        ),
        missing=10,
        doubled=50,
    ),
    "overlapping link, loaded": Wrong(
        loaded_twice,
        (
            f"overlapping links: offsets 250 to 299 are in {KC} and in {ZOMBIE.key}",
            f"ledgered twice: offsets 250 to 299 are in the ledger with {KC} and with {ZOMBIE.key}",
            f"doubled rows: {KC}: offsets 250 to 299 are in Snowflake more than once, rows too many: 50",
            f"doubled rows: {ZOMBIE.key}: offsets 250 to 299 are in Snowflake more than once, rows too"
            " many: 50",
        ),
        doubled=50,
    ),
    "link out of order": Wrong(
        out_of_order,
        (
            f"link out of order: {link(300, 10, hour=8).key} (offsets 300 to 309) is named before"
            f" {KC}, which has lower offsets",
            f"skipped by the loader: {link(300, 10, hour=8).key} (offsets 300 to 309) is not in the"
            " ledger, although later links are",
        ),
        missing=10,
    ),
    "late on S3": Wrong(
        log(0, 350, 320),
        ("not on S3: offsets 300 to 319 are in Kafka for more than 600 s and in no object",),
        missing=20,
    ),
    "late in Snowflake": Wrong(
        late(modified_old=True),
        (
            f"not in Snowflake: {LATE.key} (offsets 300 to 349) is not in the ledger more than 600 s"
            " after the put",
        ),
        missing=50,
    ),
    "skipped by the loader": Wrong(
        late(modified_old=False, again=True),
        (
            f"skipped by the loader: {LATE.key} (offsets 300 to 349) is not in the ledger, although"
            " later links are",
        ),
        missing=50,
    ),
    "holes that are records": Wrong(
        holes_that_are_records,
        (
            f"unread in Kafka: 3 records of the offsets 300 to 319 are readable in Kafka and in no object"
            f" ({HOLED.key})",
        ),
        missing=3,
    ),
    "holes that cannot be checked": Wrong(
        both(holes_that_are_records, kafka(readable={str(HOLED.key): Readable(0, "bad checksum")})),
        (f"unreadable in Kafka: the holes of {HOLED.key} cannot be checked: bad checksum",),
    ),
    "a batch that cannot be read": Wrong(
        both(log(0, 350, 0), kafka(probe=Probe(300, 310, "bad checksum"))),
        ("unreadable in Kafka: nothing is on S3 from offset 310 on: bad checksum",),
        missing=40,
    ),
    "a batch that cannot be read, late": Wrong(
        both(log(0, 350, 350), kafka(probe=Probe(300, 300, "bad checksum"))),
        ("unreadable in Kafka: nothing is on S3 from offset 300 on: bad checksum",),
        missing=50,
    ),
    "late after a transaction's markers": Wrong(
        both(log(0, 350, 350), kafka(probe=Probe(300, 302))),
        ("not on S3: offsets 302 to 349 are in Kafka for more than 600 s and in no object",),
        missing=48,
    ),
    "log truncated": Wrong(
        log(0, 250, 250),
        ("truncated log: S3 holds offsets up to 299, Kafka's log ends at 250: it was truncated or replaced",),
    ),
    "log written again after an unclean election": Wrong(
        kafka(rewritten=Rewritten(LAST, 7)),
        (
            f"truncated log: {LAST.key} was read under leader epoch 5, and Kafka has a record of epoch 7 at"
            f" its offset {LAST.last}: the log was truncated and written again",
        ),
    ),
    "retention passed the sink": Wrong(
        log(320, 350, 0),
        ("expired in Kafka: offsets 300 to 319 were deleted by retention before they were on S3",),
        missing=20,
    ),
    "retention was before the sink": Wrong(
        both(
            delete(KA, KB, KC),
            delete(KA, KB, KC, ledger=True),
            without_rows(*range(300)),
            log(20, 50, 0),
        ),
        ("expired in Kafka: offsets 0 to 19 were deleted by retention before they were on S3",),
        missing=20,
    ),
    "lost to retention": Wrong(
        lost,
        (
            "lost to retention: 20 of the offsets 300 to 319 were gone before they were read"
            f" ({link(300, 0, lost=20, hour=10).key})",
        ),
    ),
    "retention passed the chain's begin": Wrong(
        both(delete(KA), delete(KA, ledger=True), without_rows(*range(100)), log(100, 300, 0)),
        (f"lost to retention: offsets 0 to 99 were gone before the chain began ({CHAIN.prefix})",),
    ),
    "topic made anew": Wrong(lambda world: setattr(world, "log", None), (GONE,)),
    "quarantined": Wrong(
        both(ledgered(KC, status=QUARANTINED, reason="corrupt"), without_rows(*range(200, 300))),
        (f"quarantined object: {KC} (offsets 200 to 299): corrupt",),
        missing=100,
    ),
}
