"""Stand-ins that are real in all but one thing."""
