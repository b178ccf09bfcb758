"""The bytes of an audio file as samples up to its true end; a file that lacks its end is refused.

The length of a recording is decided here, once: what is decoded is counted, whatever headers say, and `count` and
`decode` go the same way. A cut file must not be analysed as if it were the whole song. The formats state their length
in different ways:

- WAV and its relatives (AIFF, AU, RF64, W64) promise a number of bytes; encoders that write into a pipe put the largest
  number there, which promises nothing. libsndfile's log shows both numbers.
- What FLAC, Ogg, MP3, WAV and AIFF files hold one after the other, `formats` finds: each part is decoded, and all are
  joined.
- MPEG-4 and other containers are left to `containers`.

Counting costs as much as decoding. On one core a minute of stereo takes some 0.04 s (WAV), 0.1 s (FLAC), 0.15 s
(Vorbis), 0.25 s (MP3) or 0.7 s (Opus).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.callbacks import undisturbed
from audiolime_ext.audio.complaints import overheard
from audiolime_ext.audio.formats import flac, mpeg, ogg, riff
from audiolime_ext.audio.formats.parts import (
    CUT_IT,
    KEEP_THE_REST,
    Part,
    Parts,
    cut_short,
    first_of,
    require_room,
    too_many_channels,
)
from audiolime_ext.audio.mpeg4 import is_container, joined, sound_blocks, unread
from audiolime_ext.errors import AudioError
from audiolime_ext.progress.stages import stage
from audiolime_ext.text import counted

Block = NDArray[np.float32]  # (n_samples, n_channels), as soundfile has it

RATES = range(2000, 768_001)  # Hz; a few bytes of a lower one would become gigabytes at a model's rate
_OVERSTATED = 4096  # samples by which the headers of complete Ogg files may overstate the length
_PADDED = 8192  # samples that an MP3 encoder may put in front and behind, and a decoder leaves out
_BLOCK = 1 << 16
_ENDLESS = 1 << 48  # samples; libsndfile's largest number stands for an unknown length


@dataclass(frozen=True, eq=False)
class Decoded:
    """Samples (n_channels, n_samples), their rate in Hz, and what is wrong with the file they come from."""

    samples: NDArray[np.float32] = field(repr=False)
    sr: int
    warnings: tuple[str, ...] = ()


def decode(content: bytes, origin: str, *, longest_s: float | None = None) -> Decoded:
    """The bytes of an audio file as samples.

    Parameters
    ----------
    content : bytes
        The whole file.
    origin : str
        Name of the file in messages.
    longest_s : float or None
        Greatest length in seconds: a longer file is refused as soon as this much has been decoded; None: no limit.

    Raises
    ------
    AudioError
        If it is empty, is not audio, lacks its end, is longer than `longest_s` or than memory holds, has more than two
        channels or a rate that is not in `RATES`, or joins sounds that cannot follow one another.
    MissingError
        If it is a container, such as m4a, and PyAV is not installed.
    """
    reading = _Reading(content, origin, longest_s)
    blocks = []
    with stage("decoding", unit="s") as decoding:
        for block in reading.blocks():
            blocks.append(block)
            decoding.advance(len(block) / reading.sr)
    samples = np.empty((reading.n_channels, reading.n_samples), np.float32)
    at = reading.n_samples
    while blocks:  # from the end, so that each is given back as soon as it is copied
        block = blocks.pop()
        samples[:, at - len(block) : at] = block.T
        at -= len(block)
    return Decoded(samples, reading.sr, tuple(reading.warnings))


def count(content: bytes, origin: str) -> tuple[int, int]:
    """The number of samples that `decode` finds, and their rate in Hz, without keeping them.

    Raises
    ------
    AudioError, MissingError
        As `decode`.

    Examples
    --------
    >>> from audiolime_ext.audio.encoding import encode
    >>> count(encode(np.zeros((1, 800), np.float32), 8000, "WAV", "PCM_16"), "silence.wav")
    (800, 8000)
    """
    reading = _Reading(content, origin, None)
    for _ in reading.blocks():
        pass
    return reading.n_samples, reading.sr


class _Reading:
    """Goes through a file once, block by block, and knows how far it has come."""

    def __init__(self, content: bytes, origin: str, longest_s: float | None) -> None:
        if not content:
            raise AudioError(f"{origin} is empty (0 bytes); get a complete copy")
        self.content, self.origin, self.longest_s = content, origin, longest_s
        self.sr = self.n_samples = self.n_channels = 0
        self.warnings: list[str] = []
        self.complaints: list[tuple[int, int]] = []

    @property
    def now_s(self) -> float:
        return self.n_samples / self.sr if self.sr else 0.0

    def blocks(self) -> Iterator[Block]:
        """Every block of every part."""
        if is_container(self.content):
            for film in joined(self.content):
                for sr, block in sound_blocks(film, self.origin):
                    self._join(sr, len(block))
                    yield from self._counted([block.T])
                self._tell_of_others(unread(film, self.origin))
            return
        found = _parts(self.content, self.origin)
        for part in found.parts:
            first = self.n_samples
            yield from self._part(part)
            self.warnings += [self._gap((first + at) / self.sr, n_bytes) for at, n_bytes in part.gaps]
            self.warnings += self._damaged([(first + at) / self.sr for at in part.damaged])
            self.warnings += self._undecoded(part, first)
        self._tell_of_others(first_of(found.n_sounds, self.origin))
        if found.n_behind:
            n = found.n_behind
            self._leave_out("lies 1 byte that is not read" if n == 1 else f"lie {n} bytes that are not read")

    def _counted(self, blocks: Iterable[Block]) -> Iterator[Block]:
        for block in blocks:
            self.n_samples += len(block)
            if self.longest_s is not None and self.now_s > self.longest_s:
                raise AudioError(f"{self.origin} is longer than {self.longest_s / 3600:.3g} h; {CUT_IT}")
            require_room(self.n_samples * self.n_channels * block.itemsize, self.origin, self.now_s)
            yield block

    def _join(self, sr: int, n_channels: int) -> None:
        """Check that what follows can be music, and has the same rate and channels as what came before."""
        if sr not in RATES:
            raise AudioError(
                f"{self.origin} has a sampling rate of {sr} Hz, and those of music are from {RATES[0]} to {RATES[-1]}; "
                "get a complete copy, or correct the rate with: ffmpeg -i IN -af asetrate=44100 OUT.wav"
            )
        if n_channels > 2:
            raise too_many_channels(self.origin, n_channels)
        if self.sr and (sr, n_channels) != (self.sr, self.n_channels):
            raise AudioError(
                f"{self.origin} goes on with {sr} Hz and {counted(n_channels, 'channel')} after {self.now_s:.2f} s "
                f"of {self.sr} Hz and {self.n_channels}: several recordings in one file, which cannot be joined; save "
                "each as a file of its own"
            )
        self.sr, self.n_channels = sr, n_channels

    def _part(self, part: Part) -> Iterator[Block]:
        with overheard() as errors:
            file = _opened(part.content, self.origin)
            if part.recounted and file.frames < part.counted:
                file = _opened(part.recounted, self.origin)
        self.complaints = [(self.n_samples, self.n_samples + _PADDED)] if errors else []
        first, sr, log = self.n_samples, int(file.samplerate), str(file.extra_info)
        known = 0 if part.counted or file.frames > _ENDLESS else int(file.frames)
        self._join(sr, int(file.channels))
        with file:
            try:
                yield from self._counted(self._overheard(file.blocks_to_end()))
            except _broken() as error:
                yield from self._rest_as_given(part, self.n_samples - first, error)
        held = self.n_samples - first
        promised = part.promised or max(known if known > held + _OVERSTATED else 0, round(held * _promised_ratio(log)))
        if promised > held:
            seconds = f"its header promises {promised / sr:.2f} s, it holds"
            few = counted(promised - held, "sample", "samples") + " of what its header promises missing, after"
            raise cut_short(self.origin, few if promised - held < 0.01 * sr else seconds, held / sr)
        if part.counted > held + _PADDED:
            raise AudioError(
                f"{self.origin} holds {part.counted / sr:.2f} s of frames, of which {held / sr:.2f} s can be read; "
                "convert it with: ffmpeg -i IN OUT.wav"
            )

    def _overheard(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """The blocks; where the decoder printed errors is kept, as (first, end) in samples."""
        while True:
            with undisturbed(), overheard() as errors:
                block = next(blocks, None)
            if block is None:
                return
            if errors:
                self.complaints.append((self.n_samples, self.n_samples + len(block)))
            yield block

    def _rest_as_given(self, part: Part, held: int, error: Exception) -> Iterator[Block]:
        """What a file holds up to the end that its own header names, if no sound lies behind that end."""
        damaged = AudioError(
            f"{self.origin} is damaged or cut short: not everything after {self.now_s:.2f} s can be read; "
            f"{KEEP_THE_REST}"
        )
        lacking = part.promised - held
        if part.as_given is None or not 0 <= lacking <= _BLOCK or flac.frames_beyond(part.as_given, part.promised):
            raise damaged from error
        try:
            with undisturbed(), _opened(part.as_given, self.origin) as file:
                for _ in range(held // _BLOCK):
                    file.read(_BLOCK, dtype="float32", always_2d=True)
                block = file.read(lacking, dtype="float32", always_2d=True)
        except _broken() as again:
            raise damaged from again
        yield from self._counted([block])
        self._leave_out("lie bytes that are not read")

    def _gap(self, at_s: float, n_bytes: int) -> str:
        return (
            f"{self.origin} is damaged at {at_s:.2f} s ({counted(n_bytes, 'byte')} not part of any frame: left out): "
            "what is heard there may be noise, and what follows may come too early; get a complete copy"
        )

    def _damaged(self, at_s: list[float]) -> list[str]:
        if not at_s:
            return []
        where = f"{at_s[0]:.2f} s" if len(at_s) == 1 else f"{at_s[0]:.2f} s, last at {at_s[-1]:.2f} s"
        told = f"{self.origin} is damaged at {where} ({counted(len(at_s), 'frame')} of nonsense data)"
        return [f"{told}: what is heard there may be noise; get a complete copy"]

    def _tell_of_others(self, told: str | None) -> None:
        if told and told not in self.warnings:
            self.warnings.append(told)

    def _undecoded(self, part: Part, first: int) -> list[str]:
        """Warning about frames that looked intact but could not be decoded; empty where there are none."""
        known = [first + at for at in (*part.damaged, *(at for at, _ in part.gaps))]
        new = [(a, b) for a, b in self.complaints if not any(a - _PADDED <= at < b + _PADDED for at in known)]
        if not new:
            return []
        begin_s, end_s = new[0][0] / self.sr, min(new[-1][1] / self.sr, self.now_s)
        return [
            f"{self.origin} is damaged between {begin_s:.2f} s and {end_s:.2f} s (frames that cannot be decoded): what "
            "is heard there may be noise; get a complete copy"
        ]

    def _leave_out(self, what: str) -> None:
        self.warnings.append(f"behind the end of {self.origin}, at {self.now_s:.2f} s, {what}")


def _parts(content: bytes, origin: str) -> Parts:
    """The parts of a file; the file itself where its format is not looked into."""
    found = riff.parts(content) or flac.parts(content) or ogg.parts(content, origin) or mpeg.parts(content, origin)
    return found or Parts((Part(content),))


@cache
def _broken() -> tuple[type[Exception], ...]:
    import soundfile

    return soundfile.LibsndfileError, RuntimeError


def _opened(content: bytes, origin: str) -> Any:
    try:
        with undisturbed():
            return _stream_type()(_Bytes(content))
    except _broken() as error:
        reason = str(getattr(error, "error_string", error)).rstrip(".")
        if "not a regular file" in reason:  # what libsndfile says of MP3 frames that do not decode
            reason = "none of its frames can be decoded"
        raise AudioError(
            f"{origin} cannot be read as audio ({reason}); wav, flac, ogg and mp3 can, m4a, webm "
            "and other containers with the extra codecs; convert others with: ffmpeg -i IN OUT.wav"
        ) from error


class _Bytes(io.BytesIO):
    """Bytes that stay where they are when libsndfile seeks before the beginning, as a damaged header may ask."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        try:
            return super().seek(offset, whence)
        except ValueError:
            return self.tell()


@cache
def _stream_type() -> Any:
    """The file class of soundfile, read from front to end.

    Where a file is seekable, soundfile seeks after every read, and MP3 decoders stumble over that; and it allocates at
    once what the header promises.
    """
    import soundfile

    class Stream(soundfile.SoundFile):  # type: ignore[misc]
        def seekable(self) -> bool:
            return False

        def blocks_to_end(self) -> Iterator[Block]:
            while len(block := self.read(_BLOCK, dtype="float32", always_2d=True)):
                yield block

    return Stream


def _promised_ratio(log: str) -> float:
    """Promised over present bytes of sound, from libsndfile's log ("data : 400 (should be 300)"); at least 1."""
    ratio, line = 1.0, r"^ *(?:data|SSND|Data Size|riff|Riff size) *: (\d+) \(should be (\d+)\)"
    for promised, present in re.findall(line, log, re.MULTILINE):
        streamed = min(abs(int(promised) - (1 << bits)) for bits in (31, 32)) < 1 << 16
        if not streamed and int(present):
            ratio = max(ratio, int(promised) / int(present))
    return ratio
