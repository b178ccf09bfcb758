"""The reasons of recommendations by several separators: asked, kept, counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from audiolime_ext import make_index, tagger
from audiolime_ext.errors import UsageError
from examples.library import reasons
from examples.library.reasons_table import HALVES, MERGED, as_markdown, top

SR, GROUPS = 8000, ("one", "one", "two", "two")


def _bands(batch: NDArray[np.float32]) -> NDArray[np.float64]:
    power = np.abs(np.fft.rfft(batch)) ** 2
    return np.log10(np.stack([part.sum(axis=1) for part in np.array_split(power, 6, axis=1)], axis=1) + 1e-3)


BANDS = tagger(_bands, sr=SR, window_s=1.0, version="1")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four songs of two soundtracks, the first with true stems, and their index by the levels of some bands."""
    folder, at = tmp_path_factory.mktemp("library"), np.arange(4 * SR) / SR
    rows = ["path,label,group,stems"]
    for number, group in enumerate(GROUPS):
        rng = np.random.default_rng(number)
        parts = [np.sin(2 * np.pi * (150 + 400 * number) * at) / 4, rng.normal(size=len(at)) * (at % 0.5 < 0.1) / 9]
        (folder / f"stems-{number}").mkdir()
        for name, part in zip(("guitar", "rest"), parts, strict=True):
            soundfile.write(folder / f"stems-{number}" / f"{name}.wav", part, SR, "FLOAT")
        soundfile.write(folder / f"{number}.wav", sum(parts), SR, "FLOAT")
        rows.append(f"{number}.wav,x,{group},{'' if number else 'stems-0'}")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "paths.csv").write_text("\n".join(row.split(",")[0] for row in rows) + "\n", encoding="utf-8")
    make_index(folder / "paths.csv", BANDS, index=folder / "index", middle_s=2.0)
    return folder


def test_songs_are_asked_about_once_and_kept(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {"n_songs": 2, "separators": ["hpss"], "model": BANDS}
    found = reasons.asked(library, library / "index", tmp_path, **asked)
    by_song = {(one["song"], one["separator"]): one for one in found}
    assert ("0.wav", "true stems") in by_song
    assert len(by_song) == len(found) == 4 - (set(reasons.drawn([f"{n}.wav" for n in range(4)], 2, 0)) >= {"0.wav"})
    for one in found:
        song, other = (int(Path(one[which]).stem) for which in ("song", "neighbour"))
        assert GROUPS[song] != GROUPS[other]
        assert one["silence"] + sum(one["shares"].values()) == pytest.approx(one["score"], abs=1e-3)
    assert set(by_song["0.wav", "true stems"]["shares"]) == {"guitar", "rest"}
    monkeypatch.setattr(reasons, "answer", None)
    assert reasons.asked(library, library / "index", tmp_path, **asked) == found


def test_a_library_that_is_not_indexed_or_not_there_is_refused(library: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        reasons.asked(tmp_path, library / "index", tmp_path)
    (tmp_path / "manifest.csv").write_text("path,group\nother.wav,x\n", encoding="utf-8")
    with pytest.raises(UsageError, match="no song of"):
        reasons.asked(tmp_path, library / "index", tmp_path)


def test_stems_that_are_called_alike_are_summed() -> None:
    one = {"shares": {"piano": 0.2, "guitar": 0.2, "bass": 0.1, "drums": 0.3}}
    assert (top(one, None), top(one, MERGED), top(one, HALVES)) == ("drums", "piano+guitar", "guitar")


def test_the_tables_count() -> None:
    numbers = {"score": 0.6, "silence": 0.3, "windows": 4, "agree": 3, "level": False}
    record: dict[str, Any] = {"song": "a", "state": "leads", "first": ["drums"]} | numbers
    cerberus = record | {"separator": "cerberus", "shares": {"drums": 0.2, "piano+guitar": 0.1}, "moves": True}
    finer = record | {"separator": "cerberus?merge=none", "shares": {"drums": 0.1, "piano": 0.2}, "moves": None}
    told = as_markdown([cerberus, finer, cerberus | {"song": "b", "state": "whole"}])
    assert "| silence has half or more | 2 of 2 | 1 of 1 |" in told
    assert "| of those that lead: without it another song is nearest | 1 of 1 | – |" in told
    assert "| cerberus and cerberus?merge=none | 1 | 1 | 0 of 1 | 1 of 1 |" in told
    assert "| true stems and cerberus | 0 | 0 | – | – |" in told
