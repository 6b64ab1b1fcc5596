"""``ocrwatchd service``: the units, the user, the folders and a configuration, put in place and taken away again."""
