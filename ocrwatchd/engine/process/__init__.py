"""The engine process: it reads and corrects one job at a time."""
