"""What lies in a folder."""

import os
from pathlib import Path


def lying(base):
    """Every file under a folder, relative to it; what goes meanwhile is left out."""
    walked = ((Path(parent), names) for parent, _folders, names in os.walk(base))
    return sorted(str((parent / name).relative_to(base)) for parent, names in walked for name in names)
