deployment              = "ecs"
name_suffix             = "0a1b2c3d"
image_tag               = "4f2a9c1"
alarm_email             = "on-call@example.com"
alpha_vantage_plan      = "150"
snowflake_account       = "example-account"
snowflake_principal_arn = "arn:aws:iam::999999999999:user/snowflake"
snowflake_external_id   = "example-external-id"
certificate_arn         = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
allowed_cidrs           = ["203.0.113.0/24"]
dashboard_sign_in       = { metadata_url = "https://id.example.com/.well-known/openid-configuration", client_id = "stock", redirect_url = "https://stocks.example.com/oauth2callback", allowed = ["@example.com"] }
monitoring              = true
spot                    = true
