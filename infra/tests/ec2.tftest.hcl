# deployment = "ec2", with a provider that invents what AWS would answer.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name_suffix             = "0a1b2c3d"
  image_tag               = "4f2a9c1"
  alpha_vantage_plan      = "150"
  snowflake_account       = "example-account"
  snowflake_principal_arn = "arn:aws:iam::999999999999:user/snowflake"
  snowflake_external_id   = "example-external-id"
}

run "one_host_that_nobody_reaches" {
  command = apply

  assert {
    condition     = length(module.host) == 1 && length(module.cluster) == 0 && length(module.msk) == 0 && length(module.load_balancer) == 0
    error_message = "ec2 is one host, and nothing of ecs."
  }

  assert {
    condition     = !strcontains(module.host[0].compose, "0.0.0.0")
    error_message = "Without allowed_cidrs everything listens on loopback."
  }

  assert {
    condition     = alltrue([for name, service in yamldecode(module.host[0].compose).services : service.read_only && service.user == "10001:10001" && service.environment.AWS_EC2_METADATA_DISABLED == "true" && service.cap_drop[0] == "ALL" && service.stop_grace_period == "40s"])
    error_message = "Every container is read-only, without capabilities, as 10001, and has 40 s to close."
  }

  assert {
    condition     = [for name, service in yamldecode(module.host[0].compose).services : name if contains(service.volumes, "/run/stock-identities/${name}:/run/identity:ro")] == ["auditor", "dashboard", "s3-sink", "sf-loader"] && [for name, service in yamldecode(module.host[0].compose).services : name if contains(keys(service.environment), "AWS_CONFIG_FILE")] == ["auditor", "dashboard", "migrations", "s3-sink", "sf-loader", "topics"]
    error_message = "What calls AWS is handed a role of its own, and no other."
  }

  assert {
    condition     = output.snowflake_options == "--auditor-arn arn:aws:iam::123456789012:role/stock-pipeline-auditor-task-role --dashboard-arn arn:aws:iam::123456789012:role/stock-pipeline-dashboard-task-role --loader-arn arn:aws:iam::123456789012:role/stock-pipeline-sf-loader-task-role"
    error_message = "Snowflake's users are named their services' roles."
  }

  assert {
    condition     = [for name in ["sf-loader", "auditor", "dashboard"] : yamldecode(module.host[0].compose).services[name].environment.SNOWFLAKE_WAREHOUSE] == ["STOCK_WH", "STOCK_WH", "STOCK_READ_WH"]
    error_message = "The dashboard's questions have a warehouse of their own."
  }

  assert {
    condition     = yamldecode(module.host[0].compose).services["migrations"].environment.SNOWFLAKE_ROLE == "STOCK_OWNER" && yamldecode(module.host[0].compose).services["dashboard"].environment.SNOWFLAKE_ROLE == "STOCK_READER"
    error_message = "Migrations run as the owner, the dashboard as the reader."
  }

  assert {
    condition     = yamldecode(module.host[0].compose).services["producer"].environment.KAFKA_BOOTSTRAP_SERVERS == "localhost:9092" && yamldecode(module.host[0].compose).services["topics"].environment.KAFKA_REPLICATION_FACTOR == "1"
    error_message = "The host's own broker is one broker, on loopback."
  }

  assert {
    condition     = !strcontains(output.dashboard, "http") && strcontains(output.dashboard, "start-session")
    error_message = "Without allowed_cidrs the output says how to forward a port."
  }

  assert {
    condition     = output.snowflake_external_id == "example-external-id" && output.snowflake_allowed_location == "s3://stock-pipeline-0a1b2c3d/raw/" && output.snowflake_trusted
    error_message = "The outputs have what the Snowflake integration needs."
  }
}

run "key_pairs_in_place_of_roles" {
  command = plan

  variables {
    snowflake_sign_in = "key"
  }

  assert {
    condition     = output.snowflake_options == "--auditor-key auditor.pub --dashboard-key dashboard.pub --loader-key loader.pub" && length([for name in output.secrets : name if strcontains(name, "snowflake-")]) == 3
    error_message = "Each user has a key, and each private key a secret."
  }

  assert {
    condition     = alltrue([for name in ["sf-loader", "migrations", "auditor", "dashboard"] : yamldecode(module.host[0].compose).services[name].environment.SNOWFLAKE_PRIVATE_KEY_FILE == "/run/stock/snowflake.p8" && !contains(keys(yamldecode(module.host[0].compose).services[name].environment), "SNOWFLAKE_WORKLOAD_IDENTITY")])
    error_message = "The services sign in by their keys, and by nothing else."
  }

  assert {
    condition     = contains(yamldecode(module.host[0].compose).services["dashboard"].volumes, "/run/stock-pipeline/dashboard:/run/stock:ro") && !contains(keys(output.role_arns), "dashboard")
    error_message = "The dashboard, which calls nothing of AWS then, has its key and no role."
  }
}

run "brokers_bucket_and_network_of_the_user" {
  command = apply

  variables {
    existing_bucket = "my-stocks"
    existing_vpc    = { id = "vpc-1", public_subnet_ids = ["subnet-1"] }
    kafka           = { bootstrap_servers = "b-1.example.com:9096,b-2.example.com:9096", cidrs = ["10.9.0.0/16"] }
    allowed_cidrs   = ["203.0.113.0/24"]
  }

  assert {
    condition     = length(module.network) == 0 && length(module.storage) == 0
    error_message = "What the user has is not made again."
  }

  assert {
    condition     = yamldecode(module.host[0].compose).services["s3-sink"].environment.S3_BUCKET == "my-stocks" && yamldecode(module.host[0].compose).services["s3-sink"].environment.KAFKA_SECURITY_PROTOCOL == "SASL_SSL"
    error_message = "The services are given the user's bucket and brokers."
  }

  assert {
    condition     = contains(output.secrets, "stock-pipeline/kafka")
    error_message = "The sign-in to the user's brokers has a secret that waits for it."
  }

  assert {
    condition     = yamldecode(module.host[0].compose).services["dashboard"].environment.DASHBOARD_HOST == "0.0.0.0" && startswith(output.dashboard, "http://")
    error_message = "With allowed_cidrs the dashboard is reached by its address."
  }
}

run "the_free_plan_is_watched_by_the_day" {
  command = plan

  variables {
    alpha_vantage_plan = "free"
  }

  assert {
    condition     = module.alarms.on_objects == "stock-pipeline-no-object-for-days"
    error_message = "The free plan's data come once a day, and their absence raises an alarm."
  }
}

run "a_dollar_reaches_the_container" {
  command = apply

  variables {
    snowflake_database = "STOCKS$X"
  }

  assert {
    condition     = strcontains(module.host[0].compose, "STOCKS$$X") && !strcontains(module.host[0].compose, "STOCKS$X")
    error_message = "compose reads a single dollar as the beginning of a variable's name."
  }
}

run "access_logs_where_they_are_wanted" {
  command = apply

  variables {
    access_logs = true
  }

  assert {
    condition     = module.storage[0].log_bucket != null && module.roles.flow_log_role_arn != null
    error_message = "access_logs = true makes the bucket and the flow logs' role on ec2 too."
  }
}

run "the_ground_without_images" {
  command = plan

  variables {
    image_tag         = null
    snowflake_account = null
  }

  assert {
    condition     = length(module.host) == 0 && length(output.services) == 0 && length(output.repositories) == 5
    error_message = "Without image_tag there are repositories and secrets, and nothing runs."
  }
}
