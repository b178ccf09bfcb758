"""What of a folder is a recording: everything that can be read, and what is left out is named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audiolime_ext import load_audio
from audiolime_ext.audio.folders import FOLDER, HIDDEN, NEEDS_CODECS, NO_AUDIO, NO_FILE, audio_endings, look_into
from audiolime_ext.errors import AudioError, MissingError

SR = 44100
HISS = (0.1 * np.random.default_rng(0).normal(size=SR)).astype(np.float32)

OF_LIBSNDFILE = {
    "wav": ("WAV", "PCM_16"),
    "wave": ("WAV", "FLOAT"),
    "bwf": ("WAV", "PCM_24"),
    "rf64": ("RF64", "PCM_16"),
    "w64": ("W64", "PCM_16"),
    "aif": ("AIFF", "PCM_16"),
    "aiff": ("AIFF", "PCM_24"),
    "aifc": ("AIFF", "FLOAT"),
    "au": ("AU", "PCM_16"),
    "snd": ("AU", "PCM_16"),
    "caf": ("CAF", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "oga": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "avr": ("AVR", "PCM_16"),
    "sf": ("IRCAM", "PCM_16"),
    "ircam": ("IRCAM", "PCM_16"),
    "nist": ("NIST", "PCM_16"),
    "sph": ("NIST", "PCM_16"),
    "paf": ("PAF", "PCM_16"),
    "pvf": ("PVF", "PCM_16"),
    "svx": ("SVX", "PCM_16"),
    "8svx": ("SVX", "PCM_S8"),
    "iff": ("SVX", "PCM_16"),
    "voc": ("VOC", "PCM_16"),
}
OF_FFMPEG = {
    "m4a": "-c:a aac",
    "m4b": "-c:a aac -f ipod",
    "mp4": "-c:a aac",
    "mov": "-c:a pcm_s16le",
    "3gp": "-c:a aac",
    "3g2": "-c:a aac",
    "aac": "-c:a aac -f adts",
    "mka": "-c:a flac",
    "mkv": "-c:a aac",
    "webm": "-c:a libopus",
    "wma": "-c:a wmav2",
    "asf": "-c:a wmav2",
    "wv": "-c:a wavpack",
    "tta": "-c:a tta",
    "mp2": "-c:a mp2",
}
NO_ENCODER = {".ape"}


def write(path: Path) -> Path:
    """A second of hiss in the format of the path's ending."""
    ending = path.suffix[1:].lower()
    if ending in OF_LIBSNDFILE:
        container, subtype = OF_LIBSNDFILE[ending]
        sr = 48000 if subtype == "OPUS" else SR
        soundfile.write(path, HISS, sr, format=container, subtype=subtype)
        return path
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not on PATH")
    source = ["-f", "f32le", "-ar", str(SR), "-ac", "1", "-i", "-"]
    command = ["ffmpeg", "-loglevel", "error", "-y", *source, *OF_FFMPEG[ending].split(), str(path)]
    subprocess.run(command, input=HISS.tobytes(), check=True, capture_output=True)
    return path


def test_every_ending_is_tried() -> None:
    pytest.importorskip("av")
    tried = {f".{ending}" for ending in (*OF_LIBSNDFILE, *OF_FFMPEG)}
    assert audio_endings() == tried | NO_ENCODER


@pytest.mark.parametrize("ending", [*OF_LIBSNDFILE, *OF_FFMPEG])
def test_what_counts_as_a_recording_can_be_read(tmp_path: Path, ending: str) -> None:
    if ending in OF_FFMPEG and ending != "mp2":
        pytest.importorskip("av")
    path = write(tmp_path / f"song.{ending.upper()}")
    assert look_into(tmp_path).files == (path,)
    audio = load_audio(path)
    assert audio.n_channels == 1
    assert audio.duration_s == pytest.approx(1, abs=0.1)
    assert 0.03 < float(np.sqrt((audio.samples**2).mean())) < 0.15


@pytest.mark.parametrize("ending", ["aac", "mka", "webm", "wv", "tta", "mkv", "mov"])
def test_a_container_that_lacks_its_end_is_refused(tmp_path: Path, ending: str) -> None:
    pytest.importorskip("av")
    path = write(tmp_path / f"song.{ending}")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 5])
    with pytest.raises(AudioError, match=r"cut short|has no index|cannot be read as audio|holds no samples"):
        load_audio(path)


def test_what_is_left_out_is_counted_and_named_by_reason(tmp_path: Path) -> None:
    for name in ("a.WAV", "b.flac", "._a.wav", ".DS_Store", "cover.jpg", "a.txt", "b.txt", "noending"):
        (tmp_path / name).touch()
    (tmp_path / "live.wav").mkdir()
    (tmp_path / "gone.wav").symlink_to("nowhere.wav")
    (tmp_path / "link.wav").symlink_to("a.WAV")
    os.mkfifo(tmp_path / "pipe.wav")
    found = look_into(tmp_path)
    assert [path.name for path in found.files] == ["a.WAV", "b.flac", "link.wav"]
    left = {reason: [path.name for path in paths] for reason, paths in found.skipped.items()}
    assert left == {
        HIDDEN: [".DS_Store", "._a.wav"],
        NO_AUDIO: ["a.txt", "b.txt", "cover.jpg", "noending"],
        FOLDER: ["live.wav"],
        NO_FILE: ["gone.wav", "pipe.wav"],
    }
    assert found.note is not None
    assert "4 × not an audio file by its ending (a.txt, b.txt, cover.jpg, …)" in found.note
    assert found.note.count("\n") == 0


def test_folders_below_are_looked_into_unless_they_are_hidden_or_links(tmp_path: Path) -> None:
    for name in ("a.wav", "deep/er/b.wav", ".git/c.wav", "deep/.DS_Store"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    found = look_into(tmp_path, deep=True)
    assert [str(path.relative_to(tmp_path)) for path in found.files] == ["a.wav", "deep/er/b.wav"]
    assert "2 × hidden" in (found.note or "")
    assert "(loop)" in (found.note or "")


def test_where_nothing_is_left_out_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    assert look_into(tmp_path).note is None


def test_without_pyav_its_formats_are_left_out_with_the_extra_that_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    for name in ("a.opus", "b.m4a", "c.webm"):
        (tmp_path / name).touch()
    found = look_into(tmp_path)
    assert [path.name for path in found.files] == ["a.opus"]
    assert found.note == f"skipped in {tmp_path}: 2 × {NEEDS_CODECS} (b.m4a, c.webm)"
    (tmp_path / "c.webm").write_bytes(b"\x1aE\xdf\xa3 and so on")
    with pytest.raises(MissingError, match=r"audiolime-ext\[codecs\]"):
        load_audio(tmp_path / "c.webm")


def test_folders_are_looked_into_however_deep_they_lie(tmp_path: Path) -> None:
    deep = [tmp_path / "d"]
    for _ in range(1200):
        deep[-1].mkdir()
        deep.append(deep[-1] / "d")
    deep.pop()
    (deep[-1] / "song.wav").touch()
    found = look_into(tmp_path, deep=True)
    (deep[-1] / "song.wav").unlink()
    for folder in reversed(deep):  # what tidies up after tests cannot
        folder.rmdir()
    assert [file.name for file in found.files] == ["song.wav"]
