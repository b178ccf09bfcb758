"""Tags in front of a sound, behind it and between two: bytes that are not sound, and are meant to be there.

References: ID3v2 (id3.org, ID3v2.4.0, section 3.1), ID3v1, APEv2 and Lyrics3 v2 as common tools write them.
"""

from __future__ import annotations

import re

_SOUND = re.compile(rb"[^\0]")


def after_tags(content: bytes, at: int = 0) -> int:
    r"""Where the content goes on behind the tags that begin at `at`, and behind zeros that may follow a tag.

    Examples
    --------
    >>> after_tags(b"ID3" + bytes(6) + b"\2" + b"??" + b"\0\0sound")
    14
    """
    begin = at
    while True:
        if content[at : at + 3] == b"ID3":
            at += 10 + sum((byte & 127) << 7 * (3 - i) for i, byte in enumerate(content[at + 6 : at + 10]))
        elif content[at : at + 8] == b"APETAGEX":
            at += 32 + int.from_bytes(content[at + 12 : at + 16], "little")
        elif content[at : at + 3] == b"TAG" and len(content) >= at + 128:
            at += 227 if content[at : at + 4] == b"TAG+" else 128
        elif at > begin and content[at : at + 1] == b"\0":
            sound = _SOUND.search(content, at)
            at = sound.start() if sound else len(content)
        else:
            return at


def before_tags(content: bytes, end: int) -> int:
    r"""Where the sound ends, if only tags and zeros follow it up to `end`.

    Examples
    --------
    >>> before_tags(b"sound" + b"TAG" + bytes(125), 133)
    5
    """
    while True:
        if end >= 128 and content[end - 128 : end - 125] == b"TAG":
            end -= 128
        elif end >= 32 and content[end - 32 : end - 24] == b"APETAGEX":
            headed = content[end - 9] & 128  # the flag of a header, which the size does not count
            size = int.from_bytes(content[end - 20 : end - 16], "little") + (32 if headed else 0)
            if not 32 <= size <= end:
                return end
            end -= size
        elif end >= 26 and content[end - 9 : end] == b"LYRICS200" and content[end - 15 : end - 9].isdigit():
            end = max(0, end - int(content[end - 15 : end - 9]) - 15)
        elif end > 0 and content[end - 1] == 0:
            end = len(content[:end].rstrip(b"\0"))
        else:
            return end


def only_tags(content: bytes, begin: int, end: int) -> bool:
    """Whether only tags lie between two places; at the end of the file, zeros count as tags, too."""
    rest = content[begin:end]
    if not rest.strip(b"\0"):
        return end == len(content) or not rest
    return after_tags(rest) >= before_tags(rest, len(rest))
