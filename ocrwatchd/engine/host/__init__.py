"""The supervisor's side of an engine: start it, watch its deadlines, replace it."""
