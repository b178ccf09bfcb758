"""Explanations on disk: they come back whole, or are refused with a word of help."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Explanation, explain, tagger
from audiolime_ext.errors import OutputError, UsageError
from audiolime_ext.storage import FILE_NAME
from factorizations.oracle import OracleFactorization

SR = 8000


@pytest.fixture(scope="module")
def explanation() -> Explanation:
    """LIME on four of many masks: it has an intercept, a fidelity that may be missing, notes and warnings."""
    rng = np.random.default_rng(0)
    stems = {f"stem {i}": (rng.normal(0, 0.1 * 2**i, (2, SR)).astype(np.float32), SR) for i in range(2)}
    oracle = OracleFactorization(stems)
    levels = tagger(lambda batch: np.abs(batch)[:, [100, 200]], labels=["a", "é 🎸"], version="1")
    return explain(oracle.mixture, levels, factorization=oracle, segments=4, method="lime", max_evals=64)


def test_what_was_saved_is_what_is_loaded(explanation: Explanation, tmp_path: Path) -> None:
    loaded = Explanation.load(explanation.save(tmp_path / "new" / "folder"))
    ours, theirs = explanation.to_dict(), loaded.to_dict()
    np.testing.assert_allclose(theirs.pop("level_db"), ours.pop("level_db"), atol=1e-4)
    assert theirs == ours
    assert str(loaded) == str(explanation)
    for name in explanation.names:
        np.testing.assert_allclose(loaded.audio(name).samples, explanation.audio(name).samples, atol=1e-6)
    np.testing.assert_array_equal(loaded.neighborhood.masks, explanation.neighborhood.masks)


def test_a_folder_holds_json_and_flac_and_no_pickle(explanation: Explanation, tmp_path: Path) -> None:
    explanation.save(tmp_path / "saved")
    names = sorted(path.name for path in (tmp_path / "saved").iterdir())
    assert names == [FILE_NAME, "stem-0.flac", "stem-1.flac"]
    text = (tmp_path / "saved" / FILE_NAME).read_text(encoding="utf-8")
    json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON"))


def test_saving_below_a_file_is_refused(explanation: Explanation, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        explanation.save(tmp_path / "file" / "saved")


def without_a_stem(folder: Path) -> None:
    (folder / "stem-1.flac").unlink()


def with_a_cut_stem(folder: Path) -> None:
    content = (folder / "stem-0.flac").read_bytes()
    (folder / "stem-0.flac").write_bytes(content[: len(content) // 2])


def with_another_stem(folder: Path) -> None:
    import soundfile

    soundfile.write(folder / "stem-0.flac", np.zeros((100, 2)), SR)


def with_words(folder: Path) -> None:
    (folder / FILE_NAME).write_text("words")


def with_a_list(folder: Path) -> None:
    (folder / FILE_NAME).write_text("[]")


def without_weights(folder: Path) -> None:
    content: dict[str, Any] = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
    del content["attribution"]["weights"]
    (folder / FILE_NAME).write_text(json.dumps(content))


@pytest.mark.parametrize(
    "damage", [without_a_stem, with_a_cut_stem, with_another_stem, with_words, with_a_list, without_weights]
)
def test_a_damaged_folder_is_refused(explanation: Explanation, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    explanation.save(tmp_path / "saved")
    damage(tmp_path / "saved")
    with pytest.raises(UsageError, match=r"saved holds no saved explanation \(.*\); name a folder that save\(\) wrote"):
        Explanation.load(tmp_path / "saved")


def test_another_format_is_named(explanation: Explanation, tmp_path: Path) -> None:
    explanation.save(tmp_path / "saved")
    content = json.loads((tmp_path / "saved" / FILE_NAME).read_text(encoding="utf-8"))
    (tmp_path / "saved" / FILE_NAME).write_text(json.dumps({**content, "format": 99}))
    with pytest.raises(UsageError, match="was saved in format 99; this version reads format 1"):
        Explanation.load(tmp_path / "saved")
