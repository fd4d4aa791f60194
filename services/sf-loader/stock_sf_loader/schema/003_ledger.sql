-- The ledger has one row for each object that the loader has decided on. It alone decides what is loaded, and
-- COPY's own memory of files does not count.
-- STATUS is one of:
--   loaded        its rows are in the table
--   quarantined   nothing of it is in the table, and REASON says why
--   pruned        its rows were deleted on purpose
-- Rows with offsets have a place in the chain: their ranges follow one another without gap or overlap.
-- FIRST_OFFSET and LAST_OFFSET are NULL for an object without a place (foreign, overlapping, out of order).
-- OBJECT_TIME is when the object was put.
-- Snowflake refuses a default that is more precise than its column, hence CURRENT_TIMESTAMP(6).
CREATE TABLE IF NOT EXISTS RAW.LOADED_FILES (
  TOPIC VARCHAR(249) NOT NULL,
  TOPIC_ID VARCHAR(32) NOT NULL,
  KAFKA_PARTITION NUMBER(10, 0) NOT NULL,
  FIRST_OFFSET NUMBER(20, 0),
  LAST_OFFSET NUMBER(20, 0),
  ROW_COUNT NUMBER(20, 0) NOT NULL,
  REJECTED NUMBER(20, 0) NOT NULL,
  HOLES NUMBER(20, 0) NOT NULL,
  LOST NUMBER(20, 0) NOT NULL,
  OBJECT_KEY VARCHAR(1024) NOT NULL,
  ETAG VARCHAR(128) NOT NULL,
  STATUS VARCHAR(16) NOT NULL,
  REASON VARCHAR(2048),
  OBJECT_TIME TIMESTAMP_LTZ(6) NOT NULL,
  LOADED_AT TIMESTAMP_LTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
) DATA_RETENTION_TIME_IN_DAYS = {{retention_days}};

-- The lease. A loader updates its row first in a transaction, and only the holder of the row's lock loads.
CREATE TABLE IF NOT EXISTS RAW.LOADER_LEASE (
  NAME VARCHAR(32) NOT NULL,
  HOLDER VARCHAR(256),
  FENCE NUMBER(20, 0) NOT NULL,
  ACQUIRED_AT TIMESTAMP_LTZ(6)
);

MERGE INTO RAW.LOADER_LEASE AS LEASE
USING (SELECT 'loader' AS NAME) AS WANTED ON LEASE.NAME = WANTED.NAME
WHEN NOT MATCHED THEN INSERT (NAME, HOLDER, FENCE) VALUES (WANTED.NAME, NULL, 0);
