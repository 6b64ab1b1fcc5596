"""See scans arrive, wait until they are whole, and claim them."""
