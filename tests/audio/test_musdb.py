"""Tracks of the real musdb package, on small data sets of its two layouts that are written here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext import Audio, explain, load_audio, tagger
from audiolime_ext.audio.musdb import musdb_track
from audiolime_ext.cli import main
from audiolime_ext.errors import AudioError, MissingError, UsageError
from audiolime_ext.registry import build

SR = 44100
SOURCES = ("drums", "bass", "other", "vocals")
SECONDS = 3.0

musdb = pytest.importorskip("musdb") if shutil.which("ffmpeg") else None
pytestmark = [
    pytest.mark.needs_ffmpeg,
    pytest.mark.skipif(musdb is None, reason="musdb needs ffmpeg and ffprobe on PATH when imported"),
]

from factorizations.oracle import OracleFactorization  # noqa: E402


def stem(index: int) -> NDArray[Any]:
    """A chord of its own for each source, stereo, softer on the right."""
    time = np.arange(round(SECONDS * SR)) / SR
    tones = [np.sin(2 * np.pi * 110 * (index + 2) * k * time) / k for k in (1, 2, 3)]
    wave = 0.05 * np.sum(tones, axis=0) * (1 + 0.5 * np.sin(2 * np.pi * (index + 1) * time))
    return np.stack([wave, 0.5 * wave]).astype(np.float32)


def mixture() -> NDArray[Any]:
    return np.asarray(np.sum([stem(index) for index in range(4)], axis=0, dtype=np.float32))


@pytest.fixture(scope="module")
def wav_layout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("musdb wav")
    for subset, name in (("train", "Some Band - First"), ("test", "Some Band - Second")):
        folder = root / subset / name
        folder.mkdir(parents=True)
        Audio(mixture(), SR).write(folder / "mixture.wav")
        for index, source in enumerate(SOURCES):
            Audio(stem(index), SR).write(folder / f"{source}.wav")
    return root


@pytest.fixture(scope="module")
def stem_layout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five AAC streams in one file: the mixture, then the sources."""
    root = tmp_path_factory.mktemp("musdb stems")
    parts = [Audio(samples, SR).write(root / f"{i}.wav") for i, samples in enumerate([mixture(), *map(stem, range(4))])]
    inputs = [argument for part in parts for argument in ("-i", str(part))]
    maps = [argument for index in range(5) for argument in ("-map", str(index))]
    for subset in ("train", "test"):
        (root / subset).mkdir()
        target = root / subset / "Some Band - Song.stem.mp4"
        command = ["ffmpeg", "-loglevel", "error", *inputs, *maps, "-c:a", "aac", "-b:a", "256k", str(target)]
        subprocess.run(command, check=True, capture_output=True)
    for part in parts:
        part.unlink()
    return root


def first_track(root: Path, *, is_wav: bool, subset: str = "train") -> Any:
    assert musdb is not None
    return musdb.DB(root=str(root), is_wav=is_wav, subsets=subset)[0]


def test_a_track_is_loaded_like_any_recording(wav_layout: Path) -> None:
    track = first_track(wav_layout, is_wav=True)
    audio = load_audio(track)
    assert (audio.name, audio.sr, audio.samples.shape) == ("Some Band - First", SR, (2, round(SECONDS * SR)))
    np.testing.assert_allclose(audio.samples, mixture(), atol=1e-4)
    assert load_audio(first_track(wav_layout, is_wav=True, subset="test")).name == "Some Band - Second"


def test_the_sources_of_a_track_are_its_stems_and_sum_to_it(wav_layout: Path) -> None:
    track = first_track(wav_layout, is_wav=True)
    oracle = OracleFactorization.from_musdb(track)
    assert set(oracle.names) == set(SOURCES)
    assert (oracle.spec, "musdb18" in oracle.references[0]) == (None, True)
    stems = oracle.factorize(load_audio(track), start_s=1.0, duration_s=1.0)
    np.testing.assert_allclose(stems["bass"].samples, stem(1)[:, SR : 2 * SR], atol=1e-4)
    np.testing.assert_allclose(stems.mixture, load_audio(track).excerpt(1.0, 1.0).samples, atol=1e-6)


@pytest.mark.parametrize("layout", ["wav", "stem"])
def test_the_chunk_of_a_track_is_respected(request: pytest.FixtureRequest, layout: str) -> None:
    track = first_track(request.getfixturevalue(f"{layout}_layout"), is_wav=layout == "wav")
    track.chunk_start, track.chunk_duration = 0.5, 1.5
    audio = load_audio(track)
    oracle = OracleFactorization.from_musdb(track)
    assert audio.duration_s == pytest.approx(1.5, abs=0.05)
    place = slice(SR // 2, SR // 2 + audio.n_samples)
    tolerance = 1e-4 if layout == "wav" else 0.03  # AAC
    np.testing.assert_allclose(audio.samples[:, 2000:-2000], mixture()[:, place][:, 2000:-2000], atol=tolerance)
    stems = oracle.factorize(audio)
    np.testing.assert_allclose(stems["vocals"].samples[:, 2000:-2000], stem(3)[:, place][:, 2000:-2000], atol=tolerance)
    np.testing.assert_allclose(stems.mixture, audio.samples, atol=1e-6)


def test_lossy_stems_leave_a_residual_and_sum_to_the_mixture(stem_layout: Path) -> None:
    track = first_track(stem_layout, is_wav=False)
    audio = load_audio(track)
    stems = OracleFactorization.from_musdb(track).factorize(audio)
    assert set(stems.names) == {*SOURCES, "residual"}
    np.testing.assert_allclose(stems.mixture, audio.samples, atol=1e-6)
    drums = stems["drums"].samples[0, : round(SECONDS * SR)]  # AAC fills up its last frame
    assert np.corrcoef(drums, stem(0)[0])[0, 1] > 0.95, "the stem is the source of that name"


def bass(batch: NDArray[Any]) -> NDArray[Any]:
    wave = np.exp(-2j * np.pi * 330 * np.arange(batch.shape[1]) / SR)
    return np.asarray(10 * np.abs(batch @ wave)[:, None] / batch.shape[1])


def test_a_model_that_hears_only_the_bass_is_explained_by_the_bass(wav_layout: Path) -> None:
    track = first_track(wav_layout, is_wav=True)

    oracle = OracleFactorization.from_musdb(track)
    found = explain(track, tagger(bass, labels=["bass"]), factorization=oracle, start_s=0, duration_s=1)
    assert found.top(label="bass").components == ("bass",)


@pytest.mark.parametrize("layout", ["wav", "stem"])
def test_a_number_names_the_track_that_the_package_counts_so(request: pytest.FixtureRequest, layout: str) -> None:
    assert musdb is not None
    root = request.getfixturevalue(f"{layout}_layout")
    tracks = musdb.DB(root=str(root), is_wav=layout == "wav").tracks
    assert len(tracks) == 2
    for number, track in enumerate(tracks):
        found = musdb_track(f"musdb:{root}#{number}")
        assert (found.name, found.subset, found.path) == (track.name, track.subset, track.path)
        assert list(found.sources) == list(track.sources)
    np.testing.assert_array_equal(found.audio, track.audio)
    for name, source in track.sources.items():
        np.testing.assert_array_equal(found.sources[name].audio, source.audio)


def test_a_numbered_track_is_a_recording_and_its_own_true_stems(wav_layout: Path) -> None:
    spec = f"musdb:{wav_layout}#1"
    audio = load_audio(spec)
    assert (audio.name, audio.path, audio.duration_s) == ("Some Band - Second", spec, SECONDS)
    oracle = build("factorization", f"oracle:{spec}")
    assert oracle.spec == f"oracle:{spec}"
    stems = oracle.factorize(audio)
    np.testing.assert_allclose(stems["bass"].samples, stem(1), atol=1e-4)


listener = tagger(bass, labels=["bass"], sr=SR, window_s=1.0, version="1")


def test_numbered_tracks_are_explained_and_shown_by_the_command_line(
    wav_layout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    spec, model = f"musdb:{wav_layout}#1", ("-t", "tests.audio.test_musdb:listener")
    assert main(["explain", spec, "-f", f"oracle:{spec}", *model, "-o", "out"]) == 0
    assert "bass comes most from bass" in capsys.readouterr().out
    assert [path.name for path in Path("out").iterdir()] == [f"{wav_layout.name}-1"]
    assert main(["rerun", "--trust", str(next(Path("out").glob("*/explanation.json")))]) == 0
    assert capsys.readouterr().out == "same\n"
    assert main(["page", spec, "-f", f"oracle:{spec}", *model, "--audio", "none", "--no-cache"]) == 0
    assert "Some Band - Second" in Path(f"{wav_layout.name}-1.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("spec", ["musdb:ROOT", "musdb:ROOT#", "musdb:ROOT#first", "musdb:ROOT#-1"])
def test_a_track_without_a_number_is_wrong_usage(wav_layout: Path, spec: str) -> None:
    with pytest.raises(UsageError, match=r"names no track; write musdb:ROOT#NUMBER"):
        load_audio(spec.replace("ROOT", str(wav_layout)))


def test_tracks_that_are_not_there_are_told(wav_layout: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no track 2 in .*, which has 2: 0 to 1"):
        load_audio(f"musdb:{wav_layout}#2")
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(AudioError, match=r"holds no tracks; name the folder with train and test of MUSDB18"):
            load_audio(f"musdb:{folder}#0")


def test_a_track_that_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    os.mkfifo(tmp_path / "train" / "a.stem.mp4")
    (tmp_path / "train" / "b.stem.mp4").symlink_to("/dev/zero")
    for number, kind in enumerate(("a pipe", "a device")):
        with pytest.raises(AudioError, match=rf"\.stem\.mp4: it is {kind}; get a complete copy of MUSDB18"):
            load_audio(f"musdb:{tmp_path}#{number}")


def test_without_the_package_a_track_is_told_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "musdb", None)
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "Band - Song.stem.mp4").touch()
    with pytest.raises(MissingError, match=r"pip install 'audiolime-ext\[musdb\]'"):
        load_audio(f"musdb:{tmp_path}#0")
