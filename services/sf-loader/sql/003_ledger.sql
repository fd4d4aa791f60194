-- One row an object that the loader has decided on. It alone says what is loaded; COPY's own memory of files does not count.
-- STATUS: loaded; quarantined (REASON says why, nothing of it is in the tables); pruned (its rows were taken out on purpose).
-- Rows with offsets have a place in the chain: their ranges follow one another without gap or overlap. FIRST_OFFSET and LAST_OFFSET are
-- NULL for an object without a place in it (foreign, overlapping, out of order). OBJECT_TIME is when the object was put.
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
  LOADED_AT TIMESTAMP_LTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP()
) DATA_RETENTION_TIME_IN_DAYS = {{retention_days}};

-- The row that a loader updates first in its transaction: whoever holds its lock is the only one who loads.
CREATE TABLE IF NOT EXISTS RAW.LOADER_LEASE (
  NAME VARCHAR(32) NOT NULL,
  HOLDER VARCHAR(256),
  FENCE NUMBER(20, 0) NOT NULL,
  ACQUIRED_AT TIMESTAMP_LTZ(6)
);

MERGE INTO RAW.LOADER_LEASE AS LEASE
USING (SELECT 'loader' AS NAME) AS WANTED ON LEASE.NAME = WANTED.NAME
WHEN NOT MATCHED THEN INSERT (NAME, HOLDER, FENCE) VALUES (WANTED.NAME, NULL, 0);
