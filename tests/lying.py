"""What lies in a folder."""

import os
import stat
from pathlib import Path


def lying(base):
    """Every file under a folder, relative to it; what goes meanwhile is left out."""
    walked = ((Path(parent), names) for parent, _folders, names in os.walk(base))
    return sorted(str((parent / name).relative_to(base)) for parent, names in walked for name in names)


def modes(root):
    """The permissions of the root and its folders."""
    return {
        str(path.relative_to(root)): f"{stat.S_IMODE(path.stat().st_mode):04o}"
        for path in (root, *sorted(root.rglob("*")))
        if path.is_dir()
    }
