"""Features of songs: of a table by their files, or by a model that hears the excerpt and by the tempo."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import Audio, tagger
from audiolime_ext.concepts.measurement.records import Entry
from audiolime_ext.errors import MissingError, UsageError
from audiolime_ext.files.reading import sha256_of
from audiolime_ext.report.concepts.features import NONE, Features, features_of, heard_features

SR = 16000


@pytest.fixture
def entries(tmp_path: Path) -> list[Entry]:
    found = []
    for i, level in enumerate((0.1, 0.2, 0.4)):
        sound = np.random.default_rng(i).normal(0, 1e-3, 8 * SR)
        for at in range(0, 8 * SR - 800, SR // 2):  # 120 beats per minute
            sound[at : at + 800] += level * np.hanning(800) * np.random.default_rng(at).normal(size=800)
        path = Audio(sound[None].astype(np.float32), SR).write(tmp_path / f"{i}.wav")
        found.append(Entry(str(path), sha256_of(path), path.name, "a", str(i)))
    return found


def test_songs_are_found_in_a_table_by_their_files(entries: list[Entry], tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("title;path;energy;valence;tempo;mood\nx;0.wav;0.2;0.5;120;sad\ny;2.wav;0.9;;90;glad\n")
    found = features_of(entries, table, 8.0)
    assert isinstance(found, Features)
    assert found.names == ("energy", "valence", "tempo")
    assert found.values[entries[0].key] == (0.2, 0.5, 120.0)
    assert found.values[entries[1].key] == (None, None, None)
    assert found.values[entries[2].key] == (0.9, None, 90.0)
    assert found.notes == ("1 of 3 songs is not in t.csv",)
    assert found.percentiles()[entries[2].key] == (100, None, 50)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,energy,valence,tempo\n0.wav,1,2,3\n", "one column path"),
        ("path,energy,valence\n0.wav,1,2\n", "2 columns of numbers, and a radar needs 3"),
        ("path,a,b,c\nelsewhere.wav,1,2,3\n", "no line of .* names a song of the store"),
        ("", "one column path"),
    ],
)
def test_what_is_no_table_of_features_is_refused(entries: list[Entry], tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(UsageError, match=message):
        features_of(entries, tmp_path / "t.csv", 8.0)
    with pytest.raises(UsageError, match="cannot be read"):
        features_of(entries, tmp_path / "gone.csv", 8.0)


def test_a_model_hears_the_excerpt_of_the_store_and_the_tempo_is_librosas(entries: list[Entry]) -> None:
    pytest.importorskip("librosa")
    levels = tagger(
        lambda batch: np.stack([np.abs(batch).max(axis=1), batch.shape[1] / SR + 0 * batch[:, 0]], axis=1),
        sr=SR,
        labels=["peak", "seconds"],
    )
    gone = replace(entries[0], path="gone.wav", sha256="0")
    found = heard_features([*entries, gone, replace(entries[0], start_s=1.0, duration_s=4.0)], levels, 6.0)
    assert found.names == ("peak", "seconds", "tempo")
    peaks = [found.values[one.key][0] for one in entries]
    assert peaks == sorted(peaks)  # type: ignore[type-var]
    assert found.values[entries[0].key][1] == pytest.approx(6.0)
    assert found.values[replace(entries[0], start_s=1.0, duration_s=4.0).key][1] == pytest.approx(4.0)
    assert found.values[entries[2].key][2] == pytest.approx(120, rel=0.05)
    assert found.values[gone.key] == (None, None, None)
    assert found.notes == ("1 of 5 songs is without features, since they cannot be heard",)


def test_where_vibenet_cannot_be_asked_the_page_says_so(entries: list[Entry], monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(spec: str) -> None:
        raise MissingError(f"{spec} is not here; fetch it")

    monkeypatch.setattr("audiolime_ext.report.concepts.features.load_model", missing)
    assert "vibenet is not here; fetch it" in str(features_of(entries, "vibenet", 8.0))
    assert features_of(entries, None, 8.0) == NONE
