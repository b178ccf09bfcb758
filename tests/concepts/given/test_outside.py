"""What is heard or read beside a store: the loudest window, values of a table, another model's scores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import Audio
from audiolime_ext.concepts.given.asked import parse
from audiolime_ext.concepts.given.outside import alone, by_model, by_table, loudest
from audiolime_ext.concepts.measurement.records import Entry
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.files.reading import sha256_of
from tests.concepts.listener import SR, listener
from tests.concepts.planted import collection

SPEC = "tests.concepts.planted:MODEL"


def songs(folder: Path) -> tuple[Entry, ...]:
    paths = sorted(collection(folder, n_songs=3).rglob("*.wav"))
    return tuple(Entry(str(path), sha256_of(path), path.name, path.parent.name, path.name) for path in paths)


def test_a_long_recording_is_heard_where_it_is_loudest_with_its_lead() -> None:
    model, samples = listener(lead_s=0.1), np.random.default_rng(0).normal(0, 0.01, (2, 5 * SR)).astype(np.float32)
    samples[:, 3 * SR : 4 * SR] *= 20
    heard = loudest(Audio(samples, SR), model, 1.0)
    np.testing.assert_allclose(heard, samples[:, 3 * SR - SR // 10 : 4 * SR].mean(axis=0, keepdims=True), atol=1e-6)


def test_a_short_one_lies_in_the_middle_of_silence() -> None:
    heard = loudest(Audio(np.full((1, SR // 2), 0.5, np.float32), SR), listener(lead_s=0.1), 1.0)
    assert heard.shape == (1, SR + SR // 10)
    assert np.flatnonzero(heard[0])[[0, -1]].tolist() == [SR // 10 + SR // 4, SR // 10 + 3 * SR // 4 - 1]


def test_silence_is_no_sound() -> None:
    with pytest.raises(AudioError, match="is silent"):
        loudest(Audio(np.zeros((1, SR), np.float32), SR), listener(), 1.0)


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    for name, level in (("loud", 0.5), ("mute", 0.0)):
        Audio(np.full((1, SR), level, np.float32), SR).write(tmp_path / f"{name}.wav")
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    (tmp_path / "notes.txt").write_text("")
    signals, notes = alone(tmp_path, listener(), 1.0)
    assert len(signals) == 1
    assert "notes.txt" in notes[0]
    assert sum("bad.wav" in note or "'mute' is silent" in note for note in notes) == 2
    (tmp_path / "loud.wav").unlink()
    with pytest.raises(UsageError, match=r"holds no recording that can be used.*'mute' is silent"):
        alone(tmp_path, listener(), 1.0)
    with pytest.raises(UsageError, match="is no folder"):
        alone(tmp_path / "nowhere", listener(), 1.0)


def test_songs_without_a_value_are_named(tmp_path: Path) -> None:
    entries = songs(tmp_path / "songs")
    lines = ["path,tempo", "songs/a/a0.wav,120", "songs/a/a1.wav,nan", "songs/b/b0.wav,99.5", "songs/elsewhere.wav,1"]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    values, notes = by_table(parse(f"x=feature:{tmp_path / 't.csv'}:tempo>100"), entries)
    np.testing.assert_array_equal(values, [120, np.nan, np.nan, 99.5, np.nan, np.nan])
    assert notes == ["4 songs without a value, left out: a1.wav, a2.wav, b1.wav, …"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["path,tempo", "other.wav,3"], "has no value of tempo for any of the songs"),
        (["path,tempo", "songs/a/a0.wav,fast"], "tempo is 'fast' in line 2 of .*; it must be a number"),
        (["path,tempo", "songs/a/a0.wav,1", "songs/a/../a/a0.wav,2"], "is named twice; keep one line"),
        (["path,speed", "songs/a/a0.wav,1"], "no column 'tempo'"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path: Path, lines: list[str], message: str) -> None:
    (tmp_path / "t.csv").write_text("\n".join(lines))
    with pytest.raises(UsageError, match=message):
        by_table(parse(f"x=feature:{tmp_path / 't.csv'}:tempo>100"), songs(tmp_path / "songs"))


def test_another_model_is_asked_of_the_same_excerpts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path / "cache"))
    entries = songs(tmp_path / "songs")
    entries = (replace(entries[0], sha256="another"), *entries[1:])
    scores, notes = by_model(parse(f"x=label:{SPEC}:A>.5"), entries, 1.0)
    assert np.isnan(scores[0])
    assert np.nanmin(scores[:3]) > scores[3:].max()  # those of class a hold the beep
    assert notes == [f"1 song that {SPEC} cannot hear (it was changed since the store was measured), left out: a0.wav"]
    with pytest.raises(UsageError, match="can hear none of the songs"):
        by_model(parse(f"x=label:{SPEC}:a>.5"), tuple(replace(one, sha256="") for one in entries), 1.0)
    for entry in entries[1:]:
        Path(entry.path).unlink()
    again, notes = by_model(parse(f"x=label:{SPEC}:a>.5"), entries, 1.0)
    np.testing.assert_array_equal(again, scores)  # the cache has them
    assert "cannot read" not in notes[0]
    with pytest.raises(UsageError, match="can hear none of the songs"):
        by_model(parse(f"x=label:{SPEC}:a>.5"), entries, 0.5)
    with pytest.raises(UsageError, match="'c'"):
        by_model(parse(f"x=label:{SPEC}:c>.5"), entries, 1.0)
