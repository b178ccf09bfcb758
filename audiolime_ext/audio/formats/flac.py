"""FLAC: frames that carry checksums, behind a header that may say how many samples there are.

The header of a stream that was written into a pipe does not say; that of an edited one may be out of date. libFLAC
decodes what is there, but libsndfile stops where the header says. So libsndfile is given a header without a number,
and the number is compared with what was decoded. Where the header of another stream stands, another part begins.

Reference: RFC 9639.
"""

from __future__ import annotations

import re

from audiolime_ext.audio.formats.parts import Part, Parts
from audiolime_ext.audio.formats.tags import after_tags, before_tags

_HEADER = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")
_TOTAL = slice(18, 26)  # of a stream: 20 bits rate, 3 bits channels, 5 bits depth, 36 bits samples
_MANY = (1 << 36) - 1
_SIZE_BYTES, _RATE_BYTES = {6: 1, 7: 2}, {12: 1, 13: 2, 14: 2}  # of a frame's header, by the codes in its third byte


def parts(content: bytes) -> Parts | None:
    """The parts of a FLAC file; None if it is not one."""
    start = after_tags(content)
    if not _HEADER.match(content, start):
        return None
    starts = [start]
    while another := _HEADER.search(content, _sound(content, starts[-1])):
        starts.append(another.start())
    ends = [_end(content, begin, end) for begin, end in zip(starts, [*starts[1:], len(content)], strict=True)]
    return Parts(tuple(_part(content[begin:end]) for begin, end in zip(starts, ends, strict=True)))


def frames_beyond(stream: bytes, n_samples: int) -> bool:
    """Whether a stream has a frame that begins at this sample or behind it: a header whose checksum is right."""
    return any(first >= n_samples for first in _firsts(stream))


def _part(stream: bytes) -> Part:
    facts = int.from_bytes(stream[_TOTAL], "big")
    promised = facts & _MANY
    silent = stream[: _TOTAL.start] + (facts - promised).to_bytes(8, "big") + stream[_TOTAL.stop :]
    return Part(silent, promised, as_given=stream if promised else None)


def _sound(content: bytes, at: int) -> int:
    """Where the frames begin behind the metadata of the stream that begins at `at`."""
    at += 4
    while at + 4 <= len(content):
        last, at = content[at] & 128, at + 4 + int.from_bytes(content[at + 1 : at + 4], "big")
        if last:
            break
    return at


def _end(content: bytes, begin: int, end: int) -> int:
    """Where a stream ends, up to `end`, without the tags behind it and the one in front of the next stream.

    A frame may end in zeros, so zeros are not taken for a tag here.
    """
    tag = content.rfind(b"ID3", begin, end)
    if tag >= 0 and after_tags(content[:end], tag) == end:
        end = tag
    bare = before_tags(content, end)
    return end if not content[bare:end].strip(b"\0") else bare


def _firsts(stream: bytes) -> list[int]:
    """The first sample of every frame whose header has the right checksum."""
    size = int.from_bytes(stream[8:10], "big")  # of a block, where it is fixed
    found = []
    for match in re.compile(rb"\xff[\xf8\xf9]").finditer(stream, _sound(stream, 0)):
        head = stream[match.start() : match.start() + 16]
        number, used = _coded_number(head[4:11])
        length = 4 + used + (_SIZE_BYTES.get(head[2] >> 4, 0) + _RATE_BYTES.get(head[2] & 15, 0) if used else 0)
        if used and len(head) > length and _crc8(head[:length]) == head[length]:
            found.append(number if head[1] & 1 else number * size)
    return found


def _coded_number(coded: bytes) -> tuple[int, int]:
    """A number coded as in UTF-8, and how many bytes it takes; 0 bytes if there is none."""
    if not coded:
        return 0, 0
    ones = 8 - (~coded[0] & 255).bit_length()
    n_bytes = max(1, ones)
    if ones in (1, 8) or len(coded) < n_bytes or any(byte >> 6 != 2 for byte in coded[1:n_bytes]):
        return 0, 0
    number = coded[0] & (127 >> ones)
    for byte in coded[1:n_bytes]:
        number = number << 6 | byte & 63
    return number, n_bytes


def _crc8(content: bytes) -> int:
    crc = 0
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ (7 if crc & 128 else 0)) & 255
    return crc
