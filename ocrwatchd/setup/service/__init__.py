"""``ocrwatchd service``: install and remove the units, the user, the folders and a configuration."""
