"""The parts of a file, told from its bytes."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from audiolime_ext.audio.formats import flac, mpeg, ogg, riff
from audiolime_ext.audio.formats.tags import after_tags, before_tags, only_tags
from audiolime_ext.errors import AudioError
from tests.audio.test_decoding import ID3, SR, encoded, noise

APE = b"APETAGEX" + (2000).to_bytes(4, "little") + (40).to_bytes(4, "little") + bytes(4)
APE_TAG = APE + b"\0\0\0\xa0" + bytes(8) + b"i" * 8 + APE + b"\0\0\0\x80" + bytes(8)
LYRICS = b"LYRICSBEGIN" + b"la la" + b"000016LYRICS200"


def frames(header: bytes, n_bytes: int, n: int) -> bytes:
    return (header + bytes(n_bytes - len(header))) * n


@pytest.mark.parametrize("tag", [ID3, b"TAG" + b"x" * 125, APE_TAG])
def test_tags_are_passed_from_either_side(tag: bytes) -> None:
    assert after_tags(tag + tag + b"sound") == 2 * len(tag)
    if tag is not ID3:  # which stands in front
        assert before_tags(b"sound" + tag + tag, 5 + 2 * len(tag)) == 5
    assert only_tags(b"sound" + tag + b"sound", 5, 5 + len(tag))
    assert not only_tags(b"sound" + b"noise" + b"sound", 5, 10)


def test_lyrics_and_zeros_are_passed_from_behind() -> None:
    assert before_tags(b"sound" + LYRICS + b"TAG" + bytes(125), 5 + len(LYRICS) + 128) == 5
    assert only_tags(b"sound" + bytes(9), 5, 14), "at the end of a file"
    assert not only_tags(b"sound" + bytes(9) + b"sound", 5, 14), "zeros between two frames are a hole"


@pytest.mark.parametrize(
    ("header", "n_bytes", "n_samples"),
    [
        (b"\xff\xfb\x90\x00", 417, 1152),  # MPEG 1, layer III, 128 kbit/s
        (b"\xff\xf3\x80\xc0", 208, 576),  # MPEG 2, layer III, 64 kbit/s, mono
        (b"\xff\xe3\x80\xc0", 417, 576),  # MPEG 2.5
        (b"\xff\xfd\x80\x00", 417, 1152),  # MPEG 1, layer II, 128 kbit/s
        (b"\xff\xf5\xc0\x00", 835, 1152),  # MPEG 2, layer II, 128 kbit/s
        (b"\xff\xff\x40\x00", 136, 384),  # MPEG 1, layer I, 128 kbit/s
    ],
)
def test_frames_of_every_layer_are_counted(header: bytes, n_bytes: int, n_samples: int) -> None:
    found = mpeg.parts(frames(header, n_bytes, 7), "x")
    assert found is not None
    (part,) = found.parts
    assert (part.counted, part.gaps, found.n_behind) == (7 * n_samples, (), 0)


def test_a_row_of_another_kind_is_another_part_and_a_single_frame_of_it_is_garbage() -> None:
    stereo, mono = frames(b"\xff\xfb\x90\x00", 417, 5), frames(b"\xff\xfb\x90\xc0", 417, 5)
    found = mpeg.parts(stereo + mono, "x")
    assert found is not None
    assert [part.counted for part in found.parts] == [5 * 1152] * 2
    found = mpeg.parts(stereo + mono[:417] + stereo, "x")
    assert found is not None
    assert [(part.counted, part.gaps) for part in found.parts] == [(10 * 1152, ((5 * 1152, 417),))]


def test_a_frame_whose_end_is_missing_does_not_swallow_the_next() -> None:
    whole = frames(b"\xff\xfb\x90\x00", 417, 5)
    found = mpeg.parts(whole[:-100] + whole, "x")
    assert found is not None
    assert [(part.counted, part.gaps) for part in found.parts] == [(9 * 1152, ((4 * 1152, 317),))]


def test_the_frame_that_counts_is_no_sound_and_says_the_truth_afterwards() -> None:
    content = encoded("mp3", noise(1.0))
    found = mpeg.parts(content + content, "x")
    assert found is not None
    for part in found.parts:
        at = part.content.index(b"Xing") + 8
        assert int.from_bytes(part.content[at : at + 4], "big") * 1152 == part.counted
        assert int.from_bytes(part.content[at + 4 : at + 8], "big") == len(part.content) == len(content)
        assert 0 < part.counted - SR < 3 * 1152, "an encoder pads"


@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize("sr", [44100, 22050, 8000])
@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_frames_of_an_encoder_hold_no_nonsense(n_channels: int, sr: int, mode: str) -> None:
    buffer = io.BytesIO()
    sound = noise(3.0, n_channels)
    sound[SR:] *= np.sin(np.arange(len(sound) - SR))[:, None] ** 64  # attacks
    soundfile.write(buffer, sound, sr, format="MP3", bitrate_mode=mode, compression_level=0.2)
    found = mpeg.parts(buffer.getvalue(), "x")
    assert found is not None
    assert [part.damaged for part in found.parts] == [()]


def test_nonsense_within_a_row_of_frames_is_found() -> None:
    content = encoded("mp3", noise(3.0))
    rng, found = np.random.default_rng(0), 0
    for place in rng.integers(len(content) // 4, 3 * len(content) // 4, 20):
        frame = content.index(content[:2], int(place))
        broken = content[: frame + 4] + rng.bytes(32) + content[frame + 36 :]
        parts = mpeg.parts(broken, "x")
        assert parts is not None
        (part,) = parts.parts
        found += len(part.damaged) > 0
    assert found >= 18, "the rest happens to make sense"


def test_a_header_within_an_id3_tags_reach_is_found() -> None:
    whole = frames(b"\xff\xfb\x90\x00", 417, 5)
    found = mpeg.parts(ID3 + b"unclean" + whole, "x")
    assert found is not None
    assert found.parts[0].counted == 5 * 1152
    assert mpeg.parts(b"unclean" + whole, "x") is None


def test_pages_are_checked_and_streams_told_apart() -> None:
    first, second = encoded("ogg", noise(1.0)), encoded("opus", noise(1.0))
    found = ogg.parts(first + second + first, "x")
    assert found is not None
    assert [part.content for part in found.parts] == [first, second, first]
    assert ogg.parts(b"RIFF" + first, "x") is None


@pytest.mark.parametrize("shift", [1, 30, 200])
def test_one_wrong_bit_of_a_page_is_enough(shift: int) -> None:
    content = bytearray(encoded("ogg", noise(3.0)))
    content[content.index(b"OggS", len(content) // 2) + shift] ^= 1
    with pytest.raises(AudioError, match=r"damaged after \d\.\d\d s \(a page fails its checksum\)"):
        ogg.parts(bytes(content), "x")


def test_a_page_that_is_not_there_is_missed_but_not_where_one_tuned_in() -> None:
    content = encoded("ogg", noise(6.0))
    pages = [at for at in range(len(content)) if content.startswith(b"OggS", at)]
    assert len(pages) > 6
    with pytest.raises(AudioError, match=r"damaged after \d\.\d\d s \(pages are missing\)"):
        ogg.parts(content[: pages[4]] + content[pages[5] :], "x")
    assert ogg.parts(content[: pages[2]] + content[pages[4] :], "x") is not None


def test_flac_frames_are_found_by_their_checksums() -> None:
    content = encoded("flac", noise(1.0))
    assert flac.frames_beyond(content, SR - 4096)
    assert not flac.frames_beyond(content, SR)
    assert not flac.frames_beyond(content[:8000] + np.random.default_rng(0).bytes(100_000), SR)


def test_a_picture_of_a_header_in_the_metadata_begins_no_part() -> None:
    content = encoded("flac", noise(0.5))
    block = b"\x02" + (4 + 42).to_bytes(3, "big") + b"test" + content[:42]  # application data, between two blocks
    found = flac.parts(content[:42] + block + content[42:])
    assert found is not None
    assert len(found.parts) == 1


@pytest.mark.parametrize("kind", ["wav", "aiff"])
def test_chunks_behind_the_sound_are_no_matter(kind: str) -> None:
    content = encoded(kind, noise(0.1))
    order = "little" if kind == "wav" else "big"
    chunk = b"id3 " + (5).to_bytes(4, order) + b"words\0"  # type: ignore[arg-type]
    found = riff.parts(content + chunk + content)
    assert found is not None
    assert [part.content for part in found.parts] == [content + chunk, content]
    assert found.n_behind == 0


def test_other_formats_are_left_alone() -> None:
    buffer = io.BytesIO()
    soundfile.write(buffer, noise(0.1), SR, format="AU")
    content = buffer.getvalue()
    assert riff.parts(content) is flac.parts(content) is ogg.parts(content, "x") is mpeg.parts(content, "x") is None
