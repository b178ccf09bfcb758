"""What the formats find in a file, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from audiolime_ext.errors import AudioError
from audiolime_ext.text import counted

KEEP_THE_REST = "get a complete copy, or keep what is there with: ffmpeg -i IN OUT.wav"


@dataclass(frozen=True)
class Part:
    """One of the sounds that a file holds in turn, as a decoder is to be given it.

    Parameters
    ----------
    content
        Its bytes, whose header does not say less than there is.
    promised
        Samples that its own header promises; 0: it does not say.
    counted
        Samples of all frames that are there, an encoder's padding included; 0: only decoding tells.
    gaps
        Where frames are missing: how many samples lie before, and how many bytes are no frame.
    damaged
        How many samples lie before each frame that is damaged.
    recounted, as_given
        The same with a header that says how long it is, and with its own; None: there is none, or no need.
    """

    content: bytes = field(repr=False)
    promised: int = 0
    counted: int = 0
    gaps: tuple[tuple[int, int], ...] = ()
    damaged: tuple[int, ...] = ()
    recounted: bytes | None = field(default=None, repr=False)
    as_given: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Parts:
    """All parts of a file, in turn.

    Parameters
    ----------
    n_behind
        Bytes behind the last part that are neither sound nor a known tag.
    n_sounds
        Sounds side by side, of which a decoder reads the first.
    """

    parts: tuple[Part, ...]
    n_behind: int = 0
    n_sounds: int = 1


def first_of(n_sounds: int, origin: str) -> str | None:
    """That one of several sounds of a file is read; None if there is only one."""
    if n_sounds < 2:
        return None
    others = "the other" if n_sounds == 2 else "another"
    return (
        f"{origin} holds {counted(n_sounds, 'sound')} side by side, of which the first is read; take {others} out "
        "with: "
        "ffmpeg -i IN -map 0:a:1 OUT.wav"
    )


def cut_short(origin: str, how: str, held_s: float) -> AudioError:
    """The error that a file lacks its end."""
    return AudioError(f"{origin} is cut short: {how} {held_s:.2f} s; {KEEP_THE_REST}")
