"""Whole files: what is cut short is refused, what is whole is read to its end."""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
from collections.abc import Callable

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from audiolime_ext.decoding import decode
from audiolime_ext.errors import AudioError

SR = 44100
FORMATS = {
    "wav": {"format": "WAV"},
    "wav float": {"format": "WAV", "subtype": "FLOAT"},
    "wav 24 bit": {"format": "WAVEX", "subtype": "PCM_24"},
    "rf64": {"format": "RF64"},
    "w64": {"format": "W64"},
    "aiff": {"format": "AIFF"},
    "au": {"format": "AU"},
    "flac": {"format": "FLAC"},
    "ogg": {"format": "OGG", "subtype": "VORBIS"},
    "opus": {"format": "OGG", "subtype": "OPUS"},
    "mp3": {"format": "MP3"},
}
LOSSY = {"ogg", "opus", "mp3"}


def needs_ffmpeg(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that makes its files with ffmpeg."""
    missing = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not on PATH")
    marked: Callable[..., None] = pytest.mark.needs_ffmpeg(missing(test))
    return marked


def noise(seconds: float, n_channels: int = 2) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    return rng.normal(0, 0.1, (round(seconds * SR), n_channels)).astype(np.float32)


def encoded(kind: str, samples: NDArray[np.float32]) -> bytes:
    buffer = io.BytesIO()
    sr = 48000 if kind == "opus" else SR
    with soundfile.SoundFile(buffer, "w", sr, samples.shape[1], **FORMATS[kind]) as file:
        for at in range(0, len(samples), SR):  # long Vorbis files are to be written in pieces
            file.write(samples[at : at + SR])
    return buffer.getvalue()


def by_ffmpeg(samples: NDArray[np.float32], options: str) -> bytes:
    """The samples in a file that ffmpeg made and wrote into a pipe."""
    source = encoded("wav float", samples)
    command = ["ffmpeg", "-loglevel", "error", "-f", "wav", "-i", "-", *options.split(), "-"]
    return subprocess.run(command, input=source, capture_output=True, check=True).stdout


def decoded_by_ffmpeg(content: bytes, n_channels: int) -> NDArray[np.float32]:
    command = ["ffmpeg", "-loglevel", "error", "-i", "-", "-f", "f32le", "-"]
    found = subprocess.run(command, input=content, capture_output=True, check=True).stdout
    return np.frombuffer(found, np.float32).reshape(-1, n_channels).T


@pytest.mark.parametrize("kind", FORMATS)
def test_a_complete_file_is_read_to_its_last_sample(kind: str) -> None:
    sound = noise(3.0)
    samples, sr = decode(encoded(kind, sound), "song")
    assert (samples.shape, sr) == ((2, len(sound)), 48000 if kind == "opus" else SR)
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, sound.T, atol=0.5 if kind in LOSSY else 1e-4)
    assert np.corrcoef(samples[0], sound[:, 0])[0, 1] > 0.5, "the sound itself, not something as long"


@pytest.mark.parametrize("part", [0.99, 0.5, 0.2])
@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_that_lacks_its_end_is_refused(kind: str, part: float) -> None:
    content = encoded(kind, noise(10.0))
    with pytest.raises(AudioError, match=r"^song\.x is (damaged or )?cut short: .* get a complete copy, or keep what"):
        decode(content[: int(part * len(content))], "song.x")


def test_the_message_about_a_cut_file_says_how_much_there_is() -> None:
    content = encoded("wav", noise(4.0))
    with pytest.raises(AudioError, match=r"its header promises 4\.00 s, it holds 1\.00 s"):
        decode(content[: 44 + SR * 4], "song.wav")


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFF000, 0x80000000])
def test_a_wav_file_written_into_a_pipe_promises_no_length(size: int) -> None:
    content = bytearray(encoded("wav", noise(1.0)))
    at = content.index(b"data") + 4
    content[at : at + 4] = size.to_bytes(4, "little")
    samples, _ = decode(bytes(content), "piped")
    assert samples.shape == (2, SR)


def test_mp3_samples_are_those_of_one_pass_through_the_decoder() -> None:
    """Every read of soundfile's ends in a seek, after which an MP3 decoder errs for a frame: pieces do not fit."""
    buffer = io.BytesIO()
    soundfile.write(buffer, noise(10.0), SR, format="MP3", bitrate_mode="CONSTANT", compression_level=0.9)
    whole, _ = soundfile.read(io.BytesIO(buffer.getvalue()), dtype="float32")
    samples, _ = decode(buffer.getvalue(), "song.mp3")
    np.testing.assert_array_equal(samples.T, whole)
    with soundfile.SoundFile(io.BytesIO(buffer.getvalue())) as file:
        pieces = np.concatenate([file.read(20000, dtype="float32") for _ in range(10)])
    assert np.max(np.abs(pieces - whole[: len(pieces)])) > 1e-3, "if this holds no more, the caution can go"


@needs_ffmpeg
@pytest.mark.parametrize(
    "options", ["-q:a 4", "-b:a 128k", "-q:a 5 -ar 22050 -ac 1", "-q:a 2 -ar 16000 -ac 1", "-ar 11025"]
)
def test_an_mp3_without_a_count_of_its_frames_is_read_to_its_end(options: str) -> None:
    sound = noise(8.0)
    sound[4 * SR :] *= 1e-3  # a loud beginning: the first frames' bit rate makes the file seem short
    content = by_ffmpeg(sound, f"-write_xing 0 -f mp3 {options}")
    n_channels = 1 if "-ac 1" in options else 2
    samples, sr = decode(content, "song.mp3")
    reference = decoded_by_ffmpeg(content, n_channels)
    delay = reference.shape[1] - samples.shape[1]
    assert delay == (529 if "-q:a" in options else 0), "nothing is missing but the decoder's own delay"
    assert samples.shape[1] / sr == pytest.approx(8.0, abs=0.2)
    np.testing.assert_allclose(samples, reference[:, delay:], atol=1e-5)


@needs_ffmpeg
def test_soundfile_alone_stops_in_the_middle_of_such_a_file() -> None:
    sound = noise(8.0)
    sound[4 * SR :] *= 1e-3
    content = by_ffmpeg(sound, "-write_xing 0 -f mp3 -q:a 4")
    whole, _ = soundfile.read(io.BytesIO(content))
    assert len(whole) < 5 * SR
    assert decode(content, "song.mp3")[0].shape[1] > 7.9 * SR


def test_a_long_mp3_of_constant_bit_rate_without_a_count_is_complete() -> None:
    buffer = io.BytesIO()
    soundfile.write(buffer, noise(60.0), SR, format="MP3", bitrate_mode="CONSTANT", compression_level=0.9)
    with soundfile.SoundFile(io.BytesIO(buffer.getvalue())) as file:
        assert file.frames > 60 * SR + 4096, "the length that is guessed overstates the file's"
    assert decode(buffer.getvalue(), "song.mp3")[0].shape[1] == pytest.approx(60 * SR, abs=2500)


@needs_ffmpeg
def test_tags_around_the_frames_of_an_mp3_are_no_sound() -> None:
    content = by_ffmpeg(noise(3.0), "-write_xing 0 -f mp3 -q:a 4 -id3v2_version 0")
    tagged = b"ID3\4\0\0\0\0\2\1" + bytes(257) + bytes(300) + content + b"TAG" + bytes(125)
    np.testing.assert_array_equal(decode(tagged, "tagged.mp3")[0], decode(content, "plain.mp3")[0])


@needs_ffmpeg
def test_an_mp3_without_a_count_that_ends_within_a_frame_is_refused() -> None:
    content = by_ffmpeg(noise(5.0), "-write_xing 0 -f mp3 -b:a 128k")
    with pytest.raises(AudioError, match=r"ends within a frame, after 2\.\d\d s"):
        decode(content[: len(content) // 2], "song.mp3")


@needs_ffmpeg
def test_a_flac_stream_of_unknown_length_is_refused_with_a_remedy() -> None:
    with pytest.raises(AudioError, match=r"does not say how long it is; mend it with: ffmpeg -i IN OUT\.wav"):
        decode(by_ffmpeg(noise(2.0), "-f flac"), "piped.flac")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"^x is empty \(0 bytes\)"),
        (b"These are words, not sound.\n" * 50, r"^x cannot be read as audio \(Format not recognised\); wav, flac"),
        (b"RIFF\x24\0\0\0WAVE", "^x cannot be read as audio"),
        (b"OggS" + bytes(100), "^x cannot be read as audio"),
        (b"fLaC" + bytes(10), "^x cannot be read as audio"),
        (b"ID3\4\0\0\0\0\0\1", "^x cannot be read as audio"),
        (b"\xff\xfb\x90\x00", "^x (cannot be read as audio|is cut short)"),
    ],
)
def test_what_is_no_audio_file_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        decode(content, "x")


@pytest.mark.parametrize(
    "start",
    [b"\xff\xfb\x90\x44", b"OggS\0\2", b"fLaC\0\0\0\x22", b"RIFF\0\x10\0\0WAVEfmt \x10\0\0\0", b"ID3\3\0\0\0\0\0\3"],
)
def test_random_bytes_give_samples_or_this_error_and_no_other(start: bytes) -> None:
    rng = np.random.default_rng(0)
    for size in (1, 30, 300, 3000):
        with contextlib.suppress(AudioError):
            samples, _ = decode(start + rng.bytes(size), "x")
            assert samples.ndim == 2
