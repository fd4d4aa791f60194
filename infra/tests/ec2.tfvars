# As a user would set it, with names fixed so that a plan shows every policy whole.
name_suffix             = "0a1b2c3d"
image_tag               = "4f2a9c1"
alarm_email             = "on-call@example.com"
alpha_vantage_plan      = "150"
snowflake_account       = "example-account"
snowflake_principal_arn = "arn:aws:iam::999999999999:user/snowflake"
snowflake_external_id   = "example-external-id"
