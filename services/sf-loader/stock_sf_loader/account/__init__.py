"""The Snowflake account: the SQL that sets it up, its schema, its grants, and the check of them."""
