"""Whole files: what is cut short is refused, what is whole is read to its end."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import subprocess
from collections.abc import Callable

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from audiolime_ext.audio import decoding
from audiolime_ext.audio.decoding import count, decode
from audiolime_ext.audio.encoding import encode
from audiolime_ext.audio.formats import parts
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
JOINED = ("wav", "aiff", "flac", "ogg", "opus", "mp3")
ID3 = b"ID3\4\0\0\0\0\0\5title"


def heard(content: bytes, origin: str) -> tuple[NDArray[np.float32], int]:
    """Samples and rate of a file with which nothing is wrong."""
    found = decode(content, origin)
    assert found.warnings == ()
    assert count(content, origin) == (found.samples.shape[1], found.sr)
    return found.samples, found.sr


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
    samples, sr = heard(encoded(kind, sound), "song")
    assert (samples.shape, sr) == ((2, len(sound)), 48000 if kind == "opus" else SR)
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, sound.T, atol=0.5 if kind in LOSSY else 1e-4)
    assert np.corrcoef(samples[0], sound[:, 0])[0, 1] > 0.5, "the sound itself, not something as long"


@pytest.mark.parametrize("part", [0.99, 0.5, 0.2])
@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_that_lacks_its_end_is_refused(kind: str, part: float) -> None:
    content = encoded(kind, noise(10.0))
    with pytest.raises(AudioError, match=r"^song\.x is (damaged or )?cut short: .* get a complete copy, or keep what"):
        heard(content[: int(part * len(content))], "song.x")


def test_the_message_about_a_cut_file_says_how_much_there_is() -> None:
    content = encoded("wav", noise(4.0))
    with pytest.raises(AudioError, match=r"its header promises 4\.00 s, it holds 1\.00 s"):
        heard(content[: 44 + SR * 4], "song.wav")


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFF000, 0x80000000])
def test_a_wav_file_written_into_a_pipe_promises_no_length(size: int) -> None:
    content = bytearray(encoded("wav", noise(1.0)))
    at = content.index(b"data") + 4
    content[at : at + 4] = size.to_bytes(4, "little")
    samples, _ = heard(bytes(content), "piped")
    assert samples.shape == (2, SR)


def test_mp3_samples_are_those_of_one_pass_through_the_decoder() -> None:
    """Every read of soundfile's ends in a seek, after which an MP3 decoder errs for a frame: pieces do not fit."""
    buffer = io.BytesIO()
    soundfile.write(buffer, noise(10.0), SR, format="MP3", bitrate_mode="CONSTANT", compression_level=0.9)
    whole, _ = soundfile.read(io.BytesIO(buffer.getvalue()), dtype="float32")
    samples, _ = heard(buffer.getvalue(), "song.mp3")
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
    samples, sr = heard(content, "song.mp3")
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
    assert heard(content, "song.mp3")[0].shape[1] > 7.9 * SR


def test_a_long_mp3_of_constant_bit_rate_without_a_count_is_complete() -> None:
    buffer = io.BytesIO()
    soundfile.write(buffer, noise(60.0), SR, format="MP3", bitrate_mode="CONSTANT", compression_level=0.9)
    with soundfile.SoundFile(io.BytesIO(buffer.getvalue())) as file:
        assert file.frames > 60 * SR + 4096, "the length that is guessed overstates the file's"
    assert heard(buffer.getvalue(), "song.mp3")[0].shape[1] == pytest.approx(60 * SR, abs=2500)


@needs_ffmpeg
def test_tags_around_the_frames_of_an_mp3_are_no_sound() -> None:
    content = by_ffmpeg(noise(3.0), "-write_xing 0 -f mp3 -q:a 4 -id3v2_version 0")
    tagged = b"ID3\4\0\0\0\0\2\1" + bytes(257) + bytes(300) + content + b"TAG" + bytes(125)
    np.testing.assert_array_equal(heard(tagged, "tagged.mp3")[0], heard(content, "plain.mp3")[0])


@needs_ffmpeg
def test_an_mp3_without_a_count_that_ends_within_a_frame_is_refused() -> None:
    content = by_ffmpeg(noise(5.0), "-write_xing 0 -f mp3 -b:a 128k")
    with pytest.raises(AudioError, match=r"ends within a frame, after 2\.\d\d s"):
        heard(content[: len(content) // 2], "song.mp3")


@needs_ffmpeg
def test_a_flac_stream_that_was_written_into_a_pipe_is_read_to_its_end() -> None:
    piped = by_ffmpeg(noise(2.0), "-f flac")
    assert int.from_bytes(piped[21:26], "big") & (1 << 36) - 1 == 0, "it does not say how long it is"
    samples, _ = heard(piped, "piped.flac")
    np.testing.assert_allclose(samples, noise(2.0).T, atol=1e-4)


@pytest.mark.parametrize(
    ("kind", "tagged"),
    [*((kind, False) for kind in JOINED), *((kind, True) for kind in ("flac", "ogg", "opus", "mp3"))],
)
def test_all_parts_of_a_joined_file_are_read(kind: str, tagged: bool) -> None:
    before, between = (ID3, b"TAG" + bytes(125) + ID3) if tagged else (b"", b"")
    first, second = encoded(kind, noise(1.5)), encoded(kind, noise(0.8)[::-1])
    samples, _ = heard(before + first + between + second, "joined")
    alone = [heard(part, "alone")[0] for part in (first, second)]
    assert [part.shape[1] for part in alone] == [round(1.5 * SR), round(0.8 * SR)]
    np.testing.assert_array_equal(samples, np.concatenate(alone, axis=1))


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("other", ["rate", "channels"])
def test_parts_that_cannot_follow_one_another_are_refused(kind: str, other: str) -> None:
    buffer = io.BytesIO()
    sound = noise(1.0) if other == "rate" else noise(1.0, 1)
    soundfile.write(buffer, sound, 32000 if other == "rate" else SR, **FORMATS[kind])
    told = "32000 Hz and 2 channels" if other == "rate" else "44100 Hz and 1 channel"
    message = rf"^x goes on with {told} after 1\.50 s of 44100 Hz and 2: several recordings in one file"
    with pytest.raises(AudioError, match=message):
        decode(encoded(kind, noise(1.5)) + buffer.getvalue(), "x")


@pytest.mark.parametrize("n_frames", [0, 38, None])
def test_a_false_count_of_frames_does_not_cut_an_mp3(n_frames: int | None) -> None:
    content = encoded("mp3", noise(3.0))
    at = content.index(b"Xing") + 8
    if n_frames is None:  # it does not say, so that what follows lies four bytes nearer
        end = content.index(b"\xff\xfb", at)
        false = content[: at - 1] + b"\x0e" + content[at + 4 : end] + bytes(4) + content[end:]
    else:
        false = content[:at] + n_frames.to_bytes(4, "big") + content[at + 4 :]
    with soundfile.SoundFile(io.BytesIO(false)) as file:
        assert file.frames < 2 * SR, "soundfile alone stops early"
    np.testing.assert_array_equal(heard(false, "song.mp3")[0], heard(content, "song.mp3")[0])


@pytest.mark.parametrize("n_samples", [0, 50000])
def test_a_false_total_does_not_cut_a_flac_file(n_samples: int) -> None:
    content = encoded("flac", noise(3.0))
    facts = int.from_bytes(content[18:26], "big") >> 36 << 36 | n_samples
    false = content[:18] + facts.to_bytes(8, "big") + content[26:]
    np.testing.assert_array_equal(heard(false, "song.flac")[0], heard(content, "song.flac")[0])
    with pytest.raises(AudioError, match=r"not everything after 1\.49 s can be read"):
        decode(false[: len(false) // 2], "song.flac")
    with pytest.raises(AudioError, match=r"cut short: its header promises 6\.80 s, it holds 3\.00 s"):
        decode(content[:18] + (facts >> 36 << 36 | 300000).to_bytes(8, "big") + content[26:], "song.flac")


def test_a_wav_file_whose_writer_was_killed_says_nothing_and_is_read_to_its_end() -> None:
    content = bytearray(encoded("wav", noise(1.0)))
    at = content.index(b"data") + 4
    content[4:8] = content[at : at + 4] = bytes(4)
    assert heard(bytes(content), "killed.wav")[0].shape == (2, SR)


@pytest.mark.parametrize("kind", JOINED)
def test_what_lies_behind_the_end_is_told(kind: str) -> None:
    content = encoded(kind, noise(1.0))
    found = decode(content + b"\1and so on" * 20, "song.x")
    how_many = "bytes" if kind == "flac" else "200 bytes"
    at = "0.92" if kind == "opus" else "1.00"
    assert found.warnings == (f"behind the end of song.x, at {at} s, lie {how_many} that are not read",)
    np.testing.assert_array_equal(found.samples, decode(content, "song.x").samples)


@pytest.mark.parametrize("tag", [b"TAG" + bytes(125), b"TAG" + b"x" * 125, b"APETAGEX\xd0\7\0\0 \0\0\0" + bytes(16)])
@pytest.mark.parametrize("kind", ["flac", "mp3"])
def test_tags_behind_the_end_are_no_matter(kind: str, tag: bytes) -> None:
    content = encoded(kind, noise(1.0))
    np.testing.assert_array_equal(heard(content + tag, "song.x")[0], heard(content, "song.x")[0])


@pytest.mark.parametrize("kind", ["flac", "ogg", "opus"])
def test_damage_that_a_checksum_proves_is_refused(kind: str) -> None:
    content = bytearray(encoded(kind, noise(3.0)))
    middle = len(content) // 2
    content[middle : middle + 50] = bytes(50)
    with pytest.raises(AudioError, match=r"^song\.x is damaged (after \d\.\d\d s|or cut short: not everything after )"):
        decode(bytes(content), "song.x")


@pytest.mark.parametrize("garbage", [bytes(900), b"\xff" * 900, np.random.default_rng(1).bytes(900)])
@pytest.mark.parametrize("over", [0, 900])
def test_bytes_that_are_no_frame_of_an_mp3_are_told_with_their_place(garbage: bytes, over: int) -> None:
    content = encoded("mp3", noise(4.0))
    middle = len(content) // 2
    found = decode(content[:middle] + garbage + content[middle + over :], "song.mp3")
    (told,) = found.warnings
    assert re.match(r"song\.mp3 is damaged at (1\.9|2\.0)\d s \(\d+ bytes not part of any frame: left out\)", told)
    lost = 4 * SR - found.samples.shape[1]
    assert lost == 0 if not over else 0 < lost <= 4 * 1152
    before, whole = round(1.8 * SR), decode(content, "song.mp3").samples
    np.testing.assert_array_equal(found.samples[:, :before], whole[:, :before])


def test_what_an_mp3_decoder_says_itself_is_told_in_our_words(capfd: pytest.CaptureFixture[str]) -> None:
    """Of frames that look sound, too; and nothing else is written to stderr."""
    time = np.arange(2 * SR) / SR
    beeps = 0.3 * np.sin(2 * np.pi * 440 * time) * (np.sin(2 * np.pi * 3 * time) > 0)
    rng, sound = np.random.default_rng(0), encoded("mp3", beeps[:, None].astype(np.float32))
    only_the_decoder = 0
    for _ in range(60):
        content = bytearray(sound)
        at = int(rng.integers(2000, len(content) - 2000))
        content[at : at + 3] = rng.bytes(3)
        soundfile.read(io.BytesIO(content))
        said = capfd.readouterr().err
        told = decode(bytes(content), "song.mp3").warnings
        assert capfd.readouterr().err == ""
        assert told or not said
        only_the_decoder += " (frames that cannot be decoded): what is heard there may be noise; " in "".join(told)
    assert only_the_decoder > 0


def test_an_mp3_that_was_cut_before_it_was_joined_is_refused() -> None:
    content = encoded("mp3", noise(3.0))
    with pytest.raises(AudioError, match=r"cut short: its header promises 3\.0\d s, it holds 1\.\d\d s"):
        decode(content[: len(content) // 2] + content, "song.mp3")


def test_a_file_that_is_too_long_is_refused_when_so_much_was_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    content = encoded("wav", noise(9.0))
    read = []
    monkeypatch.setattr(decoding, "_BLOCK", SR)
    monkeypatch.setattr(parts, "free_bytes", lambda: read.append(1))
    message = r"^long\.wav is longer than 0\.000556 h; cut it into shorter files, for instance with: ffmpeg -ss"
    with pytest.raises(AudioError, match=message):
        decode(content, "long.wav", longest_s=2.0)
    assert len(read) == 2, "of nine seconds"


def test_a_file_that_memory_does_not_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "free_bytes", lambda: 1000)
    for read in (decode, count):
        with pytest.raises(
            AudioError, match=r"^long\.wav needs more memory than is free: 0\.0 GB more for its first 1 s"
        ):
            read(encoded("wav", noise(1.0)), "long.wav")


@pytest.mark.parametrize(
    ("sr", "n_channels", "message"),
    [
        (2, 2, r"^x has a sampling rate of 2 Hz, and those of music are from 2000 to 768000; get"),
        (1999, 1, "has a sampling rate of 1999 Hz"),
        (1_000_000, 1, "has a sampling rate of 1000000 Hz"),
        (SR, 1000, "^x has 1000 channels; mono and stereo can be used"),
    ],
)
def test_a_header_that_would_make_gigabytes_of_a_few_bytes_is_refused_before_decoding(
    sr: int, n_channels: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = encode(np.zeros((n_channels, 100), np.float32), sr, "WAV", "PCM_16")
    monkeypatch.setattr(decoding, "_BLOCK", "nothing is read")
    with pytest.raises(AudioError, match=message):
        decode(content, "x")
    assert {2000, 8000, 768_000} <= set(decoding.RATES)


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
            assert decode(start + rng.bytes(size), "x").samples.ndim == 2
