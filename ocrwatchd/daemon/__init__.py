"""The two programs that run for long: supervisor and worker."""
