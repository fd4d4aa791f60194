# deployment = "ecs", planned with a provider that invents what AWS would answer. (Applied it cannot be: mocks have no ephemeral values,
# and MSK's sign-in is one; the run with the user's brokers is applied.)
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  deployment              = "ecs"
  name_suffix             = "0a1b2c3d"
  image_tag               = "4f2a9c1"
  alpha_vantage_plan      = "150"
  snowflake_account       = "example-account"
  snowflake_principal_arn = "arn:aws:iam::999999999999:user/snowflake"
  snowflake_external_id   = "example-external-id"
  certificate_arn         = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
}

run "five_services_behind_a_load_balancer_with_msk" {
  command = plan

  assert {
    condition     = length(module.host) == 0 && length(module.msk) == 1 && length(module.load_balancer) == 1 && length(module.service) + length(module.reader) == 5 && length(module.monitor) == 0
    error_message = "ecs is MSK, a load balancer and five services, and no host."
  }

  assert {
    condition     = output.instance_id == null && contains(output.services, "auditor")
    error_message = "The outputs name the services and no host."
  }
}

run "nothing_that_costs_before_something_runs" {
  command = apply

  variables {
    image_tag         = null
    snowflake_account = null
  }

  assert {
    condition     = length(module.msk) == 0 && length(module.load_balancer) == 0 && length(module.cluster) == 0 && length(module.address) == 0
    error_message = "Without image_tag there are no brokers, no load balancer, no file system and no NAT, which are paid by the hour."
  }

  assert {
    condition     = length(module.network[0].private_subnet_ids) == 3 && length(output.repositories) == 5 && strcontains(output.dashboard, "nothing runs yet")
    error_message = "Without image_tag the network and the repositories are there."
  }
}

run "two_zones_are_enough_with_brokers_of_the_user" {
  command = plan

  variables {
    kafka = { bootstrap_servers = "b-1.example.com:9096", cidrs = ["10.9.0.0/16"] }
    zones = ["us-east-1b", "us-east-1d"]
  }

  assert {
    condition     = length(module.network[0].private_subnet_ids) == 2
    error_message = "A region of two zones carries ecs without MSK."
  }
}

run "two_zones_are_too_few_for_msk" {
  command = plan

  variables {
    zones = ["us-east-1b", "us-east-1d"]
  }

  expect_failures = [
    data.aws_availability_zones.available,
  ]
}

run "tasks_as_they_are_written" {
  command = apply

  variables {
    kafka              = { bootstrap_servers = "b-1.example.com:9096", cidrs = ["10.9.0.0/16"] }
    monitoring         = true
    allowed_cidrs      = ["0.0.0.0/0"]
    snowflake_sign_in  = "key"
    oidc               = { issuer = "https://id.example.com", authorization_endpoint = "https://id.example.com/a", token_endpoint = "https://id.example.com/t", user_info_endpoint = "https://id.example.com/u", client_id = "stock" }
    oidc_client_secret = "test-only"
  }

  assert {
    condition = alltrue(flatten([for service in merge(module.service, module.reader, module.monitor) : [
      for container in jsondecode(service.container_definitions) : container.readonlyRootFilesystem && contains(container.linuxParameters.capabilities.drop, "NET_RAW") || contains(container.linuxParameters.capabilities.drop, "ALL")
    ]]))
    error_message = "Every container has a read-only root and drops its capabilities."
  }

  assert {
    condition = alltrue([for service in merge(module.service, module.reader) : [
      for container in jsondecode(service.container_definitions) : container.stopTimeout == 40 && container.user == "10001:10001" && container.healthCheck.command[0] == "CMD" if container.essential
    ][0]])
    error_message = "Every service has 40 s to close, runs as 10001, and its health is asked."
  }

  assert {
    condition = alltrue(flatten([for service in merge(module.service, module.reader, module.monitor) : [
      for container in jsondecode(service.container_definitions) : alltrue([for secret in container.secrets : startswith(secret.valueFrom, "arn:aws:secretsmanager:")]) && !anytrue([for pair in container.environment : can(regex("PASSWORD|TOKEN|API_KEY|SECRET", pair.name))])
    ]]))
    error_message = "Secrets are named by their ARN, and no variable of a task holds one."
  }

  assert {
    condition     = [for container in jsondecode(module.service["sf-loader"].container_definitions) : container.name] == ["prepare", "topics", "migrations", "sf-loader"]
    error_message = "The loader's migrations come after the topics and before the loader."
  }

  assert {
    condition     = [for container in jsondecode(module.service["sf-loader"].container_definitions) : length([for secret in container.secrets : secret if startswith(secret.name, "FILE_")])] == [1, 0, 0, 0]
    error_message = "Only the container that writes the key file is given the key."
  }

  assert {
    condition     = one([for pair in jsondecode(module.service["sf-loader"].container_definitions)[2].environment : pair.value if pair.name == "SNOWFLAKE_ROLE"]) == "STOCK_OWNER"
    error_message = "Migrations run as the owner."
  }

  assert {
    condition     = length(module.monitor) == 3 && contains([for pair in jsondecode(module.monitor["prometheus"].container_definitions)[0].environment : pair.name], "FILE_RULES_PIPELINE_YML")
    error_message = "Prometheus, Alertmanager and Grafana run, and Prometheus has the rules."
  }
}
