"""MPEG-4 containers (m4a, mp4, stem.mp4), by PyAV: the sound in them, and stems with their names.

The first sound is the recording; what comes after it are its stems, as Native Instruments' format and musdb have it.
Samples are those that ffmpeg decodes, whose libraries PyAV brings: what an encoder put in front of the sound is skipped
where the container says so, and what it put behind is kept, in all streams alike. A box that ends beyond the file, or a
stream that is shorter than promised, is a file that lacks its end. Damage is refused; ffmpeg would go on behind it.

References: ISO/IEC 14496-12 (boxes); Native Instruments, "Stem file specification" (the box ``stem`` and its JSON).
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext._optional import require
from audiolime_ext.errors import AudioError, MissingError
from audiolime_ext.formats.parts import KEEP_THE_REST

_OVERSTATED = 4096  # samples by which a complete file may promise too much

Sound = tuple[NDArray[np.float32], int]


def is_mpeg4(content: bytes) -> bool:
    """Whether these are the bytes of an MPEG-4 container."""
    return content[4:8] == b"ftyp"


def joined_mpeg4(content: bytes) -> list[bytes]:
    """The containers that were joined byte for byte; each says where its sound lies from its own first byte."""
    starts = [begin - 8 for kind, begin, _ in _boxes(content, 0, len(content)) if kind == "ftyp"]
    return [content[begin:end] for begin, end in zip(starts, [*starts[1:], len(content)], strict=True)] or [content]


def decode_mpeg4(content: bytes, origin: str) -> Sound:
    """The first sound in a container: samples (n_channels, n_samples) and their rate in Hz.

    Raises
    ------
    AudioError
        If it holds no sound or lacks its end; `origin` is what to call it in the message.
    MissingError
        If PyAV is not installed.
    """
    return next(_sounds(content, origin))


def decode_stems(content: bytes, origin: str) -> dict[str, Sound]:
    """All sounds but the first, by the names (in lower case) that the container gives them; else ``stem 1``, ….

    Raises
    ------
    AudioError
        As above, or if it holds one sound only.
    """
    if len(joined_mpeg4(content)) > 1:
        raise AudioError(f"{origin} is several files joined in one; split it, as their stems cannot be joined")
    _, *stems = _sounds(content, origin)
    if not stems:
        raise AudioError(f"{origin} holds one sound and no stems; a stem.mp4 has the mixture first, then its stems")
    names = _stem_names(content, len(stems)) or [f"stem {number}" for number in range(1, len(stems) + 1)]
    return dict(zip(names, stems, strict=True))


def _sounds(content: bytes, origin: str) -> Iterator[Sound]:
    """Every sound in a container, in order."""
    try:
        av = require("av", extra="codecs")
    except MissingError as error:
        raise MissingError(f"{origin} is an MPEG-4 file: {error}; or convert it with: ffmpeg -i IN OUT.wav") from error
    for kind, _, end in _boxes(content, 0, len(content)):
        if end > len(content):
            raise AudioError(f"{origin} is cut short: it ends within its box {kind!r}; {KEEP_THE_REST}")
    try:
        with av.open(io.BytesIO(content)) as container:
            n_sounds = len(container.streams.audio)
        if not n_sounds:
            raise AudioError(f"{origin} holds no sound; name a file that does")
        for number in range(n_sounds):  # one after the other: all packets of all of them would be much
            with av.open(io.BytesIO(content)) as container:
                yield _decoded(av, container, container.streams.audio[number], origin)
    except av.FFmpegError as error:
        raise AudioError(f"{origin} cannot be read as audio ({error.strerror}); {KEEP_THE_REST}") from error


def _decoded(av: Any, container: Any, stream: Any, origin: str) -> Sound:
    pieces: list[NDArray[np.float32]] = []
    resampler, sr = None, 0
    for frame in container.decode(stream):
        if resampler is None:
            sr = frame.sample_rate
            resampler = av.AudioResampler(format="fltp", layout=frame.layout, rate=sr)
        pieces += [part.to_ndarray() for part in resampler.resample(frame)]
    if resampler is None:
        raise AudioError(f"{origin} holds no samples")
    pieces += [part.to_ndarray() for part in resampler.resample(None)]
    samples = np.concatenate(pieces, axis=1)
    promised_s = float((stream.duration or 0) * stream.time_base)
    if promised_s * sr > samples.shape[1] + _OVERSTATED:
        raise AudioError(
            f"{origin} is cut short: its header promises {promised_s:.2f} s, it holds {samples.shape[1] / sr:.2f} s; "
            f"{KEEP_THE_REST}"
        )
    return samples, sr


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


def _stem_names(content: bytes, n_stems: int) -> list[str] | None:
    """What Native Instruments' box in ``moov/udta`` calls the stems; None where it gives no name to each."""
    places = [(0, len(content))]
    for wanted in ("moov", "udta", "stem"):
        places = [(a, b) for at, end in places for kind, a, b in _boxes(content, at, end) if kind == wanted]
    try:
        stems = [stem for at, end in places for stem in json.loads(content[at:end])["stems"]]
        names = [str(stem["name"]).strip().lower() for stem in stems]
    except (ValueError, KeyError, TypeError):
        return None
    return names if len(set(filter(None, names))) == n_stems == len(names) else None
