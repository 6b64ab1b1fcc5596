"""Numbers with their units, for people."""


def format_bytes(size: float) -> str:
    """A number of bytes for people: ``3.6 GB``, ``0.5 MB``."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"  # 100 MB are 0.1 GB
