"""Recordings: every way in, one shape inside."""

from __future__ import annotations

import hashlib
import io
import itertools
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from audiolime_ext import Audio, AudiolimeError, load_audio
from audiolime_ext.audio.recording import level_db
from audiolime_ext.errors import AudioError, OutputError, UsageError

SR = 44100


def noise(seconds: float, *, sr: int = SR, n_channels: int = 2) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    return rng.normal(0, 0.1, (n_channels, round(seconds * sr))).astype(np.float32)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
def test_a_file_is_read_by_path_and_as_a_file_object_alike(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"my song.{ending}"
    soundfile.write(path, noise(1.0).T, SR)
    by_path = load_audio(path)
    assert (by_path.name, by_path.path, by_path.sr, by_path.n_channels) == ("my song", str(path), SR, 2)
    assert by_path.duration_s == 1.0
    assert by_path.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    with path.open("rb") as file:
        by_file = load_audio(file)
    np.testing.assert_array_equal(by_file.samples, by_path.samples)
    assert (by_file.name, by_file.path, by_file.sha256) == ("my song", None, by_path.sha256)
    assert load_audio(str(path), name="given").name == "given"
    assert load_audio(io.BytesIO(path.read_bytes())).name == "file object"


def test_the_bundled_recordings_are_read(ezer_ev: Path) -> None:
    song = load_audio(ezer_ev)
    assert (song.sr, song.n_channels) == (44100, 2)
    assert song.duration_s == pytest.approx(20.0, abs=0.5)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_an_array_becomes_float32_and_keeps_its_values(dtype: type) -> None:
    mono = noise(0.1)[0].astype(dtype)
    audio = load_audio((mono, SR))
    assert audio.samples.dtype == np.float32
    assert (audio.samples.shape, audio.name) == ((1, 4410), "array")
    np.testing.assert_array_equal(audio.samples[0], mono.astype(np.float32))
    assert load_audio((noise(0.1), float(SR)), name="x").sr == SR


def test_an_audio_is_returned_as_it_is() -> None:
    audio = Audio(noise(0.1), SR, "song")
    assert load_audio(audio) is audio


def test_a_burst_of_a_damaged_mp3_is_told_with_its_place() -> None:
    """A wrong byte within a frame breaks no row of frames; the decoder makes a bang of it."""
    buffer = io.BytesIO()
    soundfile.write(buffer, np.random.default_rng(0).normal(0, 0.1, (4 * 44100, 2)), 44100, format="MP3")
    content = buffer.getvalue()
    assert load_audio(io.BytesIO(content)).warnings == ()
    frame = content.index(content[:2], len(content) // 2)
    gain = 4 + 5  # the frame's header, then 41 bits of side information in front of the gain of its first granule
    broken = content[: frame + gain] + b"\xff\xff" + content[frame + gain + 2 :]
    found = load_audio(io.BytesIO(broken), name="song.mp3")
    assert np.abs(found.samples).max() > 50
    (told,) = found.warnings
    assert re.match(r"song\.mp3 reaches \d{3,} times full scale \(more than \d from 1\.9\d s on\): it is damaged", told)


def test_samples_beyond_full_scale_are_kept(tmp_path: Path) -> None:
    loud = Audio(10 * noise(0.1), SR)
    assert np.max(np.abs(loud.samples)) > 1.5
    np.testing.assert_array_equal(load_audio(loud.write(tmp_path / "loud.wav")).samples, loud.samples)


def with_nan(value: float) -> NDArray[np.float32]:
    samples = noise(1.0)
    samples[1, SR // 2] = value
    return samples


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (noise(0.1), "an array needs its sampling rate"),
        ((SR, noise(0.1)), r"the sampling rate comes second"),
        ((noise(0.1), 0), "positive whole number of Hz, not 0"),
        ((noise(0.1), 44100.5), "positive whole number of Hz"),
        ((noise(0.1), float("nan")), "positive whole number of Hz, not nan"),
        ((noise(0.1), "44100"), "positive whole number of Hz, not '44100'"),
        ((np.zeros(100, np.int16), SR), r"must be floating point.*int16_samples.astype"),
        ((noise(0.1).T, SR), r"look transposed; pass \(n_channels, n_samples\): samples.T"),
        ((noise(0.1)[None], SR), r"must have shape \(n_samples,\) or"),
        ((noise(0.1, n_channels=8), SR), "array has 8 channels; mono and stereo can be used"),
        ((np.zeros((2, 0), np.float32), SR), "array holds no samples"),
        ((with_nan(np.nan), SR), r"NaN or infinite samples \(the first at 0\.500 s, 1 in all\)"),
        ((with_nan(-np.inf), SR), "NaN or infinite samples"),
        ((np.full(10, 1e300), SR), "NaN or infinite samples"),
        (Audio(with_nan(np.nan), SR, "song"), "song holds NaN"),
        (Audio(noise(0.1)[0], SR), "must have shape"),
        (3, "cannot read audio from a int; pass a path"),
        (None, "cannot read audio from a NoneType"),
        (io.StringIO("words"), "opened as text; open it in binary mode"),
        (io.BytesIO(b""), r"file object is empty \(0 bytes\)"),
        ("/nowhere/song.mp3", "cannot read /nowhere/song.mp3: No such file or directory; name an audio file"),
        ("/", "cannot read /: it is a folder"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_word_of_help(source: Any, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        load_audio(source)


def test_a_file_that_memory_cannot_hold_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "sparse.wav").open("wb") as file:
        file.truncate(10**13)
    with pytest.raises(AudioError, match=r"sparse\.wav: it holds 10 TB, and no more than .* is read; cut it"):
        load_audio(tmp_path / "sparse.wav")


def test_audio_errors_are_value_errors_with_exit_code_4() -> None:
    with pytest.raises(ValueError, match="NoneType") as caught:
        load_audio(None)
    assert isinstance(caught.value, AudiolimeError)
    assert caught.value.exit_code == 4


def test_the_hash_of_an_array_depends_on_samples_and_rate() -> None:
    samples = noise(0.1)
    same, other_rate, other = Audio(samples.copy(), SR), Audio(samples, 22050), Audio(samples * 2, SR)
    assert Audio(samples, SR).sha256 == same.sha256
    assert len({same.sha256, other_rate.sha256, other.sha256}) == 3


@pytest.mark.parametrize(
    ("start_s", "duration_s"),
    [(1.0, None), (2.0, 1.0), (0.5, 0.6), (-0.1, 0.5), (0.0, 0.0), (0.2, -0.1), (math.nan, 1.0), (0.0, math.inf)],
)
def test_an_excerpt_that_does_not_lie_within_is_refused(start_s: float, duration_s: float | None) -> None:
    with pytest.raises(AudioError, match=r"does not lie within 'song', which is 1\.000 s long|number of seconds"):
        Audio(noise(1.0), SR, "song").excerpt(start_s, duration_s)


def test_excerpts_side_by_side_are_the_recording() -> None:
    audio = Audio(noise(1.0), SR)
    edges = np.linspace(0, 1.0, 8)
    pieces = [audio.excerpt(a, b - a).samples for a, b in itertools.pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), audio.samples)


def test_the_same_sound_gives_the_same_file_at_any_time(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (2, 800)).astype(np.float32)
    content = Audio(noise, 8000).write(tmp_path / "noise.wav").read_bytes()
    at = content.index(b"PEAK")
    assert content[at + 12 : at + 16] == bytes(4)
    soundfile.write(tmp_path / "dated.wav", noise.T, 8000, subtype="FLOAT")
    dated = (tmp_path / "dated.wav").read_bytes()
    assert dated[at + 12 : at + 16] != bytes(4), "else there is nothing to take out"
    assert dated[: at + 12] + bytes(4) + dated[at + 16 :] == content
    np.testing.assert_array_equal(load_audio(tmp_path / "noise.wav").samples, noise)


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot write .*song\.wav"):
        Audio(noise(0.1), SR).write(tmp_path / "file" / "song.wav")


def test_the_player_escapes_names() -> None:
    page = Audio(np.full((1, 1000), 2.0, np.float32), SR, "<b>AC & DC</b>")._repr_html_()
    assert "&lt;b&gt;AC &amp; DC" in page
    assert "<b>" not in page


@pytest.mark.parametrize(("gain", "expected"), [(1.0, 0.0), (0.1, -20.0), (0.0, -200.0)])
def test_levels_are_energies_in_decibels(gain: float, expected: float) -> None:
    sound = noise(0.1)
    assert level_db(gain * sound, sound) == pytest.approx(expected, abs=1e-4)
    assert level_db(sound, 0 * sound) == -200.0


def test_wav_is_not_written_under_the_name_of_another_format(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"song\.flac would hold WAV.*end it in \.wav"):
        Audio(np.zeros((1, 100), np.float32), 8000).write(tmp_path / "song.flac")
    assert not any(tmp_path.iterdir())
