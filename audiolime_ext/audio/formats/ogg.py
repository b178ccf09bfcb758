"""Ogg (Vorbis, Opus): pages that are numbered and carry checksums; the last one of a stream is marked.

A decoder leaves out pages that fail their checksum, and everything after them comes too early. So pages are checked
here, and damage is refused. Streams may follow one another (they are *chained*, RFC 3533): each is a part of its own.
Or they lie side by side (*multiplexed*): then the first sound is read.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from audiolime_ext.audio.formats.parts import KEEP_THE_REST, Part, Parts, cut_short
from audiolime_ext.audio.formats.tags import after_tags, only_tags
from audiolime_ext.errors import AudioError

_TRIED = 1000  # places behind the last good page at which another one may begin
_FIRST, _LAST = 2, 4  # flags of a page
_SOUNDS = (b"\x01vorbis", b"OpusHead", b"\x7fFLAC", b"Speex")
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True)
class _Page:
    begin: int
    end: int
    flags: int
    granule: int
    serial: int
    number: int


def parts(content: bytes, origin: str) -> Parts | None:
    """The streams of an Ogg file; None if it is not one.

    Raises
    ------
    AudioError
        If pages are damaged or missing, or a stream lacks its end.
    """
    start = after_tags(content)
    page = _page(content, start)
    if page is None:  # no Ogg file, or one that no decoder opens
        return None
    starts, streams, at, last = [start], {page.serial: page.number}, page.end, page
    clock, sounds = _rate(content, page), [_is_sound(content, page)]  # side by side, in each part
    while (page := _page(content, at) or _page(content, after_tags(content, at))) is not None:
        if page.flags & _FIRST and not last.flags & _FIRST:
            _require_end(last, clock, origin)
            starts.append(page.begin)
            streams, clock = {}, _rate(content, page)
            sounds.append(0)
        if page.flags & _FIRST:
            sounds[-1] += _is_sound(content, page)
        expected = streams.get(page.serial, page.number - 1) + 1
        if (
            page.number != expected and expected > 3
        ):  # who tunes in to a radio stream gets its headers, then a later page
            raise _damaged(origin, last, clock, "pages are missing")
        streams[page.serial] = page.number
        last, at = page, page.end
    if any(_page(content, place) for place in islice(_places(content, at), _TRIED)):
        raise _damaged(origin, last, clock, "a page fails its checksum")
    if content[at : at + 4] == b"OggS" and not last.flags & _LAST:
        raise cut_short(origin, "it ends within a page, after", _seconds(last, clock))
    _require_end(last, clock, origin)
    spans = zip(starts, [*starts[1:], at], strict=True)
    n_behind = 0 if only_tags(content, at, len(content)) else len(content) - at
    return Parts(tuple(Part(content[begin:end]) for begin, end in spans), n_behind, max(sounds))


def _page(content: bytes, at: int) -> _Page | None:
    """The page that begins here, if it is whole and its checksum is right."""
    head = content[at : at + 27]
    if head[:4] != b"OggS" or len(head) < 27:
        return None
    sizes = content[at + 27 : at + 27 + head[26]]
    end = at + 27 + len(sizes) + sum(sizes)
    if len(sizes) < head[26] or end > len(content):
        return None
    if _checksum(head[:22] + bytes(4) + content[at + 26 : end]) != int.from_bytes(head[22:26], "little"):
        return None
    granule = int.from_bytes(head[6:14], "little", signed=True)
    return _Page(
        at, end, head[5], granule, int.from_bytes(head[14:18], "little"), int.from_bytes(head[18:22], "little")
    )


def _checksum(page: bytes) -> int:
    """Ogg's CRC-32, which takes the bits of a byte in the opposite order to zlib's, and begins and ends with 0."""
    crc = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(crc.to_bytes(4, "little").translate(_REVERSED), "big")


def _places(content: bytes, at: int) -> Iterator[int]:
    """Positions behind `at` where pages may begin."""
    while (at := content.find(b"OggS", at + 1)) >= 0:
        yield at


def _is_sound(content: bytes, page: _Page) -> int:
    return int(content[page.begin + 28 : page.end].startswith(_SOUNDS))


def _rate(content: bytes, page: _Page) -> int:
    """Number of a stream's granules per second; 0 if it is not known."""
    packet = content[page.begin + 28 : page.end]
    if packet[:7] == b"\x01vorbis":
        return int.from_bytes(packet[12:16], "little")
    return 48000 if packet[:8] == b"OpusHead" else 0


def _seconds(page: _Page, rate: int) -> float:
    return max(0, page.granule) / rate if rate else 0.0


def _require_end(last: _Page, rate: int, origin: str) -> None:
    if not last.flags & _LAST:
        raise cut_short(origin, "it ends without an end mark after", _seconds(last, rate))


def _damaged(origin: str, last: _Page, rate: int, what: str) -> AudioError:
    return AudioError(f"{origin} is damaged after {_seconds(last, rate):.2f} s ({what}); {KEEP_THE_REST}")
