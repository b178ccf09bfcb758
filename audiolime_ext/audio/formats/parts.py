"""What the formats find in a file, what is wrong with it, and what is too much."""

from __future__ import annotations

from dataclasses import dataclass, field

from audiolime_ext.errors import AudioError
from audiolime_ext.files.reading import free_bytes
from audiolime_ext.text import counted

CUT_IT = "cut it into shorter files, for instance with: ffmpeg -ss START -t SECONDS -i IN OUT.wav"
KEEP_THE_REST = "get a complete copy, or keep what is there with: ffmpeg -i IN OUT.wav"


@dataclass(frozen=True)
class Part:
    """One of the sounds that a file holds one after the other, in the form that a decoder is to be given.

    Parameters
    ----------
    content : bytes
        The sound's bytes, with a header that does not promise less than there is.
    promised : int
        Samples that the file's own header promises; 0: it does not say.
    counted : int
        Samples of all frames that are there, an encoder's padding included; 0: known only after decoding.
    gaps : tuple of (int, int)
        Places where frames are missing: the samples that lie before, and the bytes that are not part of a frame.
    damaged : tuple of int
        Samples that lie before each frame that is damaged.
    recounted, as_given : bytes or None
        The same sound with a header that gives the counted length, and with its own header; None: not needed, or there
        is none.
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
    """All parts of a file, one after the other.

    Parameters
    ----------
    parts : tuple of Part
        The parts, in the order of the file.
    n_behind : int
        Bytes behind the last part that are neither sound nor a known tag.
    n_sounds : int
        Sounds side by side, of which a decoder reads the first.
    """

    parts: tuple[Part, ...]
    n_behind: int = 0
    n_sounds: int = 1


def first_of(n_sounds: int, origin: str) -> str | None:
    """Note that only the first of a file's several sounds is read; None if there is only one."""
    if n_sounds < 2:
        return None
    others = "the other" if n_sounds == 2 else "another"
    return (
        f"{origin} holds {counted(n_sounds, 'sound')} side by side, of which the first is read; take {others} out "
        "with: ffmpeg -i IN -map 0:a:1 OUT.wav"
    )


def cut_short(origin: str, how: str, held_s: float) -> AudioError:
    """The error for a file that lacks its end."""
    return AudioError(f"{origin} is cut short: {how} {held_s:.2f} s; {KEEP_THE_REST}")


def too_many_channels(origin: str, n_channels: int) -> AudioError:
    """The error for more than two."""
    return AudioError(
        f"{origin} has {counted(n_channels, 'channel')}; mono and stereo can be used. "
        "Mix it down first, as you would want it heard, for instance with: ffmpeg -i IN -ac 2 OUT.wav"
    )


def require_room(n_bytes: int, origin: str, now_s: float) -> None:
    """Raise `AudioError` if memory does not hold the samples of a file's first seconds once more: they are copied."""
    free = free_bytes()
    if free is not None and n_bytes > free:
        raise AudioError(
            f"{origin} needs more memory than is free: {n_bytes / 1e9:.1f} GB more for its first {now_s:.0f} s, and "
            f"{free / 1e9:.1f} GB are free; {CUT_IT}"
        )
