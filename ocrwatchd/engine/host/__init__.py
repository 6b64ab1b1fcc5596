"""The supervisor's side of an engine: start the process, watch its deadlines, replace it."""
