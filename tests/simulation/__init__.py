"""The product's own code over a simulated Kafka, S3 and Snowflake, in virtual time, from one seed."""
