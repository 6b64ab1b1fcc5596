"""Between the supervisor and the engines: a local queue, or a cluster."""
