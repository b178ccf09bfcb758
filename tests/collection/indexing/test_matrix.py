"""Vectors in a file: whole, or not believed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audiolime_ext.collection.indexing import matrix

ROWS = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    matrix.write(tmp_path / "vectors.f32", (ROWS[:2], ROWS[2:2], ROWS[2:]), 2**64 - 1)
    return tmp_path / "vectors.f32"


def test_what_is_read_is_what_was_written_and_lies_in_the_file(path: Path) -> None:
    found = matrix.read(path, 3, 2**64 - 1)
    assert found is not None
    np.testing.assert_array_equal(found, ROWS)
    assert path.read_bytes()[: ROWS.nbytes] == ROWS.tobytes()
    assert isinstance(found.base.base if found.base is not None else None, np.memmap)


def test_an_empty_matrix_is_one(tmp_path: Path) -> None:
    matrix.write(tmp_path / "v", (), 5)
    found = matrix.read(tmp_path / "v", 3, 5)
    assert found is not None
    assert found.shape == (0, 3)


def test_a_file_of_another_state_or_width_or_with_one_wrong_bit_is_not_believed(path: Path) -> None:
    assert matrix.read(path, 3, 1) is None
    assert matrix.read(path, 4, 2**64 - 1) is None
    assert matrix.read(path.with_name("none"), 3, 1) is None
    content = path.read_bytes()
    for at in range(0, len(content), 5):
        path.write_bytes(content[:at] + bytes([content[at] ^ 16]) + content[at + 1 :])
        assert matrix.read(path, 3, 2**64 - 1) is None
    for length in (0, 1, 23, len(content) - 1, len(content) - 12):
        path.write_bytes(content[:length])
        assert matrix.read(path, 3, 2**64 - 1) is None
