"""A factorization and the excerpt that it splits, in one object, as audioLIME's factorizations were.

The object answers to audioLIME's methods, too: components are numbered segment by segment (`numbering`), and what
they give are arrays in mono at 16 kHz, or as the model hears it (`heard_by`). It is separated once, however often it is
explained.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio, Samples, load_audio
from audiolime_ext.compat.numbering import SegmentBySegment
from audiolime_ext.compat.providers import TARGET_SR, provided
from audiolime_ext.compat.segmentation import segments_of
from audiolime_ext.components import components as parts
from audiolime_ext.components.masks import Masks
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.grid import Grid

Compose = Callable[[NDArray[np.float32]], Any]  # from a mix (n_samples,) to what the model is given of it

_OPTIONS = ("start_s", "duration_s", "segments", "baseline", "target_sr", "composition_fn", "n_temporal_segments")
_INSTEAD = {  # audioLIME's other arguments
    "input": "the recording comes second: bind('spleeter:5stems', 'song.mp3')",
    "data_provider": "the provider comes second: bind('spleeter:5stems', RawAudioProvider('song.mp3'))",
    "model_name": "the separator comes first: bind('spleeter:5stems', 'song.mp3')",
    "spleeter_sources_path": "stems that were written before are bind('oracle:DIR', 'song.mp3')",
    "recompute": "stems are made when they are needed; leave it out",
    "spleeter_sr": "each separator hears its own rate; leave it out",
    "frequency_segments": "bind('bands:4', 'song.mp3', segments=6), or SoundLIMEFactorization('song.mp3', 4, 6)",
    "temporal_segments": "their number is segments=6",
    "sr": "the rate that a predict function hears is target_sr=16000",
}


@dataclass(frozen=True, eq=False)
class BoundFactorization:
    """A factorization together with the excerpt that it splits; made by `bind`, whose parameters these are.

    Parameters
    ----------
    factorization, audio : Factorization, Audio
        Separator and recording.
    start_s, duration_s, segments, baseline : as in `bind`
        Excerpt, where it is cut, and what plays while a component is off.
    told_sr : int or None
        Rate that was given as `target_sr`; None: none was.
    composition_fn, data_provider : callable, provider or None
        Function that is applied to each mix, and the provider that the recording came with.
    grid : Grid or None
        Windows of the model that hears it, see `heard_by`; None: any function of mono signals at `target_sr`.
    """

    factorization: Factorization
    audio: Audio
    start_s: float = 0.0
    duration_s: float | None = None
    segments: int | str | Sequence[float] = 1
    baseline: Any = field(default="silence", repr=False)
    told_sr: int | None = None
    composition_fn: Compose | None = field(default=None, repr=False)
    data_provider: Any = field(default=None, repr=False)
    grid: Grid | None = field(default=None, repr=False)
    _heard_by: dict[Grid, BoundFactorization] = field(default_factory=dict, init=False, repr=False)

    @property
    def target_sr(self) -> int:
        """The rate of its arrays, and of what a function without a rate of its own is asked about, in Hz."""
        return self.grid.sr if self.grid is not None else self.told_sr or TARGET_SR

    def heard_by(self, model: Model) -> BoundFactorization:
        """The same as a model hears it: at its rate, if it has one, with its channels and windows.

        Raises
        ------
        UsageError
            If it was bound for another rate.
        AudioError
            If the excerpt is too short for the model.
        """
        if self.told_sr is not None and model.sr not in (None, self.told_sr):
            raise UsageError(
                f"the model hears {model.sr} Hz, and target_sr is {self.told_sr}; leave out target_sr: it is for "
                "functions without a rate of their own"
            )
        sr = self.target_sr if model.sr is None else model.sr
        return self._heard_at(Grid.of(model, sr, round(self.audio.n_samples / self.audio.sr * sr)))

    def _heard_at(self, grid: Grid) -> BoundFactorization:
        """The same for one grid, always the same object, so that it is separated once."""
        if grid == self.grid:
            return self
        return self._heard_by.setdefault(grid, replace(self, grid=grid))

    @cached_property
    def parts(self) -> SegmentBySegment:
        """What is switched, in audioLIME's order; separated when this is first asked for.

        Raises
        ------
        AudioError
            If the excerpt does not lie within the recording, is silent, or too short for the model.
        UsageError
            If it cannot be cut as asked for, or the stems do not sum to the recording.
        """
        if self.grid is None:
            return self._heard_at(Grid(self.target_sr, 0, None, None, 1, 0)).parts
        first, end = self.audio.span(self.start_s, self.duration_s)
        duration_s = (end - first) / self.audio.sr if self.duration_s is None else self.duration_s
        self.grid.require(round(duration_s * self.grid.sr), "the excerpt")
        cut = {"segments": self.segments, "baseline": self.baseline}
        asked = self.audio, self.factorization, self.grid
        return SegmentBySegment.of(parts.build(*asked, start_s=self.start_s, duration_s=duration_s, **cut))

    # audioLIME's methods

    def get_number_components(self) -> int:
        """Number of components."""
        return self.parts.n

    def get_ordered_component_names(self) -> list[str]:
        """Names as audioLIME gave them, such as ``vocals0``: the source and the number of the segment."""
        return [f"{source}{segment}" for segment in range(self.parts.n_segments) for source in self.parts.sources]

    def retrieve_components(self, selection_order: Sequence[int] | NDArray[Any] | None = None) -> list[Samples]:
        """Components as the model hears them, each by itself and as long as the excerpt.

        Parameters
        ----------
        selection_order : sequence of int, or None
            Numbers of components; None: all. Empty: one signal of silence is given, so that a sum of what is given can
            always be listened to.

        Returns
        -------
        list of ndarray of float32, each of shape (n_samples,), or (2, n_samples) for a stereo model

        Raises
        ------
        UsageError
            If there is no such component.
        """
        numbers = range(self.parts.n) if selection_order is None else selection_order
        masks = [self.mask([number]) for number in numbers] or [self.mask([])]
        return [self._heard(mask, background=False) for mask in masks]

    def compose_model_input(self, components: Sequence[int] | NDArray[Any] | None = None) -> Any:
        """What the model is given where these components are on (None: all), see `composition_fn`."""
        everything = range(self.parts.n) if components is None else components
        mixed = self._heard(self.mask(everything), background=True)
        return mixed if self.composition_fn is None else self.composition_fn(mixed)

    @property
    def components(self) -> list[Samples]:
        """All components, see `retrieve_components`."""
        return self.retrieve_components()

    @property
    def original_components(self) -> list[Samples]:
        """The sources as the model hears them, not cut into segments."""
        heard = self.parts.heard[: self.parts.n_sources, :, self.parts.grid.lead :]
        return [_flat(source) for source in heard]

    @property
    def temporal_segments(self) -> list[tuple[int, int]]:
        """Each segment as (first, end), in samples at `target_sr`."""
        edges = [round(edge * self.target_sr) for edge in self.parts.boundaries_s]
        return list(pairwise(edges))

    @property
    def explained_length(self) -> int:
        """Length of the excerpt in samples at `target_sr`; no sample of it is ignored."""
        return self.temporal_segments[-1][1]

    def set_analysis_window(self, start_sample: int, y_length: int) -> None:
        """Refuse, and say how an excerpt is chosen: what is bound does not change."""
        start_s, duration_s = start_sample / self.target_sr, y_length / self.target_sr
        raise UsageError(
            f"what is bound does not change; bind(…, start_s={start_s:g}, duration_s={duration_s:g}), or set the "
            "window of a provider before it is bound"
        )

    def mask(self, numbers: Any) -> Masks:
        """The mask, shape (n_components,), in which these components are on."""
        n, mask = self.parts.n, np.zeros(self.parts.n, dtype=bool)
        for number in np.atleast_1d(np.asarray(list(numbers), dtype=np.int64)).tolist():
            if not 0 <= number < n:
                raise UsageError(f"there is no component {number}; they are numbered from 0 to {n - 1}")
            mask[number] = True
        return mask

    def _heard(self, mask: Masks, *, background: bool) -> Samples:
        return _flat(self.parts.heard_mixes(mask[None], background=background)[0][..., self.parts.grid.lead :])


def _flat(signal: Samples) -> Samples:
    return np.asarray(signal[0] if len(signal) == 1 else signal)


def bind(
    factorization: Factorization | str,
    audio: Any,
    *,
    start_s: float = 0.0,
    duration_s: float | None = None,
    segments: int | str | Sequence[float] | None = None,
    baseline: Any = "silence",
    target_sr: int | None = None,
    composition_fn: Compose | None = None,
    n_temporal_segments: int | None = None,
    temporal_segmentation_params: Any = None,
    **other: Any,
) -> BoundFactorization:
    """Join a factorization and a recording, as audioLIME's factorizations did.

    Parameters
    ----------
    factorization : Factorization or str
        Factorization or its spec string.
    audio : str, Path, Audio, (samples, sr), DataProvider or another source
        Recording: anything `load_audio` reads, or a provider (any object with `get_mix`), of which the window counts.
    start_s : float
        Start of the excerpt in seconds.
    duration_s : float or None
        Length of the excerpt in seconds; None: up to the recording's end.
    segments : int, sequence of float, {"beats", "onsets"} or None
        Number of equal time segments, their inner boundaries in seconds, or events to cut at; None: 1.
    baseline : str or audio
        Sound of what is off, as in `audiolime_ext.explain`.
    target_sr : int or None
        Rate in Hz at which a function without a rate of its own is asked; None: 16,000, as in audioLIME.
    composition_fn : callable or None
        Function that is applied to each mix, (n_samples,), before the predict function is given a batch of its results:
        a spectrogram, for instance; None: none.
    n_temporal_segments, temporal_segmentation_params : int, mapping or None
        Segments in audioLIME's words, instead of `segments`: their number, or a dictionary
        (`audiolime_ext.compat.segmentation`).
    **other : any
        Nothing else: for audioLIME's other arguments the message says what to write.

    Raises
    ------
    UsageError
        If an argument is unknown or cannot be used.
    AudioError, MissingError
        If the recording cannot be read, or the separator is not at hand.

    Examples
    --------
    >>> import numpy as np
    >>> hiss = np.random.default_rng(0).normal(0, 0.1, 24000)
    >>> bound = bind("hpss", (hiss, 8000), start_s=0.5, n_temporal_segments=2)
    >>> bound.get_ordered_component_names()
    ['harmonic0', 'percussive0', 'harmonic1', 'percussive1']
    >>> bound.compose_model_input([0, 1]).shape
    (40000,)
    """
    for name in other:
        if name not in _INSTEAD:
            raise unknown("argument of bind", name, _OPTIONS)
        raise UsageError(f"bind does not take {name}: {_INSTEAD[name]}")
    if target_sr is not None and (not isinstance(target_sr, (int, np.integer)) or target_sr < 1):
        raise UsageError(f"target_sr is a rate in Hz, such as 16000, not {target_sr!r}; separators go by model_name=")
    ways = [segments, n_temporal_segments, temporal_segmentation_params]
    if sum(way is not None for way in ways) > 1:
        raise UsageError("segments, n_temporal_segments and temporal_segmentation_params say the same; give one")
    source, begins_s, lasts_s = provided(audio)
    duration_s = lasts_s if duration_s is None else duration_s
    for params in ways[1:]:
        if params is not None:
            segments, covered_s = segments_of(params, target_sr or TARGET_SR)
            duration_s = duration_s if covered_s is None else covered_s
    return BoundFactorization(
        load_factorization(factorization),
        load_audio(source),
        begins_s + start_s,
        duration_s,
        1 if segments is None else segments,
        baseline,
        None if target_sr is None else int(target_sr),
        composition_fn,
        None if source is audio else audio,
    )
