"""What scans come as, and what sets hold."""
