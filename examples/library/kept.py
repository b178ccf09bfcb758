"""What was computed from a file, kept on disk so that a run that is stopped goes on where it was."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.files.fresh import make_folder, write_bytes


def kept_array(folder: Path, what: str, of: Path, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    """The array that `make` gives, computed once for a name, a file, and the state that the file is in."""
    state = of.stat()
    key = hashlib.sha256(f"{of.resolve()} {state.st_size} {state.st_mtime_ns}".encode()).hexdigest()[:24]
    path = folder / what / f"{key}.npy"
    if not path.exists():
        content = io.BytesIO()
        np.save(content, make(), allow_pickle=False)
        make_folder(path.parent)
        write_bytes(content.getvalue(), path)
    return np.load(path, allow_pickle=False)
