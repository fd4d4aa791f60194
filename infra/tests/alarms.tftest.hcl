# modules/alarms alone, so that what an alarm is made of can be read.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name              = "stock-pipeline"
  email             = null
  account_id        = "123456789012"
  budget_usd        = 60
  freshness_minutes = null
  data_device_path  = "/data"
  watch_msk         = false
  running           = true
  msk_cluster       = null
}

run "days_without_an_object_count_from_when_there_is_a_host" {
  command = plan

  module {
    source = "./modules/alarms"
  }

  variables {
    instance_id  = "i-1"
    watch_host   = true
    ecs_services = {}
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.daily[0].treat_missing_data == "notBreaching"
    error_message = "A day before the deployment has no data, and is no day without an object."
  }

  assert {
    condition     = [for query in aws_cloudwatch_metric_alarm.daily[0].metric_query : query.expression if query.id == "days"] == ["MAX([objects, 0 * alive])"]
    error_message = "A day on which the host ran and the sink logged nothing is a 0, and not a day without data."
  }

  assert {
    condition     = [for query in aws_cloudwatch_metric_alarm.daily[0].metric_query : query.metric[0].dimensions if query.id == "alive"] == [tomap({ InstanceId = "i-1" })]
    error_message = "On ec2 the host's status says that something ran."
  }
}

run "or_a_task_of_the_sink" {
  command = plan

  module {
    source = "./modules/alarms"
  }

  variables {
    instance_id  = null
    watch_host   = false
    ecs_services = { s3-sink = { cluster = "c", service = "s" } }
  }

  assert {
    condition     = [for query in aws_cloudwatch_metric_alarm.daily[0].metric_query : query.metric[0].dimensions if query.id == "alive"] == [tomap({ ClusterName = "c", ServiceName = "s" })]
    error_message = "On ecs the sink's task says that something ran."
  }
}
