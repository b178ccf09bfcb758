"""What is heard again is what was measured: the same parts of the same file, that add up to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio
from audiolime_ext.audio.recording import load_audio
from audiolime_ext.concepts.measurement.patches import patches_of
from audiolime_ext.concepts.measurement.records import Entry, Identity
from audiolime_ext.concepts.measurement.sounds import HeardSong, HearingAgain
from audiolime_ext.concepts.measurement.store import ConceptStore
from audiolime_ext.concepts.pipeline import measure_concepts
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.factorization.loading import load_factorization
from tests.concepts.listener import SR
from tests.concepts.planted import BEEP_HZ, BEEP_S, MODEL, collection

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return collection(tmp_path_factory.mktemp("songs"), n_songs=10)


@pytest.fixture(scope="module")
def store(songs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    given: dict[str, Any] = {"splits": ["slic:6", "bands:3"], "duration_s": 1.0, "workers": 0, "progress": False}
    return measure_concepts(songs, MODEL, "hidden", store=tmp_path_factory.mktemp("s") / "x.concepts", **given)


@pytest.fixture(scope="module")
def heard(store: Path) -> list[tuple[HeardSong, Any]]:
    with ConceptStore.read(store) as opened:
        again = HearingAgain.of(opened.identity, trust=True)
        return [(again.song(entry, found.patches), found) for entry, found in opened.measured()[:2]]


def test_parts_add_up_to_the_excerpt_and_a_patch_is_alone_in_its_window(heard: list[tuple[HeardSong, Any]]) -> None:
    for song, found in heard:
        for parts in song.parts.values():
            np.testing.assert_allclose(parts.sum(axis=0), song.excerpt, atol=1e-5)
        for patch in found.patches:
            assert song.alone(patch).shape == song.window(patch).shape == (1, SR)


def test_the_beep_is_heard_alone_and_outlined_where_it_is(heard: list[tuple[HeardSong, Any]]) -> None:
    song, found = heard[0]
    beep = max((one for one in found.patches if one.split == "slic:6" and not one.silent), key=lambda one: one.share)
    alone = np.abs(np.fft.rfft(song.alone(beep)[0]))
    assert np.fft.rfftfreq(SR, 1 / SR)[alone.argmax()] == pytest.approx(BEEP_HZ, abs=10)
    labels = song.labels("slic:6")
    assert labels.shape == song.mel_db.shape
    column, band = np.unravel_index(song.mel_db.argmax(), song.mel_db.shape)
    assert labels[column, band] == beep.number + 1
    columns = np.flatnonzero((labels == beep.number + 1)[:, band])
    assert len(columns) / len(labels) < 3 * BEEP_S
    assert beep.place is not None
    assert columns.min() / len(labels) == pytest.approx(beep.place[0], abs=0.15)


def test_bands_are_outlined_one_above_the_other(heard: list[tuple[HeardSong, Any]]) -> None:
    labels = heard[0][0].labels("bands:3")
    rows = [np.flatnonzero((labels == number).any(axis=0)) for number in (1, 2, 3)]
    assert [one.mean() for one in rows] == sorted(one.mean() for one in rows)


@pytest.mark.parametrize("clip", ["audiolime_ext/data/ezer_ev.ogg", "examples/audio/vermocsar.ogg"])
def test_real_music_is_heard_at_its_own_rate_and_channels(clip: str) -> None:
    audio = load_audio(ROOT / clip)
    split = load_factorization("slic:5")
    identity = Identity("m", MODEL.fingerprint or "", "hidden", ("a", "b"), ("slic:5",), (split.fingerprint,), 3.0)
    entry = Entry(str(ROOT / clip), audio.sha256, "clip", "a", "clip")
    start_s = (audio.duration_s - 3) / 2
    found = patches_of(audio, MODEL, [split], start_s=start_s, duration_s=3.0)
    song = HearingAgain.of(identity, MODEL).song(entry, found.of)
    assert (song.sr, len(song.excerpt), song.start_s) == (audio.sr, audio.n_channels, start_s)
    np.testing.assert_allclose(song.excerpt, audio.excerpt(start_s, 3.0).samples, atol=1e-4)
    for patch in found.of:
        begin, end = song.span(patch)
        assert end - begin == pytest.approx(1.0)
        assert begin == pytest.approx(found.starts_s[patch.window] - start_s)
    drawn = song.labels("slic:5")
    assert (drawn > 0).mean() > 0.5
    loudest = max(found.of, key=lambda one: one.share)
    assert (drawn == loudest.number + 1).any()


def test_what_changed_vanished_or_is_another_makes_no_sound_and_says_why(
    store: Path, heard: list[tuple[HeardSong, Any]], tmp_path: Path
) -> None:
    with ConceptStore.read(store) as opened:
        identity, (entry, found) = opened.identity, opened.measured()[0]
    again = HearingAgain.of(identity, MODEL)
    Audio(np.full((1, SR), 0.1, np.float32), SR).write(tmp_path / "other.wav")
    with pytest.raises(AudioError, match="no longer the file that was measured"):
        again.song(replace(entry, path=str(tmp_path / "other.wav")), found.patches)
    assert "gone.wav" in str(again.heard(replace(entry, path=str(tmp_path / "gone.wav")), found.patches))
    renamed = [replace(one, name="another") for one in found.patches]
    assert "falls into other parts of slic:6" in str(again.heard(entry, renamed))
    with pytest.raises(UsageError, match="another model"):
        HearingAgain.of(identity, replace(MODEL, fingerprint="other"))


def test_a_module_that_only_the_store_names_is_not_imported(store: Path) -> None:
    with ConceptStore.read(store) as opened, pytest.raises(UsageError, match="add --trust"):
        HearingAgain.of(replace(opened.identity, model="tests.concepts.planted:MODEL"))
