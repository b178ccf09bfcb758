"""Recordings: reading them, cutting them, writing them.

Conventions: samples are float32, shape (n_channels, n_samples), full scale ±1 (louder is kept, never clipped); time is
the last axis; positions are in seconds from the start of the recording or, inside, in samples of a stated rate.
"""

from __future__ import annotations

import errno
import hashlib
import math
import os
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.decoding import decode
from audiolime_ext.audio.encoding import encode
from audiolime_ext.audio.formats.parts import CUT_IT, too_many_channels
from audiolime_ext.audio.musdb import is_musdb, musdb_folder, musdb_track
from audiolime_ext.audio.objects import opened
from audiolime_ext.display import Plotted, shown
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.files.fresh import write_bytes
from audiolime_ext.files.names import legible, meant
from audiolime_ext.files.reading import contents
from audiolime_ext.guest import memory_for

Samples = NDArray[np.float32]

LOUDEST = 4.0  # times full scale, 12 dB: no music is louder
_NOT_WAV = frozenset([".mp3", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".mp4", ".aac", ".aif", ".aiff", ".wma"])
_WHOLE = "a recording is held in memory as a whole: cut it into shorter files, or end other programs"


@dataclass(frozen=True, eq=False)
class Audio(Plotted):
    """A recording, or a piece of one.

    Parameters
    ----------
    samples : ndarray of float32, shape (n_channels, n_samples)
        Waveform, full scale at ±1; one or two channels.
    sr : int
        Sampling rate in Hz.
    name : str
        Name of the recording in results.
    path : str or None
        The file it was read from, as the user gave it; None for arrays.
    file_sha256 : str or None
        SHA-256 of the file's bytes; None for arrays.
    warnings : tuple of str
        Faults of the file that did not keep it from being read: damaged frames, bytes behind its end.

    Examples
    --------
    >>> import numpy as np
    >>> tone = Audio(np.zeros((2, 16000), np.float32), sr=16000, name="nothing")
    >>> tone.duration_s, tone.n_channels
    (1.0, 2)
    """

    samples: Samples = field(repr=False)
    sr: int
    name: str = "audio"
    path: str | None = None
    file_sha256: str | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = field(default=(), repr=False)

    @property
    def n_channels(self) -> int:
        """Number of channels, 1 or 2."""
        return int(self.samples.shape[0])

    @property
    def n_samples(self) -> int:
        """Length in samples."""
        return int(self.samples.shape[1])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.n_samples / self.sr

    @cached_property
    def sha256(self) -> str:
        """Hash of the file's bytes, or of the samples and the rate where there is no file."""
        if self.file_sha256 is not None:
            return self.file_sha256
        content = hashlib.sha256(str(self.sr).encode())
        content.update(np.ascontiguousarray(self.samples).data)
        return content.hexdigest()

    def span(self, start_s: float = 0.0, duration_s: float | None = None) -> tuple[int, int]:
        """The excerpt as (first, end) in samples; `duration_s` None means up to the end.

        Raises
        ------
        AudioError
            If the excerpt is empty or reaches beyond the recording (by more than half a sample).
        """
        self.require_seconds(start_s, duration_s)
        first = round(start_s * self.sr)
        end = self.n_samples if duration_s is None else round((start_s + duration_s) * self.sr)
        if first < 0 or end <= first or end > self.n_samples:
            asked = f"{start_s:g} s to " + ("the end" if duration_s is None else f"{start_s + duration_s:g} s")
            raise AudioError(
                f"the excerpt from {asked} does not lie within {self.name!r}, which is {self.duration_s:.3f} s long; "
                "choose another start or a shorter duration"
            )
        return first, end

    def require_seconds(self, start_s: float, duration_s: float | None) -> None:
        """Raise `AudioError` if start or duration is not a finite number of seconds."""
        if not math.isfinite((start_s + (duration_s or 0.0)) * self.sr):
            raise AudioError(f"an excerpt starts and lasts a number of seconds, not {start_s} and {duration_s}")

    def excerpt(self, start_s: float = 0.0, duration_s: float | None = None) -> Audio:
        """The samples of an excerpt at the recording's own rate (a view, not a copy)."""
        first, end = self.span(start_s, duration_s)
        return Audio(self.samples[:, first:end], self.sr, self.name)

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write a float32 WAV file in one step and return its path: no clipping, no rounding.

        Raises
        ------
        UsageError
            If the file's name ends as that of another format: players would take it for one.
        OutputError
            If the file cannot be written; then nothing is left half-written.
        """
        target = Path(path)
        if target.suffix.lower() in _NOT_WAV:
            raise UsageError(f"{legible(target)} would hold WAV under the name of another format; end it in .wav")
        write_bytes(encode(self.samples, self.sr, "WAV", "FLOAT"), target)
        return target

    def _repr_html_(self) -> str:
        """A player for notebooks; the gain is unchanged."""
        return shown(self)


def load_audio(source: Any, *, name: str | None = None, longest_s: float | None = None) -> Audio:
    """Read a recording.

    Parameters
    ----------
    source : str, path, binary file object, tuple, Audio or object of another package
        A path, a binary file object, ``(array, sr)`` with an array of shape (n_samples,) or (n_channels, n_samples),
        an `Audio` (returned as it is), ``musdb:ROOT#4``, or what musdb, mirdata and Hugging Face datasets hand over
        (see `audiolime_ext.audio.objects`). wav, flac, ogg, mp3 and similar formats are read by soundfile; m4a, webm
        and other containers by PyAV, an extra (see `audiolime_ext.audio.folders`).
    name : str or None
        Name of the recording in results; None: the file's name without its ending.
    longest_s : float or None
        Greatest length in seconds: a longer file is refused as soon as this much of it has been decoded; None: as much
        as memory holds.

    Raises
    ------
    AudioError
        If it cannot be read, is empty, cut short or too long, holds NaN or infinity, or has more than two channels.
    OutOfMemory
        If it is longer than memory holds.

    Examples
    --------
    >>> import numpy as np
    >>> load_audio((np.zeros(8000, np.float32), 8000)).duration_s
    1.0
    """
    if isinstance(source, Audio):
        _validate(source.name, source.samples, source.sr)
        return source if isinstance(source.sr, int) else replace(source, sr=int(source.sr))
    if is_musdb(source):
        folder = musdb_folder(source)
        found = musdb_track(source) if folder is None else folder / "mixture.wav"
        called = name or (legible(folder.name) if folder else None)
        return replace(load_audio(found, name=called, longest_s=longest_s), path=source)
    if isinstance(source, (str, os.PathLike)):
        return _load_file(Path(source), name, longest_s)
    if isinstance(source, tuple) and len(source) == 2:
        return _from_array(*source, name=name or "array")
    if hasattr(source, "read"):
        origin = name or legible(str(getattr(source, "name", "file object")))
        with memory_for(f"reading {origin}", _WHOLE):
            return _decoded(source.read(), origin=origin, name=name or Path(origin).stem, longest_s=longest_s)
    if (found := opened(source)) is not None:
        return load_audio(found[0], name=name or found[1], longest_s=longest_s)
    if isinstance(source, np.ndarray):
        raise AudioError("an array needs its sampling rate: pass (array, sr), such as (samples, 44100)")
    raise AudioError(
        f"cannot read audio from a {type(source).__name__}; "
        "pass a path, a binary file object, (array, sr), an Audio, or audio of musdb, mirdata or Hugging Face datasets"
    )


def _load_file(path: Path, name: str | None, longest_s: float | None) -> Audio:
    path = meant(path)
    origin, called = legible(path), name or legible(path.stem)
    with memory_for(f"reading {origin}", _WHOLE):
        try:
            content = contents(path)
        except OSError as error:
            advice = CUT_IT if error.errno == errno.EFBIG else "name an audio file (wav, flac, ogg, mp3)"
            raise AudioError(f"cannot read {origin}: {error.strerror}; {advice}") from error
        return _decoded(content, origin=origin, name=called, path=str(path), longest_s=longest_s)


def _decoded(content: Any, *, origin: str, name: str, path: str | None = None, longest_s: float | None = None) -> Audio:
    if not isinstance(content, bytes):
        raise AudioError(f"{origin} was opened as text; open it in binary mode: open(path, 'rb')")
    found = decode(content, origin, longest_s=longest_s)
    _validate(origin, found.samples, found.sr)
    warnings = (*found.warnings, *_bursts(origin, found.samples, found.sr))
    return Audio(found.samples, found.sr, name, path, hashlib.sha256(content).hexdigest(), warnings)


def _from_array(array: Any, sr: Any, *, name: str) -> Audio:
    if isinstance(array, (int, float)) and isinstance(sr, np.ndarray):
        raise AudioError("pass (array, sr), in this order: the sampling rate comes second")
    samples = np.atleast_2d(np.asarray(array))
    if not np.issubdtype(samples.dtype, np.floating):
        raise AudioError(
            f"samples must be floating point with full scale ±1, not {samples.dtype}; "
            "convert first, for instance int16_samples.astype('float32') / 32768"
        )
    if samples.ndim == 2 and samples.shape[1] <= 2 < samples.shape[0]:
        raise AudioError(f"samples of shape {samples.shape} look transposed; pass (n_channels, n_samples): samples.T")
    _validate(name, samples, sr)
    return Audio(np.ascontiguousarray(samples, np.float32), int(sr), name)


def _validate(origin: str, samples: NDArray[Any], sr: Any) -> None:
    if not isinstance(sr, (int, float, np.integer, np.floating)) or not sr > 0 or sr % 1:
        raise AudioError(f"the sampling rate must be a positive whole number of Hz, not {sr!r}")
    if samples.ndim != 2:
        raise AudioError(f"samples must have shape (n_samples,) or (n_channels, n_samples), not {samples.shape}")
    n_channels = samples.shape[0]
    if n_channels > 2:
        raise too_many_channels(origin, n_channels)
    if samples.size == 0:
        raise AudioError(f"{origin} holds no samples")
    usable = (np.abs(samples) <= np.finfo(np.float32).max).all(axis=0)  # False for NaN, too
    if not usable.all():
        where = int(np.argmin(usable))
        raise AudioError(
            f"{origin} holds NaN or infinite samples (the first at {where / sr:.3f} s, {int((~usable).sum())} in all); "
            "repair or re-export it"
        )


def _bursts(origin: str, samples: Samples, sr: int) -> list[str]:
    """Warning that a recording is louder than any music; decoders overshoot full scale a little, hardly twofold."""
    peak = float(max(samples.max(), -samples.min()))
    if peak <= LOUDEST:
        return []
    at_s = int(np.argmax((np.abs(samples) > LOUDEST).any(axis=0))) / sr
    times = f"{peak:.0f}" if peak < 1e6 else f"{peak:.3g}"
    return [
        f"{origin} reaches {times} times full scale (more than {LOUDEST:g} from {at_s:.2f} s on): it is damaged, or "
        "its samples are not scaled to ±1"
    ]


def level_db(samples: NDArray[Any], reference: NDArray[Any]) -> float:
    """Energy of `samples` relative to `reference` in dB; −200 stands for silence."""
    energy, of = (float(np.sum(np.square(x, dtype=np.float64))) for x in (samples, reference))
    return max(-200.0, 10 * math.log10(energy / of)) if energy > 0 and of > 0 else -200.0
