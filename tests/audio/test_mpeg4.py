"""Sound in MPEG-4 containers: sample for sample what ffmpeg decodes, whole or refused."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import load_audio
from audiolime_ext.audio.decoding import decode
from audiolime_ext.audio.formats import parts
from audiolime_ext.audio.mpeg4 import decode_stems
from audiolime_ext.cli import main
from audiolime_ext.errors import AudioError, MissingError
from audiolime_ext.registry import build
from factorizations.oracle import OracleFactorization
from tests.audio.test_decoding import SR, heard, needs_ffmpeg, noise

av = pytest.importorskip("av")


def contained(folder: Path, options: str, *, seconds: float = 3.3, n_channels: int = 2) -> bytes:
    """Noise as ffmpeg writes it into a container; it cannot do so into a pipe."""
    sound = noise(seconds, n_channels)
    source = ["-f", "f32le", "-ar", str(SR), "-ac", str(n_channels), "-i", "-"]
    command = ["ffmpeg", "-loglevel", "error", "-y", *source, *options.split(), str(folder / "sound.mp4")]
    subprocess.run(command, input=sound.tobytes(), check=True, capture_output=True)
    return (folder / "sound.mp4").read_bytes()


CODECS = {
    "aac": "-c:a aac -b:a 192k",
    "aac mono": "-c:a aac -ac 1 -ar 22050",
    "aac, index in front": "-c:a aac -movflags +faststart",
    "aac in fragments": "-c:a aac -movflags frag_keyframe+empty_moov",
    "alac": "-c:a alac",
    "alac 16 bit": "-c:a alac -sample_fmt s16p",
    "mp3": "-c:a libmp3lame",
    "flac": "-c:a flac -strict -2",
    "opus": "-c:a libopus",
}


@needs_ffmpeg
@pytest.mark.parametrize("codec", CODECS)
def test_samples_are_those_that_ffmpeg_decodes(tmp_path: Path, codec: str) -> None:
    content = contained(tmp_path, CODECS[codec])
    samples, sr = heard(content, "song.m4a")
    command = ["ffmpeg", "-loglevel", "error", "-i", str(tmp_path / "sound.mp4"), "-f", "f32le", "-"]
    found = subprocess.run(command, capture_output=True, check=True).stdout
    expected = np.frombuffer(found, np.float32).reshape(-1, len(samples)).T
    assert sr == {"aac mono": 22050, "opus": 48000}.get(codec, SR)
    assert samples.dtype == np.float32
    assert samples.shape == expected.shape
    np.testing.assert_allclose(samples, expected, atol=1e-6)


@needs_ffmpeg
def test_sound_stays_where_it_is(tmp_path: Path) -> None:
    """An encoder's delay, 1024 samples of AAC, is skipped."""
    samples, _ = heard(contained(tmp_path, "-c:a aac -b:a 256k"), "song.m4a")
    original = noise(3.3).T
    for shift in (0, 1, 1024):
        fit = np.corrcoef(samples[0, shift : shift + 140000], original[0, :140000])[0, 1]
        assert fit > 0.9 if shift == 0 else fit < 0.1


@needs_ffmpeg
@pytest.mark.parametrize("codec", ["aac", "aac, index in front", "alac"])
@pytest.mark.parametrize("part", [0.95, 0.5, 0.1])
def test_a_file_that_lacks_its_end_is_refused(tmp_path: Path, codec: str, part: float) -> None:
    content = contained(tmp_path, CODECS[codec])
    content = content[: int(part * len(content))]
    told = r"is cut short: it ends within its box 'mdat'; get a complete copy, or keep what is there with: ffmpeg"
    if "index in front" not in codec:
        told = r"has no index \(its box 'moov' is (missing|cut short)\): .*; copy or export it again$"
    with pytest.raises(AudioError, match=rf"^song\.m4a {told}"):
        heard(content, "song.m4a")
    (tmp_path / "cut.mp4").write_bytes(content)
    command = ["ffmpeg", "-loglevel", "error", "-y", "-i", str(tmp_path / "cut.mp4"), str(tmp_path / "rest.wav")]
    kept = subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert kept == ("ffmpeg" in told)  # advice that can be followed


@needs_ffmpeg
def test_a_file_whose_last_box_has_no_length_must_hold_what_its_header_promises(tmp_path: Path) -> None:
    content = bytearray(contained(tmp_path, CODECS["aac, index in front"]))
    at = content.index(b"mdat") - 4
    content[at : at + 4] = bytes(4)  # up to the end of the file, wherever that is
    assert heard(bytes(content), "song.m4a")[0].shape[1] > len(noise(3.3))
    with av.open(str(tmp_path / "sound.mp4")) as container:
        packets = [packet.pos for packet in container.demux(audio=0) if packet.size]
    message = r"^song\.m4a is cut short: its header promises 3\.3. s, it holds 1\.6. s; get a complete copy, or keep"
    with pytest.raises(AudioError, match=message):
        heard(bytes(content[: packets[len(packets) // 2]]), "song.m4a")


@needs_ffmpeg
def test_damage_is_refused(tmp_path: Path) -> None:
    content = bytearray(contained(tmp_path, "-c:a alac"))
    at = content.index(b"mdat") + 100_000
    content[at : at + 20_000] = bytes(20_000)
    with pytest.raises(AudioError, match=r"^song\.m4a cannot be read as audio \(.*\); get a complete copy, or keep"):
        heard(bytes(content), "song.m4a")


@needs_ffmpeg
@pytest.mark.parametrize("ending", ["mka", "mkv", "mp4", "webm", "ogg"])
def test_of_several_sounds_the_first_is_read_and_that_is_said(tmp_path: Path, ending: str) -> None:
    tones = [word for hz in (220, 440, 880) for word in ("-f", "lavfi", "-i", f"sine=frequency={hz}:duration=1")]
    codec = ["-c:a", "aac" if ending == "mp4" else "libvorbis"]
    for n_sounds, others in ((1, None), (2, "the other"), (3, "another")):
        path = tmp_path / f"{n_sounds}.{ending}"
        maps = [word for number in range(n_sounds) for word in ("-map", f"{number}:a")]
        subprocess.run(["ffmpeg", "-loglevel", "error", *tones, *maps, *codec, str(path)], check=True)
        audio = load_audio(path)
        spectrum = np.abs(np.fft.rfft(audio.samples[0]))
        assert np.argmax(spectrum) * audio.sr / audio.n_samples == pytest.approx(220, abs=2)
        told = (
            f"{path} holds {n_sounds} sounds side by side, of which the first is read; take {others} out with: ffmpeg"
        )
        assert [warning.split(" -i")[0] for warning in audio.warnings] == ([told] if others else [])


@pytest.mark.parametrize(
    ("name", "box", "n_warnings"),
    [("falcon.mp4", b"stem{", 0), ("falcon.stem.mp4", b"free{", 0), ("falcon.mp4", b"free{", 1)],
)
def test_stems_behind_their_mixture_are_no_other_sounds(
    falcon: bytes, tmp_path: Path, name: str, box: bytes, n_warnings: int
) -> None:
    (tmp_path / name).write_bytes(falcon.replace(b"stem{", box))
    assert len(load_audio(tmp_path / name).warnings) == n_warnings


@needs_ffmpeg
def test_a_film_without_sound_is_refused(tmp_path: Path) -> None:
    command = ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "color=d=0.2:s=64x64", str(tmp_path / "film.mp4")]
    subprocess.run(command, check=True, capture_output=True)
    with pytest.raises(AudioError, match=r"film\.mp4 holds no sound"):
        load_audio(tmp_path / "film.mp4")


@pytest.mark.parametrize("rest", [b"", bytes(100), b"\0\0\0\1mdat", b"\0\0\0\3mdat"])
def test_what_only_begins_like_a_container_is_refused(rest: bytes) -> None:
    with pytest.raises(AudioError, match=r"^x has no index"):
        heard(b"\0\0\0\x14ftypM4A \0\0\0\0isom" + rest, "x")


def test_random_bytes_give_this_error_and_no_other() -> None:
    rng = np.random.default_rng(0)
    for size in (1, 30, 300, 3000):
        with pytest.raises(AudioError):
            heard(b"\0\0\0\x14ftypM4A \0\0\0\0isom" + rng.bytes(size), "x")


def test_without_the_extra_a_container_is_told_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    (tmp_path / "song.m4a").write_bytes(b"\0\0\0\x14ftypM4A \0\0\0\0isom")
    told = r"song\.m4a is MPEG-4 or another container: .*pip install 'audiolime-ext\[codecs\]'"
    with pytest.raises(MissingError, match=told):
        load_audio(tmp_path / "song.m4a")
    assert main(["tag", str(tmp_path / "song.m4a"), "-t", "tests.models.test_every:loudness"]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert "or convert it with: ffmpeg -i IN OUT.wav" in line


STEMPEG = find_spec("stempeg")  # not imported: it asks for ffmpeg
FALCON = Path(str(STEMPEG and STEMPEG.origin)).parent / "data" / "The Easton Ellises - Falcon 69.stem.mp4"


@pytest.fixture(scope="module")
def falcon() -> bytes:
    """Six seconds in Native Instruments' format: a cover, five sounds and their names."""
    pytest.importorskip("yaml", reason="stempeg comes with musdb")
    return FALCON.read_bytes()


@needs_ffmpeg
def test_a_stem_file_is_its_mixture_and_its_stems(falcon: bytes) -> None:
    song = decode(falcon, "falcon")
    stems = decode_stems(falcon, "falcon")
    assert list(stems) == ["drums", "bass", "other", "vox"]
    for number, (found, rate) in enumerate([(song.samples, song.sr), *stems.values()]):
        command = ["ffmpeg", "-loglevel", "error", "-i", str(FALCON), "-map", f"0:a:{number}", "-f", "f32le", "-"]
        decoded = subprocess.run(command, capture_output=True, check=True).stdout
        np.testing.assert_allclose(found, np.frombuffer(decoded, np.float32).reshape(-1, 2).T, atol=1e-6)
        assert rate == 44100


def test_a_stem_file_is_an_oracle_of_itself(falcon: bytes) -> None:
    oracle = build("factorization", f"oracle:{FALCON}")
    song = load_audio(str(FALCON))
    stems = oracle.factorize(song, start_s=1.0, duration_s=2.0)
    assert stems.names[:4] == ("drums", "bass", "other", "vox")
    np.testing.assert_allclose(stems.mixture, song.excerpt(1.0, 2.0).samples, atol=1e-6)
    assert build("factorization", oracle.spec).fingerprint == oracle.fingerprint


@pytest.mark.parametrize("changed", [(b'"name"', b'"nama"'), (b'"Bass"', b'"vox "'), (b'{"mastering', b'("mastering')])
def test_stems_without_names_of_their_own_are_numbered(falcon: bytes, changed: tuple[bytes, bytes]) -> None:
    assert list(decode_stems(falcon.replace(*changed), "falcon")) == ["stem 1", "stem 2", "stem 3", "stem 4"]


def test_sounds_that_memory_does_not_hold_are_refused(falcon: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "free_bytes", lambda: 1_000_000)
    for read in (decode, decode_stems):
        with pytest.raises(AudioError, match=r"^falcon needs more memory than is free: 0\.0 GB more for its first 3 s"):
            read(falcon, "falcon")


def test_names_of_stems_that_are_nested_without_measure_are_no_names(falcon: bytes) -> None:
    box = b"[" * 100_000
    for kind in (b"stem", b"udta", b"moov"):
        box = (len(box) + 8).to_bytes(4, "big") + kind + box
    assert next(iter(decode_stems(falcon + box, "falcon"))) == "stem 1"


@needs_ffmpeg
def test_a_container_of_one_sound_is_no_stem_file(tmp_path: Path) -> None:
    contained(tmp_path, "-c:a aac", seconds=0.5)
    with pytest.raises(AudioError, match=r"sound\.mp4 holds one sound and no stems; a stem\.mp4 has the mixture first"):
        OracleFactorization.from_stem_file(tmp_path / "sound.mp4")


@needs_ffmpeg
def test_joined_containers_are_read_one_after_the_other(tmp_path: Path) -> None:
    first, second = contained(tmp_path, "-c:a alac", seconds=1.0), contained(tmp_path, "-c:a alac", seconds=0.5)
    samples, _ = heard(first + second, "joined.m4a")
    np.testing.assert_array_equal(samples[:, :SR], heard(first, "first.m4a")[0])
    np.testing.assert_array_equal(samples[:, SR:], heard(second, "second.m4a")[0])
    with pytest.raises(AudioError, match=r"^joined\.m4a is several files joined in one"):
        decode_stems(first + second, "joined.m4a")
