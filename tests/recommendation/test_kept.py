"""What is worked out once: read where it is of this very index, else made again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext.recommendation import kept as module
from audiolime_ext.recommendation.kept import kept
from tests.recommendation.planted import collection

N_SONGS = 50
SHAPES = {"mean": (1,)}


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST_SONGS", N_SONGS)


class Maker:
    """Counts how often the arrays are made."""

    def __init__(self) -> None:
        self.n_made = 0

    def __call__(self) -> dict[str, Any]:
        self.n_made += 1
        return {"mean": np.array([float(self.n_made)])}


def read(folder: Path, make: Maker, depends: dict[str, Any] | None = None, n: int = N_SONGS, **of: Any) -> float:
    arrays, note = kept(collection(np.zeros((n, 2)), folder=folder, **of), "mean", SHAPES, make, **(depends or {}))
    assert note is None
    return float(arrays["mean"][0])


def test_the_same_question_is_answered_from_disk(tmp_path: Path) -> None:
    make = Maker()
    assert [read(tmp_path, make) for _ in range(3)] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("other", [{"state": 2}, {"fingerprint": "another"}, {"n": N_SONGS + 1}, {"depends": {"k": 5}}])
def test_another_index_is_never_answered_by_it(tmp_path: Path, other: dict[str, Any]) -> None:
    make = Maker()
    assert [read(tmp_path, make), read(tmp_path, make, **other), read(tmp_path, make, **other)] == [1.0, 2.0, 2.0]


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no archive", b"\x80\x04N."])
def test_a_damaged_file_is_made_again(tmp_path: Path, damage: bytes) -> None:
    make = Maker()
    read(tmp_path, make)
    (tmp_path / "mean.npz").write_bytes(damage)
    assert [read(tmp_path, make), read(tmp_path, make)] == [2.0, 2.0]


def test_a_pickle_is_not_loaded(tmp_path: Path) -> None:
    class Attack:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "attacked"),)

    make = Maker()
    read(tmp_path, make)
    with np.load(tmp_path / "mean.npz") as file:
        stamp = file["stamp"]
    np.savez(tmp_path / "mean.npz", stamp=stamp, mean=np.array([Attack()], object))
    assert read(tmp_path, make) == 2.0
    assert not (tmp_path / "attacked").exists()


@pytest.mark.parametrize("wrong", [{"mean": np.zeros(2)}, {"other": np.zeros(1)}])
def test_arrays_of_another_shape_are_made_again(tmp_path: Path, wrong: dict[str, Any]) -> None:
    make = Maker()
    read(tmp_path, make)
    with np.load(tmp_path / "mean.npz") as file:
        np.savez(tmp_path / "mean.npz", stamp=file["stamp"], **wrong)
    assert read(tmp_path, make) == 2.0


def test_what_grows_when_it_is_read_is_made_again(tmp_path: Path) -> None:
    make = Maker()
    read(tmp_path, make)
    with np.load(tmp_path / "mean.npz") as file:
        np.savez_compressed(tmp_path / "mean.npz", stamp=file["stamp"], mean=file["mean"], more=np.zeros(10_000_000))
    assert read(tmp_path, make) == 2.0


def test_where_nothing_can_be_written_a_note_says_so(tmp_path: Path) -> None:
    arrays, note = kept(collection(np.zeros((N_SONGS, 2)), folder=tmp_path / "gone"), "mean", SHAPES, Maker())
    assert arrays["mean"].tolist() == [1.0]
    assert str(note).startswith("mean.npz is worked out each time, for it cannot be kept: cannot write ")


def test_small_collections_leave_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, Maker(), n=N_SONGS - 1) == 1.0
    assert list(tmp_path.iterdir()) == []
