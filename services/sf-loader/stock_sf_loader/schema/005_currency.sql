-- The currency of a quote's prices. Rows from before it have NULL.
ALTER TABLE RAW.STOCK_QUOTES ADD COLUMN IF NOT EXISTS CURRENCY VARCHAR(32);
