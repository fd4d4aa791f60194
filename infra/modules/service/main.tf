# One stage on Fargate: its task, its service, its name in the network. Called once a stage.
locals {
  mounts = concat(
    [{ sourceVolume = "run", containerPath = "/run/stock", readOnly = true }, { sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }],
    [for path in ["/state"] : { sourceVolume = "state", containerPath = path, readOnly = false } if var.state != null],
  )
  environment = [for name in sort(keys(var.environment)) : { name = name, value = var.environment[name] }]
  secrets     = [for name in sort(keys(var.secrets)) : { name = name, valueFrom = var.secrets[name] }]
  logs = { logDriver = "awslogs", options = {
    awslogs-group = var.log_group, awslogs-region = var.place.region, awslogs-stream-prefix = var.stage
  } }

  # Fargate's volumes belong to root and the root file system is read-only: one short container makes them the
  # service's own and writes its files. Only this container is given the secrets that become files. What is
  # not secret is packed: a task definition holds 64 KiB.
  files       = merge({ for path, text in var.files : path => "| base64 -d | gunzip " }, { for path, arn in var.secret_files : path => "" })
  variable_of = { for path in keys(local.files) : path => "FILE_${upper(replace(path, "/[^A-Za-z0-9]/", "_"))}" }
  write_files = [for path in sort(keys(local.files)) : format(
    "mkdir -p /run/stock/%s && printf '%%s\n' \"$%s\" %s> /run/stock/%s", dirname(path), local.variable_of[path], local.files[path], path
  )]
  prepare_code = join(" && ", concat(["umask 077"], local.write_files, ["chown -R ${var.user} /run/stock /tmp"]))

  prepare = {
    name                   = "prepare"
    image                  = var.image
    essential              = false
    user                   = "0:0"
    readonlyRootFilesystem = true
    entryPoint             = ["/bin/sh", "-c"]
    command                = [local.prepare_code]
    environment            = [for path in sort(keys(var.files)) : { name = local.variable_of[path], value = base64gzip(var.files[path]) }]
    secrets                = [for path in sort(keys(var.secret_files)) : { name = local.variable_of[path], valueFrom = var.secret_files[path] }]
    mountPoints            = [for mount in local.mounts : merge(mount, { readOnly = false }) if mount.sourceVolume != "state"]
    # Fargate adds no capability back, so all but CHOWN and DAC_OVERRIDE are named.
    linuxParameters = { capabilities = { drop = [
      "AUDIT_WRITE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    ] } }
    logConfiguration = local.logs
  }

  job_names = concat(["prepare"], [for job in var.jobs : job.name])
  jobs = [for index, job in var.jobs : {
    name                   = job.name
    image                  = var.image
    essential              = false
    user                   = var.user
    readonlyRootFilesystem = true
    command                = job.command
    dependsOn              = [{ containerName = local.job_names[index], condition = "SUCCESS" }]
    environment            = concat([for pair in local.environment : pair if !contains(keys(job.environment), pair.name)], [for name in sort(keys(job.environment)) : { name = name, value = job.environment[name] }])
    secrets                = [for name, arn in merge(var.secrets, job.secrets) : { name = name, valueFrom = arn }]
    mountPoints            = [for mount in local.mounts : mount if mount.sourceVolume != "state"]
    linuxParameters        = { capabilities = { drop = ["ALL"] } }
    logConfiguration       = local.logs
  }]

  service = {
    name                   = var.stage
    image                  = var.image
    essential              = true
    user                   = var.user
    readonlyRootFilesystem = true
    stopTimeout            = 40
    dependsOn              = [{ containerName = local.job_names[length(var.jobs)], condition = "SUCCESS" }]
    portMappings           = [for port in var.ports : { containerPort = port, protocol = "tcp" }]
    environment            = local.environment
    secrets                = local.secrets
    mountPoints            = local.mounts
    linuxParameters        = { capabilities = { drop = ["ALL"] }, initProcessEnabled = true }
    logConfiguration       = local.logs
    healthCheck            = { command = concat(["CMD"], var.health_command), interval = 15, timeout = 5, retries = 4, startPeriod = 120 }
  }

  main = merge(local.service, { for key, value in { command = var.command } : key => value if value != null })
}

resource "aws_ecs_task_definition" "this" {
  family                   = "${var.name}-${var.stage}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  task_role_arn            = var.task_role_arn
  execution_role_arn       = var.execution_role_arn
  container_definitions    = jsonencode(concat([local.prepare], local.jobs, [local.main]))
  tags                     = { Name = "${var.name}-${var.stage}" }

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  dynamic "volume" {
    for_each = toset(["run", "tmp"])

    content {
      name = volume.key
    }
  }

  dynamic "volume" {
    for_each = var.state == null ? [] : [var.state]

    content {
      name = "state"

      efs_volume_configuration {
        file_system_id     = volume.value.file_system_id
        transit_encryption = "ENABLED"

        authorization_config {
          access_point_id = volume.value.access_point_id
          iam             = "ENABLED"
        }
      }
    }
  }
}
