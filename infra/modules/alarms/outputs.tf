output "on_objects" {
  description = "Name of the alarm that misses objects on S3. null where nothing runs."
  value       = one(concat(aws_cloudwatch_metric_alarm.freshness[*].alarm_name, aws_cloudwatch_metric_alarm.daily[*].alarm_name))
}

output "topic_arn" {
  description = "Topic that alarms and budget warnings go to."
  value       = aws_sns_topic.alarms.arn
}
