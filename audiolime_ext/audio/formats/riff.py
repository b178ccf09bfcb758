"""WAV and AIFF: chunks, the sound in one of them. What follows the last chunk is another such file, or is not sound.

Encoders that write into a pipe promise the largest number of bytes, or none; then the sound goes on to the end.
"""

from __future__ import annotations

from typing import Literal

from audiolime_ext.audio.formats.parts import Part, Parts
from audiolime_ext.audio.formats.tags import only_tags

_KINDS = {b"RIFF": (b"WAVE",), b"FORM": (b"AIFF", b"AIFC")}
_SOUND = (b"data", b"SSND")


def parts(content: bytes) -> Parts | None:
    """The parts of a WAV or an AIFF file; None if it is neither."""
    if not _begins(content, 0):
        return None
    starts, at, behind = [0], 12, 0
    while at < len(content):
        if _begins(content, at):
            starts.append(at)
            at += 12
            continue
        end = _chunk_end(content, at)
        if end is None:
            behind = 0 if only_tags(content, at, len(content)) else len(content) - at
            break
        at = end
    ends = [*starts[1:], min(at, len(content))]
    spans = zip(starts, ends, strict=True)
    return Parts(tuple(Part(_to_its_end(content[begin:end])) for begin, end in spans), behind)


def undated(wav: bytes) -> bytes:
    """The beginning of a WAV file, or all of it, without the time at which it was written.

    libsndfile writes that into the chunk PEAK of float files; the same sound should give the same file.
    """
    at = 12
    while (end := _chunk_end(wav, at)) is not None and wav[at : at + 4] not in _SOUND:
        if wav[at : at + 4] == b"PEAK":
            return wav[: at + 12] + bytes(4) + wav[at + 16 :]
        at = end
    return wav


def _to_its_end(wav: bytes) -> bytes:
    """The same bytes; a last chunk of sound that promises 0 bytes gets the number that means "up to the end"."""
    at = 12
    while _order(wav) == "little" and (end := _chunk_end(wav, at)) is not None:
        if wav[at : at + 8] == b"data\0\0\0\0":
            return wav[: at + 4] + b"\xff" * 4 + wav[at + 8 :]
        at = end
    return wav


def _begins(content: bytes, at: int) -> bool:
    return content[at + 8 : at + 12] in _KINDS.get(content[at : at + 4], ())


def _chunk_end(content: bytes, at: int) -> int | None:
    """Where the chunk ends that begins here; None if none does. Sound may promise more than there is."""
    name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], _order(content))
    if len(content) < at + 8 or not all(32 <= byte < 127 for byte in name):
        return None
    end = at + 8 + size + (size & 1)
    if name in _SOUND:
        return end if size else len(content)
    return end if end <= len(content) + 1 else None


def _order(content: bytes) -> Literal["little", "big"]:
    return "little" if content[:4] == b"RIFF" else "big"
