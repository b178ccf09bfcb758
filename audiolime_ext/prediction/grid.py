"""The grid of windows that a model hears.

A window that starts at sample s of the recording (at the model's rate) is ``[s − lead, s + window)``: the lead is real
context for a first frame that is centred on s. Zeros are added only before the recording begins and, in the last
window, for at most another lead after it ends (the other half of the last centred frame). `explain`, `tag` and pages
cut windows with the same `Grid`.

A *recording* that is shorter than a window is one window, filled up as the model's own extractor does it (see
`Model.fill`), and the result says so. In a longer recording no window that counts is filled up: the last one, where it
is not whole, is tagged but left out of all means, and an excerpt that is shorter than a window is refused. Recordings
below `SHORTEST_S` are refused: a window made from less than a tenth of a second would be nearly all filling.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audiolime_ext.audio.recording import Samples
from audiolime_ext.audio.resampling import context_span, resample_span
from audiolime_ext.errors import AudioError
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.hearing import require_samples

SHORTEST_S = 0.1
_FAR = 20  # times the length of a recording: such a window may have been meant in milliseconds
_FILLED = {
    "silence": "filled up with silence",
    "repeat": "repeated until it is full",
    "none": "given to the model as it is",
}


@dataclass(frozen=True)
class Grid:
    """Where a model's windows lie, in samples at its rate; `window` None: the excerpt is one window.

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
    def of(cls, model: Model, recording_sr: int, n_samples: int | None = None) -> Grid:
        """The grid of a model in a recording of `n_samples`; a model without a rate listens at the recording's.

        Raises
        ------
        UsageError
            If a window or the step between two holds no sample.
        """
        sr = int(model.sr or recording_sr)
        require_samples(sr, window_s=model.window_s, hop_s=model.hop_s)
        window = None if model.window_s is None else round(model.window_s * sr)
        hop = window if model.hop_s is None else round(model.hop_s * sr)
        lead, least = round(model.lead_s * sr), round((model.min_s or 0) * sr)
        heard = None if n_samples is None else round(n_samples / recording_sr * sr)
        short = window is not None and heard is not None and heard < window - lead
        fill = getattr(model, "fill", "silence") if short else None
        return cls(sr, lead, window, hop, int(model.n_channels), least, fill)

    def starts(self, n_samples: int) -> list[int]:
        """Starts of the whole windows in an excerpt of `n_samples` (the excerpt's start is 0)."""
        if self.window is None or self.hop is None or self.fill is not None:
            return [0]
        return list(range(0, n_samples + self.lead - self.window + 1, self.hop)) if n_samples else []

    def require(self, n_samples: int, what: str, advice: str = "") -> None:
        """Raise `AudioError` if an excerpt of `n_samples` is too short to be heard; `advice` ends what it says."""
        needed = self.min_samples if self.window is None else self.window - self.lead
        if self.fill is not None:
            needed = min(needed, round(SHORTEST_S * self.sr))
        if n_samples < max(needed, 1):
            least_s = (needed if self.fill is not None else self.window or needed) / self.sr
            needs = f"the model needs at least {least_s:.3f} s{advice}"
            raise AudioError(f"{what} is {n_samples / self.sr:.3f} s long; {needs}")

    def filling(self, duration_s: float) -> list[str]:
        """A note on how an excerpt is filled up; none where it is not."""
        if self.fill is None or self.window is None:
            return []
        lengths = f"{duration_s:.2f} s are less than the model's window of {self.window / self.sr:.2f} s"
        unit = "; lengths such as window_s are in seconds" if self.window / self.sr > _FAR * duration_s else ""
        return [f"{lengths}: {_FILLED[self.fill]}{unit}"]

    def listen(self, samples: Samples, sr: int, first: int, end: int, *, offset: int = 0) -> Samples:
        """What the model hears of signals (..., n_channels, n_samples): its rate, its channels, lead included.

        `first` and `end` count samples at the model's rate; `offset` is where `samples` begins, at `sr`.
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
