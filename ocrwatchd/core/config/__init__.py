"""The configuration: its keys, how it is read, and what its mistakes are called."""
