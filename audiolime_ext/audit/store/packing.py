"""Numbers as a store keeps them: all rows of one measure of one recording in one block.

Numbers are float32, little-endian, row after row. Their bytes are reordered (all first bytes, all second bytes, …),
because exponents resemble each other and last bits do not, and compressed by zlib. Nothing is rounded: *what is
unpacked is what was packed*, as float32, with NaN for what is undetermined.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.text import counted


def packed(rows: Sequence[Sequence[float | None]], n_labels: int) -> bytes:
    """Pack rows of numbers into one block.

    Raises
    ------
    ValueError
        If the rows do not all hold one number for each label, or all a single one, or if a number is not finite.

    Examples
    --------
    >>> unpacked(packed([(0.5, None), (1.0, 2.0)], 2), 2, 2)
    array([[0.5, nan],
           [1. , 2. ]], dtype=float32)
    """
    widths = sorted({len(row) for row in rows})
    if len(widths) != 1 or not {*widths} <= {1, n_labels}:
        told = " and ".join(map(str, widths))
        raise ValueError(
            f"{told} values; give one, or one for each of {counted(n_labels, 'label')}, in every row alike"
        )
    numbers = np.array([[np.nan if value is None else value for value in row] for row in rows], "<f4")
    if int(np.isfinite(numbers).sum()) != sum(value is not None for row in rows for value in row):
        raise ValueError("a value is not finite; None stands for what is undetermined")
    return zlib.compress(numbers.reshape(-1, 1).view(np.uint8).T.tobytes())


def unpacked(block: bytes, n_rows: int, n_labels: int) -> NDArray[np.float32]:
    """The reverse of `packed`, shape (n_rows, n_labels) or (n_rows, 1).

    Raises
    ------
    ValueError, zlib.error
        If these are not so many numbers, or one is infinite.
    """
    shuffled = np.frombuffer(zlib.decompress(block), np.uint8).reshape(4, -1)
    numbers = np.ascontiguousarray(shuffled.T).view("<f4").astype(np.float32, copy=False)
    if numbers.size not in (n_rows, n_rows * n_labels) or not n_rows:
        raise ValueError(f"{counted(numbers.size, 'number')} for {counted(n_rows, 'row')} of 1 or {n_labels}")
    if np.isinf(numbers).any():
        raise ValueError("a number is infinite")
    return numbers.reshape(n_rows, -1)


def packed_pairs(pairs: Sequence[tuple[int, int]]) -> bytes:
    """Pack pairs of numbers below 2³¹ into one block."""
    return zlib.compress(np.array(pairs, "<i4").tobytes())


def unpacked_pairs(block: bytes) -> NDArray[np.int32]:
    """The reverse of `packed_pairs`, shape (n_pairs, 2)."""
    return np.frombuffer(zlib.decompress(block), "<i4").reshape(-1, 2).astype(np.int32, copy=False)


def values(row: NDArray[np.float32]) -> tuple[float | None, ...]:
    """One row as plain numbers; None where undetermined."""
    return tuple(None if value != value else value for value in row.tolist())
