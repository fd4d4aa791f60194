"""Loading: objects from S3 into tables and ledger, exactly once, cycle by cycle."""
