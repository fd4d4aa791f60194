# Alarms on the metrics of host, tasks and brokers: one table, one alarm a row.
locals {
  host = {
    host-status = { namespace = "AWS/EC2", metric = "StatusCheckFailed", limit = 0, missing = "breaching", dimensions = { InstanceId = var.instance_id },
    about = "The host does not answer its status checks, or is stopped." }
    host-memory = { namespace = var.name, metric = "mem_used_percent", limit = 90, missing = "missing", dimensions = { InstanceId = var.instance_id },
    about = "The host has less than 10 % of its memory left." }
    host-disk = { namespace = var.name, metric = "disk_used_percent", limit = 80, missing = "missing", dimensions = { InstanceId = var.instance_id, path = "/" },
    about = "The host's system disk is more than 80 % full." }
    host-data-disk = { namespace = var.name, metric = "disk_used_percent", limit = 80, missing = "missing", dimensions = { InstanceId = var.instance_id, path = var.data_device_path },
    about = "The disk of Kafka and the producer's outbox is more than 80 % full: raise data_volume_gb." }
  }

  # A service without a running task sends no utilisation at all.
  tasks = { for stage, place in var.ecs_services : "${stage}-memory" => {
    namespace  = "AWS/ECS", metric = "MemoryUtilization", limit = 90, missing = "breaching",
    dimensions = { ClusterName = place.cluster, ServiceName = place.service },
    about      = "${stage} has no running task, or uses more than 90 % of its memory."
  } }

  # MSK reports it by broker, numbered from 1.
  brokers = { for broker in ["1", "2", "3"] : "msk-disk-${broker}" => {
    namespace  = "AWS/Kafka", metric = "KafkaDataLogsDiskUsed", limit = 80, missing = "breaching",
    dimensions = { "Cluster Name" = coalesce(var.msk_cluster, "none"), "Broker ID" = broker },
    about      = "The disk of broker ${broker} is more than 80 % full."
  } }

  watched = merge(
    { for name, alarm in local.host : name => alarm if var.watch_host },
    local.tasks,
    { for name, alarm in local.brokers : name => alarm if var.watch_msk },
  )
}

resource "aws_cloudwatch_metric_alarm" "resource" {
  for_each            = local.watched
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.about
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.limit
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 2
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = { Name = "${var.name}-${each.key}" }
}
