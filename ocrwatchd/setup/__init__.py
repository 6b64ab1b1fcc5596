"""The machine around the daemon: check it, install the service, print what servers need."""
