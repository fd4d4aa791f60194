"""The command `doctor`: whether the pipeline will do what the settings say."""
