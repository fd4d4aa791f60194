# What the host takes from deploy/ at each start. Secrets are named here, never held.
locals {
  container = {
    network_mode      = "host"
    user              = "10001:10001"
    init              = true
    read_only         = true
    tmpfs             = ["/tmp"]
    cap_drop          = ["ALL"]
    security_opt      = ["no-new-privileges:true"]
    stop_grace_period = "40s"
    logging           = { driver = "json-file", options = { max-size = "10m", max-file = "3" } }
  }

  # Run in every start, before the services; each job is made once, though several services name it.
  jobs = merge([for name, service in var.services : { for job in service.jobs : job.name => merge(local.container, {
    image       = service.image
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

  files = merge(var.scripts, { for file in ["install.sh", "fetch.sh", "secrets.sh", "stock-pipeline.service"] : file => file("${path.module}/files/${file}") }, {
    "compose.yaml"    = yamlencode({ name = "stock-pipeline", services = merge(local.containers, local.jobs) })
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
}

resource "aws_s3_object" "deploy" {
  for_each     = toset(keys(local.files))
  bucket       = var.made_bucket
  key          = "deploy/${each.key}"
  content      = local.files[each.key]
  content_type = "text/plain"
  tags         = { Name = "${var.name}-deploy" }
}
