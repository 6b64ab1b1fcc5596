"""The engine process and its host: the only place where recognisers and language models run."""
