"""MPEG audio (MP3, and layers I and II): a row of frames, each of which says how long it is.

A Xing or Info frame in front counts them, but the count can be missing, 0 or of another file; where there is none, the
decoder guesses the length from the first frame's bit rate. It *stops* where it was told or has guessed, which can be
the middle. So the frames are counted here and the count is written into what the decoder is given. Such a frame further
on begins another part: each has its own delay and padding, which the decoder leaves out.

Bytes that are not part of a frame are left out and reported; frames whose side information is nonsense are reported.
Frames have no checksum (hardly any encoder writes one), and the first ones behind a gap lack what they borrow from
those before it: what is decoded there need not be music.

References: ISO/IEC 11172-3 and 13818-3; the layout of Xing's VBR header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from audiolime_ext.audio.formats.parts import Part, Parts, cut_short
from audiolime_ext.audio.formats.side_info import is_impossible
from audiolime_ext.audio.formats.tags import after_tags, only_tags

# kbit/s by index from 1: layers I, II and III of MPEG 1; layer I, then layers II and III, of MPEG 2 and 2.5
_KBPS = {
    (3, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (3, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (3, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SR = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # by version bits
_SYNC = re.compile(rb"\xff[\xe2-\xff][\x10-\xef]")  # the first three bytes of a header
_CONFIRMED_BY = 2  # frames that must follow where a new row of frames begins
_SEARCHED = 1 << 16  # bytes behind an ID3 tag in which the first frame must begin


@dataclass(frozen=True)
class _Frame:
    """What the first four bytes of a frame say about it."""

    kind: tuple[int, int, int, bool]  # version, layer, index of the rate, mono: the same in all frames of a sound
    kbps: int
    n_bytes: int

    @property
    def n_samples(self) -> int:
        version, layer = self.kind[:2]
        return 384 if layer == 1 else 576 if layer == 3 and version != 3 else 1152

    @property
    def sr(self) -> int:
        return _SR[self.kind[0]][self.kind[2]]


@dataclass
class _Row:
    """Frames of one kind that belong together: stretches (first byte, end), the `gaps` between, and damaged ones."""

    first: _Frame
    runs: list[tuple[int, int]]
    n_frames: int = 0
    kbps: set[int] = field(default_factory=set)
    gaps: list[tuple[int, int]] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.runs[-1][1]


def parts(content: bytes, origin: str) -> Parts | None:
    """The parts of an MPEG audio file; None if it is not one.

    Raises
    ------
    AudioError
        If the last frame is incomplete, or there are fewer frames than its header counts.
    """
    start = _first_frame(content)
    if start is None:
        return None
    rows = _rows(content, start)
    if rows[-1].end > len(content):
        before_s = sum(row.n_frames * row.first.n_samples / row.first.sr for row in rows)
        raise cut_short(origin, "it ends within a frame, after", before_s)
    found = tuple(_part(content, row, origin) for row in rows)
    end = rows[-1].end
    return Parts(found, 0 if only_tags(content, end, len(content)) else len(content) - end)


def _frame(content: bytes, at: int) -> _Frame | None:
    """The frame that begins here, if one does."""
    header = content[at : at + 4]
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer, rate, sr = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3), header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or layer == 4 or rate in (0, 15) or sr == 3:
        return None
    table = _KBPS[(3, layer) if version == 3 else (2, min(layer, 2))]
    kbps, padding, hz = table[rate - 1], header[2] >> 1 & 1, _SR[version][sr]
    if layer == 1:
        n_bytes = 4 * (12000 * kbps // hz + padding)
    else:
        n_bytes = (72 if layer == 3 and version != 3 else 144) * 1000 * kbps // hz + padding
    return _Frame((version, layer, sr, header[3] >> 6 == 3), kbps, n_bytes)


def _first_frame(content: bytes) -> int | None:
    start = after_tags(content)
    if _frame(content, start):
        return start
    if content[:3] != b"ID3" or content[start : start + 4] in (b"fLaC", b"RIFF", b"FORM", b"OggS"):
        return None
    places = (found.start() for found in _SYNC.finditer(content, start, start + _SEARCHED))
    return next((at for at in places if _confirmed(content, at)), None)


def _confirmed(content: bytes, at: int) -> _Frame | None:
    """The frame that begins here, if others of its kind follow it, or the end of the file."""
    first = frame = _frame(content, at)
    for _ in range(_CONFIRMED_BY):
        if frame is None or first is None or frame.kind != first.kind:
            return None
        at += frame.n_bytes
        if at == len(content):
            return first
        frame = _frame(content, at)
    return first if frame and first and frame.kind == first.kind else None


def _rows(content: bytes, start: int) -> list[_Row]:
    rows: list[_Row] = []
    for at, frame in _frames(content, start):
        if not rows or frame.kind != rows[-1].first.kind or (rows[-1].end <= at and _count(content, at, frame)):
            rows.append(_Row(frame, [(at, at)]))
            if len(rows) > 1:
                _note_gap(content, rows[-2], at)
        row = rows[-1]
        if at > row.end:
            _note_gap(content, row, at)
            row.runs.append((at, at))
        elif row.n_frames and _is_damaged(content, at, frame):
            row.damaged.append(row.n_frames)
        row.runs[-1] = (row.runs[-1][0], at + frame.n_bytes)
        row.kbps.add(frame.kbps)
        row.n_frames += row.end <= len(content)
    return rows


def _is_damaged(content: bytes, at: int, frame: _Frame) -> bool:
    (version, layer, _, mono), whole = frame.kind, content[at : at + frame.n_bytes]
    return layer == 3 and len(whole) == frame.n_bytes and is_impossible(whole, mpeg_1=version == 3, mono=mono)


def _note_gap(content: bytes, row: _Row, at: int) -> None:
    if at > row.end and not only_tags(content, row.end, at):
        row.gaps.append((row.n_frames, at - row.end))


def _frames(content: bytes, at: int) -> Iterator[tuple[int, _Frame]]:
    """Every frame and where it begins; behind a gap, and where the kind changes, only confirmed ones."""
    end, kind = at, None
    while 0 <= at < len(content):
        frame = _frame(content, at) if at == end else _confirmed(content, at)
        if frame and ((kind and frame.kind != kind) or _broken_off(content, at, frame)):
            frame = _confirmed(content, at)
        if frame is None:
            at = _next_sync(content, at + 1)
            continue
        yield at, frame
        end = at = at + frame.n_bytes
        kind = frame.kind


def _broken_off(content: bytes, at: int, frame: _Frame) -> bool:
    """Whether other frames begin within this one: its end is missing."""
    end = at + frame.n_bytes
    following = _frame(content, end)
    if (following and following.kind == frame.kind) or end >= len(content) or after_tags(content, end) > end:
        return False
    inside = _next_sync(content, at + 4)
    while 0 <= inside < end:
        if (found := _confirmed(content, inside)) and found.kind == frame.kind:
            return True
        inside = _next_sync(content, inside + 1)
    return False


def _next_sync(content: bytes, at: int) -> int:
    """Where the next header may begin; −1 if none does."""
    found = _SYNC.search(content, at)
    return found.start() if found else -1


def _count(content: bytes, at: int, frame: _Frame) -> int:
    """Position in the file of the Xing, Info or VBRI tag of the frame at `at`; 0 if it has none."""
    version, layer, _, mono = frame.kind
    side_info = (17 if mono else 32) if version == 3 else (9 if mono else 17)
    for skipped in (0, 2):  # a checksum
        place = at + 4 + skipped + side_info
        if layer == 3 and content[place : place + 4] in (b"Xing", b"Info"):
            return place
    return at + 36 if layer == 3 and content[at + 36 : at + 40] == b"VBRI" else 0


def _part(content: bytes, row: _Row, origin: str) -> Part:
    """The frames of a row without what lies between them, and with the true count."""
    frame, begin, tag = row.first, row.runs[0][0], _count(content, row.runs[0][0], row.first)
    sound = b"".join(content[first:end] for first, end in row.runs)
    n_frames = row.n_frames - bool(tag)
    gaps = tuple((max(0, n - bool(tag)) * frame.n_samples, n_bytes) for n, n_bytes in row.gaps)
    damaged = tuple((n - bool(tag)) * frame.n_samples for n in row.damaged)
    counted = n_frames * frame.n_samples
    plain = sound[frame.n_bytes :] if tag else sound
    if not tag or content[tag : tag + 4] == b"VBRI":
        xing = _xing_frame(content[begin : begin + 4], n_frames, len(plain)) + plain if frame.kind[1] == 3 else None
        if xing and len(row.kbps) > 1:
            return Part(xing, 0, counted, gaps, damaged)
        return Part(plain, 0, counted, gaps, damaged, recounted=xing)
    promised = int.from_bytes(content[tag + 8 : tag + 12], "big") if content[tag + 7] & 1 else 0
    lost = sum(-(-n_bytes * row.n_frames // len(sound)) for _, n_bytes in row.gaps)
    if promised > row.n_frames + lost:  # some encoders count the Xing frame, too
        frame_s = frame.n_samples / frame.sr
        raise cut_short(origin, f"its header promises {promised * frame_s:.2f} s, it holds", n_frames * frame_s)
    head = _recounted(sound[: frame.n_bytes], tag - begin, n_frames, len(sound))
    return Part(head + plain, 0, counted, gaps, damaged)


def _recounted(head: bytes, tag: int, n_frames: int, n_bytes: int) -> bytes:
    """A Xing frame with the true number of frames and bytes; what else it says, such as the delay, stays."""
    flags, rest = head[tag + 7], head[tag + 8 :]
    size = n_bytes.to_bytes(4, "big")
    kept = rest[4 * (flags & 1) + 2 * (flags & 2) :]
    counts = n_frames.to_bytes(4, "big") + (size if flags & 2 else b"")
    whole = head[: tag + 7] + bytes([flags | 1]) + counts + kept
    return whole[: len(head)]


def _xing_frame(header: bytes, n_frames: int, n_bytes: int) -> bytes:
    """A frame without sound that counts those behind it."""
    mpeg_1, mono = header[1] >> 3 & 3 == 3, header[3] >> 6 == 3
    side_info = (17 if mono else 32) if mpeg_1 else (9 if mono else 17)
    head = bytes([header[0], header[1] | 1, header[2] & 0x0C | 0x90, header[3]])  # no checksum; room for the count
    frame = _frame(head, 0)
    size = frame.n_bytes if frame else 0
    counts = n_frames.to_bytes(4, "big") + (n_bytes + size).to_bytes(4, "big")
    return (head + bytes(side_info) + b"Xing" + (3).to_bytes(4, "big") + counts).ljust(size, b"\0")
