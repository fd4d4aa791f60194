"""The local Snowflake: fakesnow's SQL translation behind a server of our own that keeps Snowflake's rules."""
