"""The engine process: it recognises and corrects one job at a time."""
