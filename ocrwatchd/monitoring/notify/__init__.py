"""Tell a command of what happens: events, the queue in front of the command, and the process that runs it."""
