# What the host takes from deploy/ at each boot and each deploy. Secrets are named here, never held.
locals {
  # The metadata service gives out the host's role. set_up.sh closes it to this group.
  user = "10001:10001"

  container = {
    network_mode      = "host"
    init              = true
    read_only         = true
    tmpfs             = ["/tmp"]
    cap_drop          = ["ALL"]
    security_opt      = ["no-new-privileges:true"]
    stop_grace_period = "40s"
    logging           = { driver = "json-file", options = { max-size = "10m", max-file = "3" } }
  }

  # Run in every start, before the services. Each job is made once, though several services name it.
  jobs = merge([for name, service in var.services : { for job in service.jobs : job.name => merge(local.container, {
    image       = service.image
    user        = local.user
    command     = job.command
    restart     = "on-failure:5"
    environment = merge(service.environment, local.identity[name], { LOG_DIR = "" }, job.environment)
    env_file    = [{ path = "/run/stock-pipeline/${name}.env", format = "raw" }]
    volumes     = local.mounts[name]
  }) }]...)

  mounts = { for name, service in var.services : name => concat(
    [for place in ["/run/stock-pipeline/${name}:/run/stock:ro"] : place if length(service.secret_files) > 0],
    [for place in ["/run/stock-identities/${name}:/run/identity:ro"] : place if service.role_arn != null],
  ) }
  identity = { for name, service in var.services : name => merge(
    { AWS_EC2_METADATA_DISABLED = "true" },
    { for variable, value in { AWS_CONFIG_FILE = "/run/identity/config" } : variable => value if service.role_arn != null },
  ) }

  containers = { for name, service in var.services : name => merge(local.container, {
    image = service.image
    user  = local.user
    # Not unless-stopped: after a reboot the unit starts them, once the secrets are there again.
    restart     = "on-failure"
    mem_limit   = "${service.memory}m"
    environment = merge(service.environment, local.identity[name])
    env_file    = [{ path = "/run/stock-pipeline/${name}.env", format = "raw" }]
    volumes = concat(
      ["/var/log/stock-pipeline:/var/log/stock-pipeline"],
      local.mounts[name],
      [for path in ["/var/lib/stock-pipeline/${name}:/state"] : path if service.state],
    )
    depends_on  = { for job in service.jobs : job.name => { condition = "service_completed_successfully" } }
    healthcheck = { test = concat(["CMD"], service.health), interval = "15s", timeout = "5s", retries = 4, start_period = "120s" }
  }) }

  # Service, variable or file, its name, the secret, the key inside it: what secrets.sh fetches.
  secret_rows = flatten([for name in sort(keys(var.services)) : concat(
    [for variable, secret in var.services[name].secrets : join("\t", [name, "variable", variable, split("#", secret)[0], try(split("#", secret)[1], "-")])],
    [for file, secret in var.services[name].secret_files : join("\t", [name, "file", file, secret, "-"])],
  )])

  agent = {
    agent = { metrics_collection_interval = 60, run_as_user = "root" }
    metrics = {
      namespace              = var.name
      append_dimensions      = { InstanceId = "$${aws:InstanceId}" }
      aggregation_dimensions = [["InstanceId"], ["InstanceId", "path"]]
      metrics_collected = {
        mem  = { measurement = ["mem_used_percent"] }
        disk = { measurement = ["used_percent"], resources = ["/", "/var/lib/stock-pipeline"], drop_device = true }
      }
    }
    logs = { logs_collected = { files = { collect_list = [for file in sort(keys(var.log_groups)) : {
      file_path       = "/var/log/stock-pipeline/${file}"
      log_group_name  = var.log_groups[file]
      log_stream_name = "{instance_id}"
    }] } } }
  }

  # compose reads $ as the beginning of a variable's name.
  compose = replace(yamlencode({ name = "stock-pipeline", services = merge(local.containers, local.jobs) }), "$", "$$")
  own     = ["begin.sh", "set_up.sh", "secrets.sh", "identities.sh", "heal.sh", "stock-pipeline.service", "stock-heal.service", "stock-heal.timer", "stock-identities.service", "stock-identities.timer", "logrotate.conf"]

  contents = merge(var.scripts, { for file in local.own : file => file("${path.module}/files/${file}") }, {
    "compose.yaml"    = local.compose
    "cloudwatch.json" = jsonencode(local.agent)
    "secrets.tsv"     = "${join("\n", local.secret_rows)}\n"
    "identities.tsv"  = join("", [for name, service in var.services : "${name}\t${service.role_arn}\n" if service.role_arn != null])
    "host.env"        = <<-EOT
      NAME=${var.name}
      AWS_REGION=${var.region}
      BUCKET=${var.bucket}
      REGISTRY=${split("/", values(var.services)[0].image)[0]}
      DATA_VOLUME=${aws_ebs_volume.data.id}
      SERVICES="${join(" ", sort(keys(var.services)))}"
      OWN_KAFKA=${var.own_kafka ? "yes" : "no"}
    EOT
  })
  files = merge(local.contents, { files = "${join("\n", sort(keys(local.contents)))}\n" })
}

resource "aws_s3_object" "deploy" {
  for_each     = toset(keys(local.files))
  bucket       = var.made_bucket
  key          = "deploy/${each.key}"
  content      = local.files[each.key]
  content_type = "text/plain"
  tags         = { Name = "${var.name}-deploy" }
}
