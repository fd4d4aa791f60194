"""The local Snowflake: an HTTP server with Snowflake's rules over fakesnow's SQL translation and DuckDB."""
