"""What a tagger says over time: the grid of windows it hears, and its scores for each of them.

A window that starts at sample s of the recording (at the tagger's rate) is ``[s − lead, s + window)``: the lead is real
context for a first frame that is centred on s. Zeros stand only before the recording begins and, in the last window,
for at most another lead after it ends (the other half of the last centred frame). `explain`, `tag` and pages cut
windows with the same `Grid`.

A *recording* that is shorter than a window is one window, filled up as the model's own extractor does it (see
`Tagger.fill`), and the result says so. In a longer recording nothing is filled up that counts: its last window, where
it is not whole, is tagged but in no mean, and an excerpt of it that is too short is refused. Recordings below
`SHORTEST_S` are refused: a window that is filled up from less than a tenth of a second is nearly all filling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio, Samples, load_audio
from audiolime_ext.audio.resampling import context_span, resample_span
from audiolime_ext.audio.silence import sounding
from audiolime_ext.errors import AudioError
from audiolime_ext.prediction.function import Scores, Tagger, label_names, n_at_once, predict
from audiolime_ext.prediction.loading import resolve_tagger

SHORTEST_S = 0.1
_FILLED = {
    "silence": "filled up with silence",
    "repeat": "repeated until it is full",
    "none": "given to the model as it is",
}


@dataclass(frozen=True)
class Grid:
    """Where a tagger's windows lie, in samples at its rate; `window` None: the excerpt is one window.

    `fill` says how a recording is filled up that is shorter than a window; None: this one is not.
    """

    sr: int
    lead: int
    window: int | None
    hop: int | None
    n_channels: int
    min_samples: int
    fill: str | None = None

    @classmethod
    def of(cls, tagger: Tagger, recording_sr: int, n_samples: int | None = None) -> Grid:
        """The grid of a tagger in a recording of so many samples; without a rate of its own it listens at its rate."""
        sr = tagger.sr or recording_sr
        window = None if tagger.window_s is None else round(tagger.window_s * sr)
        hop = window if tagger.hop_s is None else round(tagger.hop_s * sr)
        lead, least = round(tagger.lead_s * sr), round((tagger.min_s or 0) * sr)
        heard = None if n_samples is None else round(n_samples / recording_sr * sr)
        short = window is not None and heard is not None and heard < window - lead
        fill = getattr(tagger, "fill", "silence") if short else None
        return cls(sr, lead, window, hop, tagger.n_channels, least, fill)

    def starts(self, n_samples: int) -> list[int]:
        """Starts of the whole windows in an excerpt of so many samples (the excerpt's start is 0)."""
        if self.window is None or self.hop is None or self.fill is not None:
            return [0]
        return list(range(0, n_samples + self.lead - self.window + 1, self.hop)) if n_samples else []

    def require(self, n_samples: int, what: str) -> None:
        """Raise `AudioError` if an excerpt of so many samples is too short to be heard."""
        needed = self.min_samples if self.window is None else self.window - self.lead
        if self.fill is not None:
            needed = min(needed, round(SHORTEST_S * self.sr))
        if n_samples < max(needed, 1):
            least_s = (needed if self.fill is not None else self.window or needed) / self.sr
            raise AudioError(f"{what} is {n_samples / self.sr:.3f} s long; the tagger needs at least {least_s:.3f} s")

    def filling(self, duration_s: float) -> list[str]:
        """How an excerpt is filled up, in a sentence; none where it is not."""
        if self.fill is None or self.window is None:
            return []
        lengths = f"{duration_s:.2f} s are less than the model's window of {self.window / self.sr:.2f} s"
        return [f"{lengths}: {_FILLED[self.fill]}"]

    def listen(self, samples: Samples, sr: int, first: int, end: int, *, offset: int = 0) -> Samples:
        """What the tagger hears of signals (..., n_channels, n_samples): its rate, its channels, lead included.

        `first` and `end` count samples at the tagger's rate; `offset` is where `samples` begins, at `sr`.
        """
        begin, stop = context_span(sr, self.sr, first - self.lead, end)
        begin, stop = max(begin, offset), min(stop, offset + samples.shape[-1])
        samples = samples[..., begin - offset : stop - offset]
        if self.n_channels == 1:
            samples = samples.mean(axis=-2, keepdims=True, dtype=np.float32)
        elif samples.shape[-2] == 1:
            samples = np.repeat(samples, 2, axis=-2)
        return resample_span(samples, sr, self.sr, first - self.lead, end, offset=begin)

    def cut(self, heard: Samples) -> Samples:
        """Whole windows of signals (n, n_channels, lead + n_samples) as (n, n_windows, n_channels, lead + window)."""
        if self.fill is not None and self.window is not None:
            return self._filled(heard, self.lead + self.window)[..., None, :, :]
        starts = self.starts(heard.shape[-1] - self.lead)
        length = heard.shape[-1] if self.window is None else self.lead + self.window
        short = max(0, starts[-1] + length - heard.shape[-1])
        if short:
            heard = np.pad(heard, [(0, 0)] * (heard.ndim - 1) + [(0, short)])
        return np.stack([heard[..., start : start + length] for start in starts], axis=-3)

    def _filled(self, heard: Samples, length: int) -> Samples:
        lacking = max(0, length - heard.shape[-1])
        if self.fill == "none" or not lacking:
            return heard
        if self.fill == "silence":
            return np.pad(heard, [(0, 0)] * (heard.ndim - 1) + [(0, lacking)])
        again = np.arange(lacking) % (heard.shape[-1] - self.lead) + self.lead  # the lead comes before the sound
        return np.concatenate([heard, heard[..., again]], axis=-1)


@dataclass(frozen=True, eq=False)
class Taggram:
    """A tagger's scores over a recording.

    Parameters
    ----------
    labels
        Names, n_labels of them.
    times_s
        Window starts in seconds, shape (n_windows,).
    scores
        Shape (n_windows, n_labels).
    padded
        Shape (n_windows,), bool: the last window may have been filled up with zeros; then it is not in the mean.
    silent
        Shape (n_windows,), bool: where next to nothing sounds (see `silence`), which is not in the mean either. None:
        everything sounds, or nothing at all does.
    notes
        What to know besides.
    """

    labels: tuple[str, ...]
    times_s: NDArray[np.float64]
    scores: Scores = field(repr=False)
    padded: NDArray[np.bool_]
    silent: NDArray[np.bool_] | None = None
    notes: tuple[str, ...] = ()

    @property
    def counted(self) -> NDArray[np.bool_]:
        """Which windows are whole and sound, shape (n_windows,)."""
        return ~self.padded if self.silent is None else ~(self.padded | self.silent)

    @property
    def mean(self) -> Scores:
        """Mean over the windows that are whole and sound, shape (n_labels,)."""
        return np.asarray(self.scores[self.counted].mean(axis=0))


def tag(
    audio: Any, tagger: Any, *, start_s: float = 0.0, duration_s: float | None = None, sr: int | None = None
) -> Taggram:
    """Scores of every window of an excerpt, on the tagger's own grid.

    Parameters
    ----------
    audio
        Anything `load_audio` reads: a path, ``(array, sr)``, an `Audio`, …
    tagger
        A tagger, its spec string (``"musicnn:MSD_musicnn"``), or any function from float32 (n_batch, n_samples) to
        (n_batch, n_labels).
    start_s, duration_s
        The excerpt; the windows' grid starts at `start_s`.
    sr
        The rate at which a plain function listens, in Hz; by default the recording's own.

    Raises
    ------
    AudioError
        If the recording cannot be read, or the excerpt lies beyond it, or is shorter than a window and not all of it.
    ModelError
        If the tagger fails.
    UsageError
        If the tagger is none, or of no known spec.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext import tagger
    >>> loud = tagger(lambda b: np.abs(b).max(axis=1, keepdims=True), labels=["peak"], window_s=1.0)
    >>> tag((np.ones(2500, np.float32), 1000), loud).times_s
    array([0., 1., 2.])
    """
    from tqdm import tqdm

    audio, tagger = load_audio(audio), resolve_tagger(tagger, sr=sr)
    grid = Grid.of(tagger, audio.sr, audio.n_samples)
    begin, stop = audio.span(start_s, duration_s)
    first, end = round(begin / audio.sr * grid.sr), round(stop / audio.sr * grid.sr)
    grid.require(end - first, f"{audio.name!r}")
    starts = [first + start for start in grid.starts(end - first)]
    n_whole, length = len(starts), end - first if grid.fill else grid.window or end - first
    if grid.hop is not None and not grid.fill and starts[-1] + grid.hop < end:
        starts.append(starts[-1] + grid.hop)
    size = n_at_once(tagger)
    rows = []
    for at in tqdm(range(0, len(starts), size), desc="tagging", unit="batch", delay=1.0, disable=None, leave=False):
        batch = starts[at : at + size]
        heard = grid.listen(audio.samples, audio.sr, batch[0], batch[-1] + length)
        beyond = max(0, batch[-1] + length - end)
        if beyond:
            heard[..., heard.shape[-1] - beyond :] = 0.0
        cuts = np.stack([heard[:, start - batch[0] : start - batch[0] + grid.lead + length] for start in batch])
        rows.append(predict(tagger, grid.cut(cuts) if grid.fill else cuts[:, None]))
    scores, times_s = np.concatenate(rows), np.array(starts) / grid.sr
    padded = np.arange(len(starts)) >= n_whole
    notes = tuple(grid.filling((end - first) / grid.sr))
    silent = _silent(audio, times_s.tolist(), length / grid.sr, padded, grid.n_channels)
    return Taggram(label_names(tagger, scores.shape[1]), times_s, scores, padded, silent, notes)


def _silent(
    audio: Audio, times_s: Sequence[float], length_s: float, padded: NDArray[np.bool_], n_channels: int
) -> NDArray[np.bool_] | None:
    """Which of the whole windows are silent; None where none or all of them are."""
    whole = [start for start, filled_up in zip(times_s, padded.tolist(), strict=True) if not filled_up]
    sounds = sounding(audio, [(start, min(length_s, audio.duration_s - start)) for start in whole], n_channels)
    if sounds.all() or not sounds.any():
        return None
    return np.concatenate([~sounds, np.zeros(int(padded.sum()), bool)])
