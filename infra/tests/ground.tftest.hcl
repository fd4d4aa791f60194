# What deploy.sh applies first, by the same targets (test_deploy.py compares them), and the outputs that it reads
# right after: a targeted apply writes only those that descend from a target.
mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = random_id.suffix
  values = { hex = "0a1b2c3d" }
}

override_resource {
  target = random_uuid.external_id
  values = { result = "00000000-0000-0000-0000-000000000000" }
}

variables {
  image_tag         = "4f2a9c1"
  snowflake_account = "example-account"
  certificate_arn   = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
}

run "the_ground_of_a_host" {
  command = apply

  plan_options {
    target = [module.registry, module.secrets, module.roles.aws_iam_role_policy.snowflake, module.storage, module.address]
  }

  assert {
    condition     = output.region == "us-east-1" && output.deployment == "ec2" && output.snowflake_trusted == false
    error_message = "deploy.sh reads region, deployment and snowflake_trusted after the targeted apply."
  }

  assert {
    condition     = output.address == "198.51.100.8"
    error_message = "The host's address is there before Snowflake's network policy wants it."
  }

  assert {
    condition     = contains(output.secrets, "stock-pipeline/alpha-vantage") && length(output.repositories) == 5
    error_message = "deploy.sh reads secrets and repositories after the targeted apply."
  }

  assert {
    condition     = output.bucket == "stock-pipeline-0a1b2c3d" && length(output.snowflake_external_id) == 36 && startswith(output.snowflake_role_arn, "arn:")
    error_message = "deploy.sh prints bucket, role and external id for Snowflake after the targeted apply."
  }

  assert {
    condition     = strcontains(output.snowflake_options, "--loader-arn arn:aws:iam::123456789012:role/stock-pipeline-sf-loader-task-role")
    error_message = "deploy.sh prints the users' roles for Snowflake after the targeted apply."
  }
}

run "the_ground_of_tasks" {
  command = apply

  variables {
    deployment              = "ecs"
    existing_bucket         = "my-stocks"
    name_suffix             = "0a1b2c3d"
    snowflake_external_id   = "example-external-id"
    snowflake_principal_arn = "arn:aws:iam::999999999999:user/snowflake"
  }

  plan_options {
    target = [module.registry, module.secrets, module.roles.aws_iam_role_policy.snowflake, module.storage, module.address]
  }

  assert {
    condition     = output.address == "198.51.100.8"
    error_message = "The NAT's address is there before Snowflake's network policy wants it."
  }

  assert {
    condition     = output.region == "us-east-1" && output.deployment == "ecs" && output.snowflake_trusted && output.bucket == "my-stocks" && output.snowflake_external_id == "example-external-id" && length(output.secrets) > 0
    error_message = "The outputs are there when nothing of them comes from a resource, too."
  }
}
