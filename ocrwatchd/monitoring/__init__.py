"""The state of the daemon, and all that show it."""
