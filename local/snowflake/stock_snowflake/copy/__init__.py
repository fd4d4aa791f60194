"""COPY INTO: staged files from S3, Parquet converted and checked, rows inserted."""
