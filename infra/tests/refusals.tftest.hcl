# What the variables refuse, before anything is made. A run holds several refusals, each of which has to happen: a plan takes seconds.
# A rule that reads another variable is not looked at while that one is refused, so those stand in runs of their own.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  image_tag             = null
  name_suffix           = "0a1b2c3d"
  snowflake_external_id = "example-external-id"
}

run "refuses_wrong_names_and_numbers" {
  command = plan

  variables {
    name                       = "a-name-that-is-far-too-long-for-a-load-balancer"
    name_suffix                = "ABCD"
    region                     = "us-east-1a"
    instance_type              = "t4g.medium"
    data_volume_gb             = 20.5
    allowed_cidrs              = ["203.0.113.7"]
    vpc_cidr                   = "10.40.0.0/24"
    existing_bucket            = "Stocks"
    kafka                      = { bootstrap_servers = "broker.example.com", cidrs = ["10.0.0.0/16"] }
    msk_instance_type          = "t3.small"
    msk_kafka_version          = "4.0.x.kraft"
    symbols                    = ["aapl"]
    alpha_vantage_plan         = "100"
    poll_interval_seconds      = 0
    flush_seconds              = 7200
    load_interval_seconds      = 1
    snowflake_account          = "https://example.snowflakecomputing.com"
    snowflake_principal_arn    = "*"
    snowflake_external_id      = "x"
    snowflake_database         = "my stocks"
    snowflake_warehouse        = "my-wh"
    snowflake_reader_warehouse = "my-read-wh"
    snowflake_integration      = "s3 int"
    snowflake_sign_in          = "password"
    raw_retention_days         = 7
    log_retention_days         = 31
    alarm_email                = "nobody"
    freshness_minutes          = 1
    budget_usd                 = 0
    environment                = { producer = { ALPHA_VANTAGE_API_KEY = "test-only" } }
  }

  expect_failures = [
    var.alarm_email,
    var.allowed_cidrs,
    var.alpha_vantage_plan,
    var.budget_usd,
    var.data_volume_gb,
    var.environment,
    var.existing_bucket,
    var.flush_seconds,
    var.freshness_minutes,
    var.instance_type,
    var.kafka,
    var.load_interval_seconds,
    var.log_retention_days,
    var.msk_instance_type,
    var.msk_kafka_version,
    var.name,
    var.name_suffix,
    var.poll_interval_seconds,
    var.raw_retention_days,
    var.region,
    var.snowflake_account,
    var.snowflake_database,
    var.snowflake_external_id,
    var.snowflake_integration,
    var.snowflake_principal_arn,
    var.snowflake_reader_warehouse,
    var.snowflake_sign_in,
    var.snowflake_warehouse,
    var.symbols,
    var.vpc_cidr,
  ]
}

run "refuses_a_public_host_with_services_that_have_no_account" {
  command = plan

  variables {
    image_tag              = "4f2a9c1"
    instance_type          = "t3.small"
    allowed_cidrs          = ["0.0.0.0/0"]
    allow_public_dashboard = true
    symbols                = []
    environment            = { sink = { LOG_LEVEL = "DEBUG" } }
    existing_vpc           = { id = "vpc-1", public_subnet_ids = [] }
    zones                  = ["use1-az1"]
  }

  expect_failures = [
    var.allowed_cidrs,
    var.environment,
    var.existing_vpc,
    var.instance_type,
    var.snowflake_account,
    var.symbols,
    var.zones,
  ]
}

run "refuses_moving_tags_and_passwords_in_the_clear" {
  command = plan

  variables {
    image_tag         = "latest"
    snowflake_account = "example-account"
    kafka             = { bootstrap_servers = "broker.example.com:9092", cidrs = ["10.0.0.0/16"], security_protocol = "SASL_PLAINTEXT" }
  }

  expect_failures = [
    var.image_tag,
    var.kafka,
  ]
}

run "refuses_ecs_in_the_open_without_certificate_and_zones" {
  command = plan

  variables {
    allowed_cidrs = ["0.0.0.0/0"]
    existing_vpc  = { id = "vpc-1", public_subnet_ids = ["subnet-1", "subnet-2"], private_subnet_ids = ["subnet-3", "subnet-4"] }
    deployment    = "ecs"
  }

  expect_failures = [
    var.allowed_cidrs,
    var.certificate_arn,
    var.existing_vpc,
  ]
}

run "refuses_a_sign_in_without_tls" {
  command = plan

  variables {
    oidc               = { issuer = "http://id.example.com", authorization_endpoint = "https://id.example.com/a", token_endpoint = "https://id.example.com/t", user_info_endpoint = "https://id.example.com/u", client_id = "stock" }
    oidc_client_secret = "test-only"
  }

  expect_failures = [
    var.oidc,
  ]
}

run "refuses_a_sign_in_without_its_secret_and_brokers_anywhere" {
  command = plan

  variables {
    kafka = { bootstrap_servers = "broker.example.com:9096", cidrs = ["0.0.0.0/0"] }
    oidc  = { issuer = "https://id.example.com", authorization_endpoint = "https://id.example.com/a", token_endpoint = "https://id.example.com/t", user_info_endpoint = "https://id.example.com/u", client_id = "stock" }
  }

  expect_failures = [
    var.kafka,
    var.oidc_client_secret,
  ]
}

run "refuses_a_dashboards_sign_in_on_the_host" {
  command = plan

  variables {
    dashboard_sign_in = { metadata_url = "https://id.example.com/.well-known/openid-configuration", client_id = "stock", redirect_url = "https://stocks.example.com/oauth2callback" }
  }

  expect_failures = [
    var.dashboard_sign_in,
  ]
}

run "refuses_a_dashboards_sign_in_without_tls_or_callback" {
  command = plan

  variables {
    deployment        = "ecs"
    certificate_arn   = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    dashboard_sign_in = { metadata_url = "http://id.example.com", client_id = "stock", redirect_url = "https://stocks.example.com/", allowed = ["everybody"] }
  }

  expect_failures = [
    var.dashboard_sign_in,
  ]
}

run "refuses_a_third_deployment" {
  command = plan

  variables {
    deployment = "eks"
  }

  expect_failures = [
    var.deployment,
  ]
}
