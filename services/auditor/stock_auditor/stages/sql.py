"""The audit's SQL, as text. Values are bound. Names of tables and columns are constants."""

from __future__ import annotations

from stock_common.ledger import LEDGER, QUARANTINED, TABLES

LOOKBACK_OFFSETS = 100_000
"""A resend is looked for so far before the rows that are compared.

It follows its original by what the producer had in flight, which is far less than this.
"""
NO_END = 2**63 - 1

_FILES = f"""
SELECT 'file' AS kind, first_offset AS a, last_offset AS b, row_count AS c, rejected AS d, holes AS e,
  lost AS f, object_key, etag, status, reason
FROM {LEDGER}
WHERE topic = ? AND topic_id = ? AND kafka_partition = ? AND {{where}}"""


def chains(topic: str) -> str:
    """The chains of a topic that the ledger or the table knows. Binds: the topic."""
    return f"""
SELECT topic_id, kafka_partition
FROM {LEDGER}
WHERE topic = ? AND topic_id IS NOT NULL AND kafka_partition IS NOT NULL
UNION
SELECT kafka_topic_id AS topic_id, kafka_partition
FROM {TABLES[topic].name}
WHERE kafka_topic_id IS NOT NULL AND kafka_partition IS NOT NULL"""


def quarantined() -> str:
    """Every quarantined object, with those of no chain. No binds."""
    return f"SELECT object_key, reason FROM {LEDGER} WHERE status = '{QUARANTINED}' ORDER BY object_key"


def totals(topic: str) -> str:
    """One chain's ledger and the totals of its table from an offset on.

    It is one statement, so that both are of one moment. New rows and old quarantined ones are two parts of
    it: joined by OR, neither the offset nor the status would keep old rows from being read.

    Binds: see `totals_binds`. Rows of kind `file` are the ledger's (a to f: first, last, rows, rejected,
    holes, lost). The one row of kind `total` is the table's (a: least offset, b: greatest, c: rows, d:
    offsets,
    e: resent events, f: those of e from before the offset).
    """
    table, identity = TABLES[topic]
    return f"""{_FILES.format(where="first_offset >= ?")}
UNION ALL{_FILES.format(where=f"(first_offset < ? OR first_offset IS NULL) AND status = '{QUARANTINED}'")}
UNION ALL
SELECT 'total', MIN(new_offset), MAX(new_offset), COUNT(new_offset), COUNT(DISTINCT new_offset),
  COUNT(DISTINCT kafka_offset) - COUNT(DISTINCT event),
  COUNT(DISTINCT old_offset) - COUNT(DISTINCT old_event),
  NULL, NULL, NULL, NULL
FROM (
  SELECT kafka_offset, {identity} AS event,
    CASE WHEN kafka_offset >= ? THEN kafka_offset END AS new_offset,
    CASE WHEN kafka_offset < ? THEN kafka_offset END AS old_offset,
    CASE WHEN kafka_offset < ? THEN {identity} END AS old_event
  FROM {table}
  WHERE kafka_topic_id = ? AND kafka_partition = ? AND kafka_offset >= ?
) AS held"""


def totals_binds(topic: str, topic_id: str, partition: int, since: int) -> tuple[str | int, ...]:
    ledger = (topic, topic_id, partition, since)
    return (*ledger, *ledger, since, since, since, topic_id, partition, max(0, since - LOOKBACK_OFFSETS))


def resent_across(topic: str) -> str:
    """How many events of a topic are in several of its chains, each counted for one of them. No binds.

    Only the few events that have several rows are looked at by chain.
    """
    table, identity = TABLES[topic]
    chain = "kafka_topic_id || '/' || kafka_partition"
    return f"""
SELECT chain, COUNT(*) AS events
FROM (
  SELECT MAX({chain}) AS chain
  FROM {table}
  WHERE {identity} IN (SELECT {identity} FROM {table} GROUP BY {identity} HAVING COUNT(*) > 1)
  GROUP BY {identity}
  HAVING MIN({chain}) <> MAX({chain})
) AS spread
GROUP BY chain"""


def runs(topic: str) -> str:
    """One chain's ledger and its table's offsets in a range, by one statement. Binds: see `runs_binds`.

    Rows of kind `file` are the ledger's. Rows of kind `run` are stretches of offsets without a gap (a: first,
    b: last, c: rows for each offset).
    """
    return f"""{_FILES.format(where="first_offset >= ? AND first_offset < ?")}
UNION ALL
SELECT 'run', MIN(kafka_offset), MAX(kafka_offset), copies, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM (
  SELECT kafka_offset, copies,
    kafka_offset - ROW_NUMBER() OVER (PARTITION BY copies ORDER BY kafka_offset) AS island
  FROM (
    SELECT kafka_offset, COUNT(*) AS copies
    FROM {TABLES[topic].name}
    WHERE kafka_topic_id = ? AND kafka_partition = ? AND kafka_offset >= ? AND kafka_offset < ?
    GROUP BY kafka_offset
  ) AS offsets
) AS islands
GROUP BY copies, island"""


def runs_binds(topic: str, topic_id: str, partition: int, begin: int, end: int) -> tuple[str | int, ...]:
    return (topic, topic_id, partition, begin, end, topic_id, partition, begin, end)
