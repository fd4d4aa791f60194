"""Records to Parquet: Arrow schemas, columns, and the file of one link."""
