"""A known page that is sent through the running daemon."""
