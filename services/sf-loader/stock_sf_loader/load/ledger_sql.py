"""The SQL of the ledger and the lease, as text."""

from __future__ import annotations

from stock_common.domain import INTEGER_LIMIT
from stock_common.ledger import COLUMNS, TABLES

TAKE_LEASE = """\
UPDATE RAW.LOADER_LEASE SET HOLDER = ?, FENCE = FENCE + 1, ACQUIRED_AT = CURRENT_TIMESTAMP()
WHERE NAME = 'loader'"""
READ_LEASE = "SELECT HOLDER, FENCE FROM RAW.LOADER_LEASE WHERE NAME = 'loader'"
# A time in the future must not put the rows that are written meanwhile into the settled part.
READ_NEWEST = "SELECT MAX(LEAST(LOADED_AT, CURRENT_TIMESTAMP())) AS LOADED_AT FROM RAW.LOADED_FILES"
IS_SOUND = f"""\
COALESCE(
    TOPIC IN ({", ".join(f"'{topic}'" for topic in TABLES)}) AND STATUS IN ('loaded', 'quarantined', 'pruned')
    AND KAFKA_PARTITION BETWEEN 0 AND 99999
    AND FIRST_OFFSET BETWEEN 0 AND LAST_OFFSET AND LAST_OFFSET < {INTEGER_LIMIT}
    AND LEAST(ROW_COUNT, REJECTED, HOLES, LOST) >= 0
    AND ROW_COUNT + REJECTED + HOLES + LOST = LAST_OFFSET - FIRST_OFFSET + 1
    AND LOADED_AT <= DATEADD('day', 1, CURRENT_TIMESTAMP())
    AND REGEXP_LIKE(TOPIC_ID, '[0-9a-f]{{32}}')
    AND REGEXP_LIKE(OBJECT_KEY, '.*/dt=[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}/hour=[0-9]{{2}}/o[0-9]{{20}}.*')
    AND OBJECT_KEY LIKE 'raw/' || TOPIC || '/' || TOPIC_ID || '/partition='
      || LPAD(TO_VARCHAR(KAFKA_PARTITION), 5, '0') || '/dt=__________/hour=__/o'
      || LPAD(TO_VARCHAR(FIRST_OFFSET), 20, '0') || '.parquet',
    FALSE)"""
"""Whether a row is one that a loader can have written: it adds up, and its key is that of its place."""
READ_TAILS = f"""\
SELECT TOPIC, TOPIC_ID, KAFKA_PARTITION, {IS_SOUND} AS IS_SOUND, COUNT(*) AS FILES,
  MAX(LAST_OFFSET) AS LAST_OFFSET,
  MAX_BY(OBJECT_KEY, LAST_OFFSET) AS OBJECT_KEY,
  SUM(IFF(STATUS = 'loaded', ROW_COUNT, 0)) AS ROW_COUNT,
  SUM(IFF(STATUS = 'quarantined', 1, 0)) AS QUARANTINED,
  MAX(LOADED_AT) AS LOADED_AT
FROM RAW.LOADED_FILES
WHERE LAST_OFFSET IS NOT NULL AND LOADED_AT >= ? AND LOADED_AT < ?
GROUP BY 1, 2, 3, 4"""
READ_STRAYS = "SELECT OBJECT_KEY, ETAG FROM RAW.LOADED_FILES WHERE LAST_OFFSET IS NULL"
ADD = f"""\
INSERT INTO RAW.LOADED_FILES ({", ".join(COLUMNS)})
VALUES ({", ".join("?" * len(COLUMNS))})"""
