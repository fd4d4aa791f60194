-- RAW has the loaded rows and the ledger. ANALYTICS has the views, which are all that readers see.
-- Every file can be run again at any time, because none replaces a table.
-- A later file adds a column: ALTER TABLE ... ADD COLUMN IF NOT EXISTS.
CREATE SCHEMA IF NOT EXISTS RAW;
CREATE SCHEMA IF NOT EXISTS ANALYTICS;
