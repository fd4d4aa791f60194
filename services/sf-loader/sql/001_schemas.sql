-- RAW: what is loaded, and the ledger of it. ANALYTICS: views, all that readers see.
-- Every file can be run again at any time: nothing here replaces a table. A column is added by a later file: ALTER TABLE ... ADD COLUMN IF NOT EXISTS.
CREATE SCHEMA IF NOT EXISTS RAW;
CREATE SCHEMA IF NOT EXISTS ANALYTICS;
