# What the host takes from deploy/ at each boot and each deploy. Secrets are named here, never held.
locals {
  # The host's role is the metadata service's to give. set_up.sh closes that to this group.
  without_role = "10001:10002"
  with_role    = "10001:10001"

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
    user        = local.without_role
    command     = job.command
    restart     = "on-failure:5"
    environment = merge(service.environment, { LOG_DIR = "" }, job.environment)
    env_file    = [{ path = "/run/stock-pipeline/${name}.env", format = "raw" }]
    volumes     = local.key_mounts[name]
  }) }]...)

  key_mounts = { for name, service in var.services : name => length(service.secret_files) == 0 ? [] : [
    "/run/stock-pipeline/${name}:/run/stock:ro"
  ] }

  containers = { for name, service in var.services : name => merge(local.container, {
    image = service.image
    user  = service.uses_role ? local.with_role : local.without_role
    # Not unless-stopped: after a reboot the unit starts them, once the secrets are there again.
    restart     = "on-failure"
    mem_limit   = "${service.memory}m"
    environment = service.environment
    env_file    = [{ path = "/run/stock-pipeline/${name}.env", format = "raw" }]
    volumes = concat(
      ["/var/log/stock-pipeline:/var/log/stock-pipeline"],
      local.key_mounts[name],
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
  own     = ["begin.sh", "set_up.sh", "secrets.sh", "heal.sh", "stock-pipeline.service", "stock-heal.service", "stock-heal.timer", "logrotate.conf"]

  contents = merge(var.scripts, { for file in local.own : file => file("${path.module}/files/${file}") }, {
    "compose.yaml"    = local.compose
    "cloudwatch.json" = jsonencode(local.agent)
    "secrets.tsv"     = "${join("\n", local.secret_rows)}\n"
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
