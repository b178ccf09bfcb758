"""True stems: from dictionaries and folders, aligned and summing to the recording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext import Audio, load_audio
from audiolime_ext.audio.recording import level_db
from audiolime_ext.cli import main
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.registry import build
from factorizations.oracle import OracleFactorization, make

SR = 8000


def noise(seed: int, seconds: float = 1.0, n_channels: int = 1) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.1, (n_channels, round(seconds * SR))).astype(np.float32)


def sound(seed: int, seconds: float = 1.0, n_channels: int = 1) -> Audio:
    return Audio(noise(seed, seconds, n_channels), SR, f"sound {seed}")


def level(samples: NDArray[np.float32], reference: NDArray[np.float32]) -> float:
    """Amplitude ratio."""
    return float(10 ** (level_db(samples, reference) / 20))


def write_stems(folder: Path, **stems: Audio) -> Path:
    folder.mkdir(exist_ok=True)
    for name, audio in stems.items():
        audio.write(folder / f"{name}.wav")
    return folder


def test_stems_come_back_as_they_were_given_and_sum_to_the_mixture() -> None:
    oracle = OracleFactorization({"a": sound(1, n_channels=2), "b": sound(2, n_channels=2)})
    stems = oracle.factorize(oracle.mixture, start_s=0.25, duration_s=0.5)
    assert stems.names == ("a", "b")
    np.testing.assert_array_equal(stems["a"].samples, noise(1, n_channels=2)[:, 2000:6000])
    np.testing.assert_allclose(stems.mixture, oracle.mixture.samples[:, 2000:6000], atol=1e-6)


def test_what_the_stems_miss_is_one_more_stem_called_residual() -> None:
    mixture = Audio(noise(1) + noise(2) + np.float32(0.01) * noise(3), SR, "song")
    stems = OracleFactorization({"a": sound(1), "b": sound(2)}, mixture=mixture).factorize(mixture)
    assert stems.names == ("a", "b", "residual")
    np.testing.assert_allclose(stems["residual"].samples, noise(3) / 100, atol=1e-6)
    np.testing.assert_allclose(stems.mixture, mixture.samples, atol=1e-6)


def test_every_way_of_loading_gives_stems(tmp_path: Path) -> None:
    path = sound(1).write(tmp_path / "a.wav")
    with path.open("rb") as file:
        oracle = OracleFactorization({"path": path, "array": (noise(1), SR), "file": file, "audio": sound(1)})
    assert np.ptp(oracle.samples, axis=0).max() == 0.0


@pytest.mark.parametrize("short_s", [0.01, 0.1])
def test_a_stem_up_to_a_tenth_of_a_second_short_is_padded_and_noted(short_s: float) -> None:
    short = Audio(noise(1)[:, : round((1 - short_s) * SR)], SR)
    oracle = OracleFactorization({"short": short, "long": sound(2)})
    stems = oracle.factorize(oracle.mixture)
    assert stems.notes == (f"stem 'short' was padded by {short_s:.3f} s",)
    assert not stems["short"].samples[:, short.n_samples :].any()


def test_a_shorter_stem_is_refused() -> None:
    with pytest.raises(AudioError, match=r"stem 'short' is 0\.20 s shorter than the longest; up to 0\.1 s is padded"):
        OracleFactorization({"short": sound(1, 0.8), "long": sound(2)})


@pytest.mark.parametrize(("seconds", "note"), [(1.05, "padded by 0.050 s"), (0.95, "cut by 0.050 s")])
def test_a_recording_a_little_longer_or_shorter_than_its_stems_is_noted(seconds: float, note: str) -> None:
    oracle = OracleFactorization({"a": sound(1), "b": sound(2)})
    stems = oracle.factorize(sound(3, seconds))
    assert stems.samples.shape[-1] == round(seconds * SR)
    assert any(note in found for found in stems.notes)


@pytest.mark.parametrize("other", [sound(3, 2.0), sound(3, n_channels=2), Audio(noise(3), 2 * SR, "song")])
def test_another_recording_is_refused(other: Audio) -> None:
    with pytest.raises(AudioError, match="this oracle belongs to a recording of 8000 samples, 1 channel"):
        OracleFactorization({"a": sound(1)}).factorize(other)


def test_stems_that_explain_little_of_the_recording_are_noted() -> None:
    (note,) = OracleFactorization({"a": sound(1)}).factorize(sound(2)).notes
    assert "the stems miss much of this recording" in note


@pytest.mark.parametrize("gain_db", [-3.1, 2.0])
def test_one_gain_is_fitted_where_it_makes_the_residual_vanish_and_the_result_says_so(gain_db: float) -> None:
    """A mixdown that was scaled: with the stems as they are, the residual is as loud as a component."""
    gain = np.float32(10 ** (gain_db / 20))
    mixture = Audio(gain * (noise(1) + noise(2)), SR, "mixdown")
    oracle = OracleFactorization({"a": sound(1), "b": sound(2)}, mixture=mixture)
    stems = oracle.factorize(mixture, start_s=0.25, duration_s=0.5)
    assert stems.notes == (f"the stems sum to the recording at {gain_db:+.1f} dB, by which all were multiplied",)
    np.testing.assert_allclose(stems["a"].samples, gain * noise(1)[:, 2000:6000], atol=1e-5)
    assert level_db(stems.samples[2:].sum(axis=0), mixture.samples[:, 2000:6000]) < -100


@pytest.mark.parametrize(("missed_db", "said"), [(-17.0, True), (-39.5, True), (-40.5, False)])
def test_a_residual_that_is_heard_is_said_with_its_level(missed_db: float, said: bool) -> None:
    """It is no matter of a gain: something else plays."""
    mixture = noise(1) + noise(2) + np.float32(np.sqrt(2) * 10 ** (missed_db / 20)) * noise(3)
    recording = Audio(mixture, SR, "song")
    level = level_db(mixture - noise(1) - noise(2), mixture)
    notes = OracleFactorization({"a": sound(1), "b": sound(2)}).factorize(recording).notes
    told = f"the stems miss part of this recording: the residual, what is left of it, is at {level:.1f} dB"
    assert notes == ((told,) if said else ())


def test_stems_that_need_no_gain_are_bitwise_as_they_were_given() -> None:
    recording = Audio(noise(1) + noise(2) + np.float32(0.005) * noise(3), SR)  # -49 dB
    stems = OracleFactorization({"a": sound(1), "b": sound(2)}).factorize(recording)
    np.testing.assert_array_equal(stems["a"].samples, noise(1))


@pytest.mark.parametrize(("error_db", "refused"), [(-13.0, True), (-11.0, False)])
def test_how_near_a_lossy_mix_is(error_db: float, refused: bool) -> None:
    mix = noise(1) + noise(2)
    mix += np.float32(10 ** (error_db / 20) / level(noise(3), mix)) * noise(3)
    stems = {"drums": sound(1), "bass": sound(2), "mix": Audio(mix, SR)}
    if refused:
        with pytest.raises(UsageError, match="'mix' is not a stem"):
            OracleFactorization(stems)
    else:
        assert OracleFactorization(stems).names == ("drums", "bass", "mix")


@pytest.mark.parametrize("loudest", [1.0, 4.0])
def test_a_stem_that_is_nearly_all_of_the_recording_is_a_stem(loudest: float) -> None:
    """Others are soft, and something else plays besides, so that the sum is not the recording."""
    recording = np.float32(loudest) * noise(1) + np.float32(0.3) * noise(2) + np.float32(0.3) * noise(3)
    parts = {"loud": Audio(np.float32(loudest) * noise(1), SR), "soft": Audio(np.float32(0.3) * noise(2), SR)}
    assert OracleFactorization(parts).factorize(Audio(recording, SR)).names == ("loud", "soft", "residual")


@pytest.mark.parametrize("gain", [1.0, 0.5])
def test_a_stem_that_is_the_sum_of_all_others_is_refused(tmp_path: Path, gain: float) -> None:
    mix = Audio(np.float32(gain) * (noise(1) + noise(2)), SR)
    folder = write_stems(tmp_path / "song", drums=sound(1), bass=sound(2), Artist_Song_MIX=mix)
    refused = (
        r"'Artist_Song_MIX' is not a stem but the sum of all others: call its file mixture \(mixture\.wav\) if it is "
        "what to explain, or move it out"
    )
    with pytest.raises(UsageError, match=refused):
        make(str(folder))
    (folder / "Artist_Song_MIX.wav").rename(folder / "mixture.wav")
    assert make(str(folder)).names == ("bass", "drums")


def test_a_stem_that_is_the_recording_is_refused(tmp_path: Path) -> None:
    """Beside some of the stems only, so that it is no sum of the others; lossily coded, as mixes are handed out."""
    coded = np.float32(0.9) * (noise(1) + noise(2)) + np.float32(0.2) * noise(3)  # -16 dB
    folder = write_stems(tmp_path / "song", drums=sound(1), song_mix=Audio(coded, SR))
    recording = Audio(noise(1) + noise(2), SR)
    with pytest.raises(UsageError, match="'song_mix' is not a stem but the recording itself"):
        make(str(folder)).factorize(recording)


def test_stems_that_double_another_are_stems() -> None:
    left, right = sound(1), Audio(np.float32(0.8) * noise(1), SR)
    silent = Audio(0 * noise(2), SR)
    oracle = OracleFactorization({"left": left, "right": right, "voice": silent})
    assert oracle.factorize(oracle.mixture).names == ("left", "right", "voice")
    only = OracleFactorization({"accompaniment": sound(1), "voice": silent})
    assert only.factorize(sound(1)).names == ("accompaniment", "voice")


@pytest.mark.parametrize(
    ("stems", "message"),
    [
        ({}, "at least one stem"),
        ({"residual": sound(1)}, "'residual' is what the stems miss"),
    ],
)
def test_stems_that_cannot_be_are_wrong_usage(stems: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        OracleFactorization(stems)


@pytest.mark.parametrize("other", [sound(1, n_channels=2), Audio(noise(1), 2 * SR)])
def test_stems_of_different_forms_are_refused(other: Audio) -> None:
    with pytest.raises(AudioError, match=r"stems must agree in sampling rate and channels \(a: 8000 Hz, 1 channel"):
        OracleFactorization({"a": sound(1), "b": other})


@pytest.mark.parametrize("mixture", ["mixture", "mix", "Mixture"])
def test_in_a_folder_the_mixture_is_the_recording_and_no_stem(tmp_path: Path, mixture: str) -> None:
    song = Audio(noise(1) + noise(2) + noise(3), SR)
    folder = write_stems(tmp_path, drums=sound(1), bass=sound(2), **{mixture: song})
    (folder / "notes.txt").write_text("no sound")
    (folder / "._drums.wav").write_bytes(b"left behind by another file system")
    oracle = OracleFactorization.from_folder(folder)
    assert oracle.names == ("bass", "drums")
    np.testing.assert_array_equal(oracle.mixture.samples, song.samples)
    assert oracle.factorize(load_audio(folder / f"{mixture}.wav")).names == ("bass", "drums", "residual")


@pytest.mark.usefixtures("capsys")
def test_a_folder_that_separate_wrote_is_the_recording_again(tmp_path: Path) -> None:
    """Its residual belongs to the recording, but is no stem: it is what the stems miss, once more."""
    song = Audio(noise(1) + noise(2) + np.float32(0.1) * noise(3), SR)
    path = song.write(tmp_path / "song.wav")
    stems = write_stems(tmp_path / "stems", drums=sound(1), bass=sound(2))
    assert main(["separate", str(path), "-f", f"oracle:{stems}", "-o", str(tmp_path / "out")]) == 0
    oracle = build("factorization", f"oracle:{tmp_path / 'out' / 'song'}")
    assert oracle.names == ("bass", "drums")
    again = oracle.factorize(song)
    assert again.names == ("bass", "drums", "residual")
    np.testing.assert_allclose(oracle.mixture.samples, song.samples, atol=1e-6)
    np.testing.assert_allclose(again["residual"].samples, noise(3) / 10, atol=1e-6)


def test_a_folder_can_be_built_again_from_its_spec(tmp_path: Path) -> None:
    oracle = OracleFactorization.from_folder(write_stems(tmp_path / "my stems", a=sound(1), b=sound(2)))
    again = build("factorization", str(oracle.spec))
    assert again.fingerprint == oracle.fingerprint
    sound(3).write(tmp_path / "my stems" / "b.wav")
    assert build("factorization", str(oracle.spec)).fingerprint != oracle.fingerprint


def test_stems_in_memory_have_no_spec() -> None:
    assert OracleFactorization({"a": sound(1)}).spec is None


def test_folders_that_hold_no_stems_say_what_they_need(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere is not a folder; name one that holds a file for each stem"):
        make(str(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match=r"no stems in .*; it needs files such as vocals\.wav"):
        make(str(write_stems(tmp_path / "only", mixture=sound(1))))
    with pytest.raises(UsageError, match="oracle needs a folder with one file for each stem: oracle:DIR"):
        make("")
    twice = write_stems(tmp_path / "twice", a=sound(1))
    (twice / "a.flac").write_bytes(b"")
    with pytest.raises(UsageError, match="two files of the same name with different endings"):
        make(str(twice))
    broken = write_stems(tmp_path / "broken", a=sound(1))
    (broken / "b.wav").write_text("no sound")
    with pytest.raises(AudioError, match=r"b\.wav cannot be read as audio"):
        make(str(broken))


def test_the_bundled_stems_are_a_whole_song(feelings: dict[str, Path]) -> None:
    oracle = OracleFactorization(feelings)
    stems = oracle.factorize(oracle.mixture, start_s=5.0, duration_s=3.0)
    assert stems.names[:2] == ("guitar", "rest")
    np.testing.assert_allclose(stems.mixture, oracle.mixture.excerpt(5.0, 3.0).samples, atol=1e-6)
