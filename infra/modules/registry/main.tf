variable "name" {
  description = "Prefix of the repositories' names."
  type        = string
}

variable "services" {
  description = "Services, one repository each."
  type        = set(string)
}

variable "force_delete" {
  description = "Whether repositories may be deleted with their images."
  type        = bool
}

resource "aws_ecr_repository" "this" {
  #checkov:skip=CKV_AWS_136: AWS's own key encrypts it. A key of ours costs a dollar a month and keeps out nobody who is not in the account already
  for_each             = var.services
  name                 = "${var.name}/${each.key}"
  image_tag_mutability = "IMMUTABLE"
  force_delete         = var.force_delete
  tags                 = { Name = "${var.name}/${each.key}" }

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "AES256"
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  for_each   = aws_ecr_repository.this
  repository = each.value.name

  policy = jsonencode({ rules = [
    {
      rulePriority = 1
      description  = "Untagged images go after a day"
      selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 1 }
      action       = { type = "expire" }
    },
    {
      rulePriority = 2
      description  = "Ten images are kept to go back to"
      selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 10 }
      action       = { type = "expire" }
    },
  ] })
}

output "urls" {
  description = "Service → repository address, without a tag."
  value       = { for service, repository in aws_ecr_repository.this : service => repository.repository_url }
}
