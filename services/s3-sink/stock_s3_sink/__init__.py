"""Topics to Parquet objects on S3, exactly once, as one chain of links for each partition."""
