# What each service is given: one map a service, used by both deployments. Variables that are not here keep
# the service's own default.
locals {
  own_broker = local.ec2 && var.kafka == null
  sasl       = var.kafka == null ? !local.own_broker : startswith(var.kafka.security_protocol, "SASL")

  kafka_environment = merge(
    {
      KAFKA_BOOTSTRAP_SERVERS  = var.kafka != null ? var.kafka.bootstrap_servers : local.own_broker ? "localhost:9092" : one(module.msk[*].bootstrap_servers)
      KAFKA_SECURITY_PROTOCOL  = var.kafka != null ? var.kafka.security_protocol : local.own_broker ? "PLAINTEXT" : "SASL_SSL"
      KAFKA_REPLICATION_FACTOR = tostring(var.kafka != null ? var.kafka.replication_factor : local.own_broker ? 1 : 3)
    },
    { for name, value in { KAFKA_SASL_MECHANISM = try(var.kafka.sasl_mechanism, "SCRAM-SHA-512") } : name => value if local.sasl },
  )
  # On MSK each service has a user of its own, and so has the topic job, which grants the others their rights.
  # On the user's own brokers one sign-in serves all.
  topic_job   = "topics"
  kafka_users = toset(concat(keys(local.entries), [local.topic_job]))
  kafka_secrets = { for user in local.kafka_users : user => { for variable, key in { KAFKA_SASL_USERNAME = "username", KAFKA_SASL_PASSWORD = "password" } :
    variable => "${local.msk ? "AmazonMSK_${var.name}_${user}" : "${var.name}/kafka"}#${key}" if local.sasl
  } }
  grant = jsonencode({ for name, service in local.entries : name => service.kafka })

  dashboard_shown = local.ecs || length(var.allowed_cidrs) > 0
  dashboard_sign_in = { for name, value in {
    OIDC_METADATA_URL = try(var.dashboard_sign_in.metadata_url, null)
    OIDC_CLIENT_ID    = try(var.dashboard_sign_in.client_id, null)
    OIDC_REDIRECT_URL = try(var.dashboard_sign_in.redirect_url, null)
    OIDC_ALLOWED      = join(",", try(var.dashboard_sign_in.allowed, []))
  } : name => value if var.dashboard_sign_in != null }
  # Neither passes through Terraform: a person puts them, as one JSON secret.
  dashboard_secrets = { for variable, key in { OIDC_CLIENT_SECRET = "client_secret", OIDC_COOKIE_SECRET = "cookie_secret" } :
    variable => "${var.name}/dashboard-sign-in#${key}" if var.dashboard_sign_in != null
  }

  own_secrets = {
    producer  = { ALPHA_VANTAGE_API_KEY = "${var.name}/alpha-vantage" }
    dashboard = local.dashboard_secrets
  }
  object_environment = { S3_BUCKET = local.bucket, AWS_REGION = var.region }

  # The metrics port is reached from other tasks on ecs, from the host alone on ec2. Logs go to files only
  # where an agent reads them.
  common = merge(
    { METRICS_HOST = local.ecs ? "0.0.0.0" : "127.0.0.1" },
    { for name, value in { LOG_DIR = "/var/log/stock-pipeline" } : name => value if local.ec2 },
  )

  by_identity = var.snowflake_sign_in == "identity"
  snowflake_environment = { for user in ["loader", "auditor", "dashboard"] : user => merge(
    {
      SNOWFLAKE_ACCOUNT   = coalesce(var.snowflake_account, "none")
      SNOWFLAKE_USER      = var.snowflake_users[user]
      SNOWFLAKE_ROLE      = { loader = var.snowflake_roles.loader, auditor = var.snowflake_roles.auditor, dashboard = var.snowflake_roles.reader }[user]
      SNOWFLAKE_WAREHOUSE = user == "dashboard" ? var.snowflake_reader_warehouse : var.snowflake_warehouse
      SNOWFLAKE_DATABASE  = var.snowflake_database
    },
    # The connector signs a question to STS of the region that it is in.
    { for name, value in { SNOWFLAKE_WORKLOAD_IDENTITY = "AWS", AWS_REGION = var.region } : name => value if local.by_identity },
    { for name, value in { SNOWFLAKE_PRIVATE_KEY_FILE = "/run/stock/snowflake.p8" } : name => value if !local.by_identity },
  ) }

  # What a service takes of the platform. Nothing here depends on a resource, so that names and roles can be
  # made from it first.
  entries = yamldecode(file("${path.root}/../services.yaml"))
  services = { for name, service in local.entries : name => {
    cpu         = service.cpu
    memory      = service.memory
    host_memory = service.host_memory
    port        = service.metrics_port
    page        = try(service.page, null)
    log_file    = service.log_file
    tasks       = { min = 1, max = service.most_tasks }
    spot        = service.spot && var.spot
    state       = service.state
    s3          = service.s3
    key         = try(service.snowflake, null)
    migrates    = try(service.migrates, false)
    # These read tables that the loader's migrations make: on ecs they come once the loader is up.
    reads   = contains(service.needs, "migrations") && !try(service.migrates, false)
    secrets = merge(local.kafka_secrets[name], lookup(local.own_secrets, name, {}))
    # Whether it calls AWS: S3, or Snowflake by its role.
    role = service.s3 != "none" || local.by_identity && try(service.snowflake, null) != null
  } }

  # Commands that are run before a service, each start: both change nothing when there is nothing to do.
  topics = {
    name        = local.topic_job
    command     = concat(["python", "-m", "stock_kafka.topics"], [for word in ["--grant", local.grant] : word if local.msk])
    environment = {}
    secrets     = local.kafka_secrets[local.topic_job]
  }
  migrations = { name = "migrations", command = ["python", "-m", "stock_sf_loader", "migrate"], environment = { SNOWFLAKE_ROLE = var.snowflake_roles.owner }, secrets = {} }
  jobs       = { for name in keys(local.services) : name => [for job in [local.topics, local.migrations] : job if job.name == "topics" || local.services[name].migrates] }

  # The variables that follow from ours. A service that needs none of its own has no entry here.
  own_variables = {
    producer = {
      QUOTE_SOURCE          = "alphavantage"
      ALPHA_VANTAGE_PLAN    = var.alpha_vantage_plan
      SYMBOLS               = join(",", var.symbols)
      POLL_INTERVAL_SECONDS = tostring(var.poll_interval_seconds)
      STATE_DIR             = "/state"
    }
    s3-sink = {
      FLUSH_SECONDS = tostring(var.flush_seconds)
    }
    sf-loader = {
      LOAD_INTERVAL_SECONDS         = tostring(var.load_interval_seconds)
      SNOWFLAKE_STORAGE_INTEGRATION = var.snowflake_integration
    }
    dashboard = merge({
      DASHBOARD_HOST = local.dashboard_shown ? "0.0.0.0" : "127.0.0.1"
      DASHBOARD_PORT = "8501"
      # Who reaches it is decided before it: by allowed_cidrs, and on ecs by the load balancer's sign-in.
      DASHBOARD_PUBLIC = tostring(local.dashboard_shown && var.dashboard_sign_in == null)
    }, local.dashboard_sign_in)
  }

  variables = { for name, service in local.services : name => merge(
    local.kafka_environment,
    service.s3 == "none" ? {} : local.object_environment,
    service.key == null ? {} : local.snowflake_environment[coalesce(service.key, "loader")],
    lookup(local.own_variables, name, {}),
  ) }

  environment = { for name, service in local.services : name => merge(
    local.common, { METRICS_PORT = tostring(service.port) }, local.variables[name], lookup(var.environment, name, {})
  ) }

  # Secrets that a person puts. MSK's sign-in is made by its module.
  secrets = merge(
    { alpha-vantage = "The Alpha Vantage API key" },
    { for user in ["loader", "auditor", "dashboard"] : "snowflake-${user}" => "Private key (PEM) of the Snowflake user ${var.snowflake_users[user]}" if !local.by_identity },
    local.monitoring_secrets,
    { for name, about in { dashboard-sign-in = "The dashboard at the identity provider, as JSON: client_secret, and cookie_secret (32 random characters or more)" } : name => about if var.dashboard_sign_in != null },
    { for name, about in { kafka = "Sign-in to the brokers, as JSON: username and password" } : name => about if local.sasl && !local.msk },
  )

  key_secrets = { for name, service in local.services : name => { for file, user in { "snowflake.p8" = service.key } : file => "${var.name}/snowflake-${user}" if user != null && !local.by_identity } }
  all_secrets = { for name, service in local.services : name => concat(values(service.secrets), flatten([for job in local.jobs[name] : values(job.secrets)]), values(local.key_secrets[name])) }
  stages      = merge({ for name, service in local.services : name => { s3 = service.s3, role = service.role, secrets = toset([for secret in local.all_secrets[name] : split("#", secret)[0]]), topic = null } }, local.monitoring_stages)
  # Written, so that a plan and Snowflake's administrator have them before they are made.
  role_arns         = { for name, service in local.services : name => "arn:${local.partition}:iam::${local.account}:role/${var.name}-${name}-task-role" if service.role }
  snowflake_options = join(" ", [for name, service in local.services : local.by_identity ? "--${service.key}-arn ${local.role_arns[name]}" : "--${service.key}-key ${service.key}.pub" if service.key != null])

  state_stages = toset([for name, service in local.services : name if service.state && local.ecs && local.running])
  registry     = "${local.account}.dkr.ecr.${var.region}.amazonaws.com${local.partition == "aws-cn" ? ".cn" : ""}"
  images       = { for name in keys(local.services) : name => "${local.registry}/${var.name}/${name}:${coalesce(var.image_tag, "none")}" }

  health = { for name in keys(local.services) : name => ["python", "-c",
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:${local.environment[name].METRICS_PORT}/healthz', timeout=4)"
  ] }
}
