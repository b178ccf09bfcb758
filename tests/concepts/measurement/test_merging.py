"""Merged shards are the store that one run writes; merging again changes nothing; other stores are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext.concepts.measurement.merging import merge_concepts
from audiolime_ext.concepts.measurement.store import ConceptStore
from audiolime_ext.concepts.pipeline import measure_concepts
from audiolime_ext.errors import UsageError
from tests.concepts.planted import collection, hears_the_beep

MODEL = hears_the_beep()


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of 25 cannot be read."""
    folder = collection(tmp_path_factory.mktemp("songs"), n_songs=12)
    (folder / "a" / "bad.wav").write_bytes(b"no sound")
    return folder


def measured(songs: Path, store: Path, **options: Any) -> Path:
    given: dict[str, Any] = {"splits": ["bands:2"], "duration_s": 1.0, "workers": 0, "progress": False, **options}
    return measure_concepts(songs, MODEL, "hidden", store=store, **given)


def test_shards_become_what_one_run_writes(songs: Path, tmp_path: Path) -> None:
    whole = measured(songs, tmp_path / "whole.concepts")
    parts = [measured(songs, tmp_path / f"{i}.concepts", shard=(i, 3)) for i in (1, 2, 3)]
    out = tmp_path / "out.concepts"
    assert merge_concepts(parts[:2], out) + merge_concepts([*parts, out], out) == 24
    assert merge_concepts(parts, out) == 0
    with ConceptStore.read(whole) as one, ConceptStore.read(out) as other:
        assert one.failures() == other.failures()
        assert one.entries() == other.entries()
        for (entry, mine), (_, theirs) in zip(one.measured(), other.measured(), strict=True):
            assert mine.patches == theirs.patches, entry
            np.testing.assert_array_equal(mine.activations, theirs.activations)


def test_stores_of_different_settings_are_refused_before_anything_is_written(songs: Path, tmp_path: Path) -> None:
    one, other = measured(songs, tmp_path / "1.concepts"), measured(songs, tmp_path / "2.concepts", splits=["bands:3"])
    with pytest.raises(UsageError, match=r"were measured with different models or settings: splits \[\"bands:3\"\]"):
        merge_concepts([one, other], tmp_path / "out.concepts")
    assert not (tmp_path / "out.concepts").exists()
    with pytest.raises(UsageError, match="nothing to merge"):
        merge_concepts([one], one)
