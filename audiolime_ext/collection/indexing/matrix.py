"""Vectors in files that are mapped into memory: ``vectors.f32`` and, where those of windows or of stems are kept,
``windows.f32`` and ``stems.f32``.

A file holds rows of little-endian float32, one after the other, and then 24 bytes: the state of the catalogue that it
was made from, the number of rows, and a checksum, each as a little-endian unsigned integer of 64 bits. It is made anew
from the catalogue wherever its state is another or the checksum does not fit, so it may be deleted at any time.

The checksum is the sum of all 32-bit words modulo 2⁶⁴: any one changed word changes it, and a gigabyte takes a fraction
of a second.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.files.fresh import fresh_file
from audiolime_ext.files.reading import require_file

VECTORS, WINDOWS, STEMS = "vectors.f32", "windows.f32", "stems.f32"
_TAIL = struct.Struct("<QQQ")


def write(path: Path, rows: Iterable[NDArray[np.float32]], state: int) -> None:
    """Write blocks of rows, in one step: afterwards the file holds all of them, or is as it was before.

    Parameters
    ----------
    path : Path
        File to write.
    rows : iterable of ndarray of float32, shape (n, n_features)
        Blocks of rows, in their order.
    state : int
        State of the catalogue that they were read from.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    n_rows, total = 0, 0
    with fresh_file(path) as temporary, temporary.open("wb") as file:
        for block in rows:
            content = np.ascontiguousarray(block, "<f4")
            file.write(content.tobytes())
            n_rows, total = n_rows + len(content), total + _sum(content)
        file.write(_TAIL.pack(state, n_rows, total % (1 << 64)))


def read(path: Path, n_features: int, state: int) -> NDArray[np.float32] | None:
    """The rows, mapped into memory, shape (n_rows, n_features); None where the file is not there, older or damaged."""
    with suppress(OSError, ValueError, struct.error):
        require_file(path)
        words = np.memmap(path, "<f4", mode="r")
        found, n_rows, total = _TAIL.unpack(words[-_TAIL.size // 4 :].tobytes())
        rows = words[: -_TAIL.size // 4]
        if found == state and rows.size == n_rows * n_features and _sum(rows) % (1 << 64) == total:
            return np.asarray(rows.reshape(n_rows, n_features))
    return None


def _sum(rows: NDArray[np.float32]) -> int:
    return int(rows.reshape(-1).view("<u4").sum(dtype=np.uint64))
