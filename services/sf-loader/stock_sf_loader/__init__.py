"""The loader: loads objects from S3 into Snowflake, rows and ledger in one transaction, so exactly once."""
