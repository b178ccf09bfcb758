"""Containers (m4a, mp4, mov, stem.mp4; mka, webm; wma; aac, wv, ape, tta), by PyAV: the sound in them, and their stems.

The first sound is the recording. What comes after it are its stems in a stem.mp4, as Native Instruments' format and
musdb have it; elsewhere it is another language or another take, which `unread` reports. Samples are those that ffmpeg
decodes, whose libraries PyAV brings: what an encoder put in front of the sound is skipped where the container says so,
and what it put behind is kept, in all streams alike. Where a box or a frame ends beyond the file, or a stream is
shorter than promised, the file lacks its end. Damage is refused; ffmpeg would go on behind it.

References: ISO/IEC 14496-12 (boxes); ISO/IEC 14496-3 (frames of AAC, as ADTS has them); RFC 8794 and 9559 (EBML,
Matroska); Native Instruments, "Stem file specification" (the box ``stem`` and its JSON).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.formats.parts import KEEP_THE_REST, first_of, require_room
from audiolime_ext.errors import AudioError, MissingError
from audiolime_ext.extras import require
from audiolime_ext.files.plain import json_of

_OVERSTATED = 4096  # samples by which a complete file may promise too much
_ROUNDED_S = 0.25  # and seconds, where only the container gives a length, rounded for display
_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")  # that an MPEG-4 or QuickTime file may begin with
_PIECES = 64  # frames, some 1024 samples each, that make a block
_MARKS = (
    b"\x1aE\xdf\xa3",  # Matroska, WebM
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # ASF, the container of WMA
    b"wvpk",
    b"MAC ",
    b"TTA1",
)

STEM_ENDINGS = (".stem.mp4", ".stem.m4a")

Sound = tuple[NDArray[np.float32], int]


def is_container(content: bytes) -> bool:
    r"""Whether these are the bytes of a file that PyAV reads and libsndfile does not.

    Examples
    --------
    >>> is_container(b"\0\0\0 ftypM4A "), is_container(b"RIFF")
    (True, False)
    """
    head = content[_after_tag(content) :][:8]
    return content[4:8] in _BOXES or head.startswith(_MARKS) or bool(_adts_size(head))


def joined(content: bytes) -> list[bytes]:
    """The MPEG-4 containers that were joined byte for byte, each counting from its own start; others as they are."""
    starts = [begin - 8 for kind, begin, _ in _boxes(content, 0, len(content)) if kind == "ftyp"]
    return [content[begin:end] for begin, end in pairwise([*starts, len(content)])] or [content]


def sound_blocks(content: bytes, origin: str, number: int = 0) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """A sound in a container, the first unless another is asked for: its rate in Hz with each block of its samples.

    A block has the shape (n_channels, n_samples).

    Raises
    ------
    AudioError
        If it holds no sound or lacks its end; `origin` names it in the message.
    MissingError
        If PyAV is not installed.
    """
    av, _ = _require_sounds(content, origin)
    try:
        with _opened(av, content) as container:
            yield from _decoded(av, container, container.streams.audio[number], origin)
    except av.FFmpegError as error:
        raise AudioError(f"{origin} cannot be read as audio ({error.strerror}); {KEEP_THE_REST}") from error


def unread(content: bytes, origin: str) -> str | None:
    """Note that sounds beside the first are not read; None where there are none, or they are its stems."""
    if origin.lower().endswith(STEM_ENDINGS) or _inside(content, "moov", "udta", "stem"):
        return None
    return first_of(_n_sounds(require("av", extra="codecs"), content, origin), origin)


def decode_stems(content: bytes, origin: str) -> dict[str, Sound]:
    """All sounds but the first, by the names (in lower case) that the container gives them; else ``stem 1``, ….

    Raises
    ------
    AudioError
        As `sound_blocks`, or if it holds one sound only.
    """
    if len(joined(content)) > 1:
        raise AudioError(f"{origin} is several files joined in one; split it, as their stems cannot be joined")
    _, n_sounds = _require_sounds(content, origin)
    if n_sounds == 1:
        raise AudioError(f"{origin} holds one sound and no stems; a stem.mp4 has the mixture first, then its stems")
    stems = [_whole(content, origin, number) for number in range(1, n_sounds)]
    names = _stem_names(content, len(stems)) or [f"stem {number}" for number in range(1, len(stems) + 1)]
    return dict(zip(names, stems, strict=True))


def _require_sounds(content: bytes, origin: str) -> tuple[Any, int]:
    """PyAV, and the number of sounds in a container that is complete and holds any."""
    try:
        av = require("av", extra="codecs")
    except MissingError as error:
        raise MissingError(
            f"{origin} is MPEG-4 or another container: {error}; or convert it with: ffmpeg -i IN OUT.wav"
        ) from error
    _require_end(content, origin)
    if not (n_sounds := _n_sounds(av, content, origin)):
        raise AudioError(f"{origin} holds no sound; name a file that does")
    return av, n_sounds


def _n_sounds(av: Any, content: bytes, origin: str) -> int:
    try:
        with _opened(av, content) as container:
            return len(container.streams.audio)
    except av.FFmpegError as error:
        raise AudioError(
            f"{origin} cannot be read as audio ({error.strerror}), nor by ffmpeg; get a complete copy"
        ) from error


def _opened(av: Any, content: bytes) -> Any:
    """The container; tags that are not UTF-8, as old programs wrote them, do not keep the sound from being read."""
    return av.open(io.BytesIO(content), metadata_errors="replace")


def _whole(content: bytes, origin: str, number: int) -> Sound:
    """All blocks of a sound, and its rate."""
    blocks, n_samples, sr = [], 0, 0
    for sr, block in sound_blocks(content, origin, number):
        blocks.append(block)
        n_samples += block.shape[1]
        require_room(n_samples * len(block) * block.itemsize, origin, n_samples / sr)
    return np.concatenate(blocks, axis=1), sr


def _decoded(av: Any, container: Any, stream: Any, origin: str) -> Iterator[tuple[int, NDArray[np.float32]]]:
    pieces: list[NDArray[np.float32]] = []
    resampler, sr, n_samples = None, 0, 0
    for frame in chain(container.decode(stream), [None]):
        if resampler is None:
            if frame is None:
                raise AudioError(f"{origin} holds no samples")
            sr = frame.sample_rate
            resampler = av.AudioResampler(format="fltp", layout=frame.layout, rate=sr)
        pieces += [part.to_ndarray() for part in resampler.resample(frame)]
        if pieces and (frame is None or len(pieces) == _PIECES):
            block = np.concatenate(pieces, axis=1)
            n_samples += block.shape[1]
            yield sr, block
            pieces = []
    promised_s, tolerated = _promised_s(container, stream), _OVERSTATED
    if stream.duration is None:
        tolerated = round(_ROUNDED_S * sr)
    if promised_s * sr > n_samples + tolerated:
        raise AudioError(
            f"{origin} is cut short: its header promises {promised_s:.2f} s, it holds {n_samples / sr:.2f} s; "
            f"{KEEP_THE_REST}"
        )


def _promised_s(container: Any, stream: Any) -> float:
    """Length of a sound in seconds by its container; 0 where that is only ffmpeg's guess from the bit rate."""
    if container.format.name == "aac":
        return 0.0
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    return float((container.duration or 0) / 1e6) if len(container.streams) == 1 else 0.0


def _require_end(content: bytes, origin: str) -> None:
    if content[4:8] in _BOXES:
        ends = {kind: end for kind, _, end in _boxes(content, 0, len(content))}
        if ends.keys().isdisjoint({"moov", "meta"}) or ends.get("moov", 0) > len(content):  # meta: a picture
            raise AudioError(
                f"{origin} has no index (its box 'moov' is {'cut short' if 'moov' in ends else 'missing'}): it was not "
                "written or copied to the end, and no program can read what is there; copy or export it again"
            )
        for kind, end in ends.items():
            if end > len(content):
                raise AudioError(f"{origin} is cut short: it ends within its box {kind!r}; {KEEP_THE_REST}")
    at = _after_tag(content)
    while size := _adts_size(content[at : at + 8]):
        at += size
        if at > len(content):
            raise AudioError(f"{origin} is cut short: it ends within a frame; {KEEP_THE_REST}")


def _after_tag(content: bytes) -> int:
    """Where an ID3v2 tag ends; 0 where there is none."""
    if content[:3] != b"ID3":
        return 0
    return 10 + sum((byte & 127) << 7 * (3 - i) for i, byte in enumerate(content[6:10]))


def _adts_size(head: bytes) -> int:
    """Bytes of the ADTS frame that begins with these; 0 if none does."""
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return 0
    size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return size if size > 7 else 0


def _boxes(content: bytes, at: int, end: int) -> Iterator[tuple[str, int, int]]:
    """Boxes that begin between two bytes: kind, where the inside begins, where it ends (it may be beyond `end`)."""
    while at + 8 <= end:
        size, header = int.from_bytes(content[at : at + 4], "big"), 8
        if size == 1:  # a large one
            size, header = int.from_bytes(content[at + 8 : at + 16], "big"), 16
        stop = at + size if size else end  # 0: up to the end
        if stop < at + header:
            return
        yield content[at + 4 : at + 8].decode("latin-1"), at + header, stop
        at = stop


def _inside(content: bytes, *kinds: str) -> list[tuple[int, int]]:
    """Where the boxes of the last kind begin and end, within those of the kind before, and so on."""
    places = [(0, len(content))]
    for wanted in kinds:
        places = [(a, b) for at, end in places for kind, a, b in _boxes(content, at, end) if kind == wanted]
    return places


def _stem_names(content: bytes, n_stems: int) -> list[str] | None:
    """What Native Instruments' box in ``moov/udta`` calls the stems; None where it gives no name to each."""
    try:
        stems = [
            stem for at, end in _inside(content, "moov", "udta", "stem") for stem in json_of(content[at:end])["stems"]
        ]
        names = [str(stem["name"]).strip().lower() for stem in stems]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return names if len(set(filter(None, names))) == n_stems == len(names) else None
