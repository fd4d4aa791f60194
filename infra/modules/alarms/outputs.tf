output "topic_arn" {
  description = "Topic that alarms and budget warnings go to."
  value       = aws_sns_topic.alarms.arn
}
