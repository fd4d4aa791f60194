"""The loader: objects on S3 into Snowflake, exactly once, by one transaction that holds the rows and the ledger of them."""
