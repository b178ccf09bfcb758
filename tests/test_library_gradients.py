"""Why this song and not that one, by bands and by stems: triplets that are drawn, asked about once, and counted."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from audiolime_ext import make_index
from audiolime_ext.collection.index import load_index
from audiolime_ext.errors import UsageError
from examples.library import gradients
from examples.library.gradients_table import as_csv, as_markdown, thirds_turned, turned
from tests.gradients.networks import SR, Network, relu

GROUPS = ("one", "one", "two", "two", "three", "three", "four")


def _embedder() -> Network:
    rng = np.random.default_rng(0)
    model = Network(relu(rng.normal(0, 0.02, (12, 61, 32)), rng.normal(0, 1, (5, 12))))
    model.fingerprint = "planted"  # type: ignore[assignment]
    return model


EMBEDDER = _embedder()
ASKED: dict[str, Any] = {"n_triplets": 2, "separators": ["hpss"], "rank": 2, "model": EMBEDDER}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven songs of four soundtracks, and their index by a network of two layers."""
    folder, at = tmp_path_factory.mktemp("library"), np.arange(4 * SR) / SR
    rows = ["path,label,group,stems"]
    for number, group in enumerate(GROUPS):
        rng = np.random.default_rng(number)
        tone, beat = np.sin(2 * np.pi * (150 + 400 * number) * at) / 4, rng.normal(size=len(at)) * (at % 0.5 < 0.1) / 9
        soundfile.write(folder / f"{number}.wav", tone + beat, SR, "FLOAT")
        rows.append(f"{number}.wav,x,{group},")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "paths.csv").write_text("\n".join(row.split(",")[0] for row in rows) + "\n", encoding="utf-8")
    make_index(folder / "paths.csv", EMBEDDER, index=folder / "index", middle_s=3.0)
    return folder


@pytest.fixture(scope="module")
def found(library: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], Path]:
    out = tmp_path_factory.mktemp("out")
    return gradients.asked(library, library / "index", out, **ASKED), out


def test_triplets_are_of_three_soundtracks_and_no_two_queries_of_one(library: Path) -> None:
    index = load_index(library / "index")
    chosen = list(gradients.triplets(index, library, 4, 0, rank=2))
    groups = [[GROUPS[int(Path(str(index.songs[at].path)).stem)] for at in places] for places in chosen]
    assert len(chosen) == 4
    assert all(len(set(one)) == 3 for one in groups)
    assert len({one[0] for one in groups}) == 4
    assert chosen[:2] == list(gradients.triplets(index, library, 2, 0, rank=2)), "more begin with the same ones"


def test_songs_are_asked_about_once_and_kept(
    library: Path, found: tuple[list[dict[str, Any]], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("answer", "switched"):
        monkeypatch.setattr(gradients, name, None)
    assert gradients.asked(library, library / "index", found[1], **ASKED) == found[0]


def test_the_readings_are_what_they_say(found: tuple[list[dict[str, Any]], Path]) -> None:
    """The difference of two maps is the map of the difference; with B as the baseline it sums to f(x) − f(B)."""
    told = [one for one in found[0] if "bands" in one]
    assert told
    for one in told:
        assert one["apart"] < 1e-5
        assert one["difference of two"] == pytest.approx(one["bands"], abs=1e-5)
        assert sum(one["bands"]) == pytest.approx(np.mean(one["moved"]), abs=max(one["gaps"]) + 1e-5)
        (a, b), silence = np.mean(one["of query"], axis=0), one["of silence"]
        assert np.mean(one["moved"]) == pytest.approx((a - b) - (silence[0] - silence[1]), abs=1e-4)
        assert sum(one["B as baseline"]) == pytest.approx(a - np.mean(one["of B"], axis=0)[0], abs=0.02)
        assert sum(one["switched"]) == pytest.approx(np.mean(one["moved"]), abs=1e-4)
        assert len(one["switched"]) == 3
        assert one["blurs"]["8 frames"] == pytest.approx(one["bands"], abs=1e-6)
        assert sum(one["blurs"]["5 bands"]) == pytest.approx(sum(one["bands"]), abs=1e-6)


def test_bands_and_thirds_of_another_sign_are_counted() -> None:
    before = [1.0, 1.0, -0.5, 0.5, 0.1, 0.1]
    assert turned(before, before) == (0, 0.0)
    n, share = turned(before, [1.0, 1.0, 0.2, 0.5, -0.1, 0.1])
    assert (n, round(share, 6)) == (2, round(0.6 / 3.2, 6))
    assert thirds_turned(before, [1.0, 1.0, -0.5, 0.5, -0.3, 0.1]) == (True, False)
    assert thirds_turned(before, [-1.0, -1.0, -0.5, 0.5, 0.1, 0.1]) == (True, True)
    assert thirds_turned(before, [1.0, 1.0, 0.0, -0.2, 0.1, 0.1]) == (False, False), "the middle third is nothing"


def test_the_tables_hold_every_triplet_and_every_band(found: tuple[list[dict[str, Any]], Path]) -> None:
    records, _ = found
    text = as_markdown(records)
    assert text.startswith("2 triplets, ")
    assert "| reading 1, the difference of two maps | 0 of 32 (0 to 0) | 0 % (0 to 0) | 0 of " in text
    assert "| the same, blurred over 8 frames | 0 of 32 (0 to 0) |" in text
    assert "| the difference from silence | " in text
    lines = list(csv.reader(io.StringIO(as_csv(records))))
    assert len(lines) == 1 + 32 * sum("bands" in one for one in records)
    assert lines[0][-2:] == ["2 bands", "5 bands"]


def test_a_library_that_is_not_indexed_or_not_there_is_refused(library: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        gradients.asked(tmp_path, library / "index", tmp_path)
    (tmp_path / "manifest.csv").write_text("path,group\nother.wav,x\n", encoding="utf-8")
    with pytest.raises(UsageError, match="no song of"):
        gradients.asked(tmp_path, library / "index", tmp_path)
