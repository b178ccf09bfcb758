"""What is switched on and off: stems × time segments of one excerpt, and the mixes that masks make of them.

The stems are kept once, at the recording's own rate and channels, with a little context on both sides; a component is
a stem between two boundaries in seconds, never a zero-padded copy. So one mask composes both what the model hears
(its rate, its channels, its lead) and what a person hears (the recording's own quality).

Invariants: *all on is the recording* to 1e-5, whatever the segments; *off is silence*. Neighbouring segments are
joined by linear crossfades of 10 ms that sum to one, so nothing is lost at a boundary and nothing clicks.

A residual that is too faint at the model's rate to matter (below −60 dB of the mixture in this excerpt) is background:
on in every mask, and not a component. So is one that is as faint once what resampling to the separator's rate and back
leaves out is subtracted, and the result says so. Otherwise it is switched like any other stem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio, Samples, level_db
from audiolime_ext.audio.resampling import context_span
from audiolime_ext.components.baselines import off_signals
from audiolime_ext.components.masks import Masks
from audiolime_ext.components.mixing import mix
from audiolime_ext.components.segments import segment
from audiolime_ext.errors import AudioError, UsageError, unknown
from audiolime_ext.factorization.contract import Factorization, factorized
from audiolime_ext.factorization.stems import Stems
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.text import counted

Gains = NDArray[np.floating[Any]]  # factors of components, 1: as they are

CROSSFADE_S = 0.01
BACKGROUND_DB = -60.0
ROLLED_OFF = (
    "the residual is only what resampling to the separator's rate and back leaves out: on in every mix, not switched"
)


@dataclass(frozen=True, eq=False)
class Components:
    """Switchable parts of one excerpt of a recording.

    Parameters
    ----------
    stems : Stems
        Stems of the excerpt, and of the context that the model's lead and rate need around it.
    offset : int
        Position at which `stems` begins, in samples of the recording.
    start_s, duration_s : float
        Start and length of the excerpt in seconds of the recording.
    grid : Grid
        The model's windows, rate and channels.
    boundaries_s : tuple of float, length n_segments + 1
        Boundaries of the time segments in seconds, from 0 to `duration_s`.
    recording_name : str
        Name of the recording, for captions.
    off : ndarray of float32, shape (n_stems, n_channels, n_samples), or None
        Waveforms that play while the stems are off, shaped like ``stems.samples``; None: silence.
    uncut : tuple of str
        Stems that are one component each, whatever the time segments.
    only_rolled_off : bool
        True where the residual is only what resampling leaves out, and so is background whatever its level.
    """

    stems: Stems = field(repr=False)
    offset: int
    start_s: float
    duration_s: float
    grid: Grid
    boundaries_s: tuple[float, ...]
    recording_name: str = "audio"
    off: Samples | None = field(default=None, repr=False)
    uncut: tuple[str, ...] = ()
    only_rolled_off: bool = False

    @property
    def n_segments(self) -> int:
        """Number of time segments that stems are cut into; 1: the stems are the components."""
        return len(self.boundaries_s) - 1

    @property
    def n_windows(self) -> int:
        """Number of whole windows in the excerpt; their scores are averaged."""
        return len(self.grid.starts(self.heard.shape[-1] - self.grid.lead))

    @cached_property
    def heard(self) -> Samples:
        """Stems as the model hears them: (n_stems, n_channels, lead + n_samples) at its rate."""
        first, end = self._span(self.grid.sr)
        return self.grid.listen(self.stems.samples, self.stems.sr, first, end, offset=self.offset)

    @cached_property
    def _heard_off(self) -> Samples | None:
        if self.off is None:
            return None
        first, end = self._span(self.grid.sr)
        return self.grid.listen(self.off, self.stems.sr, first, end, offset=self.offset)

    @cached_property
    def recorded(self) -> Samples:
        """Stems of the excerpt at the recording's rate and channels: (n_stems, n_channels, n_samples)."""
        first, end = self._span(self.stems.sr)
        return self.stems.samples[..., first - self.offset : end - self.offset]

    @property
    def excerpt(self) -> Stems:
        """Stems of the excerpt, without the context around it."""
        whole, (first, end) = self.stems, self._span(self.stems.sr)
        heard = whole.transcription and whole.transcription.between(
            (first - self.offset) / whole.sr, (end - self.offset) / whole.sr
        )
        return Stems(whole.names, self.recorded, whole.sr, whole.notes, heard)

    @cached_property
    def residual_db(self) -> float | None:
        """Level of the residual in what the model hears, relative to the mixture; None where there is none."""
        if not self.stems.has_residual:
            return None
        return level_db(self.heard[-1], self.heard.sum(axis=0))

    @property
    def residual_switched(self) -> bool:
        """Whether the residual is a component; else it is on in every mask."""
        if self.residual_db is None or len(self.stems.names) == 1:
            return self.residual_db is not None
        return self.residual_db >= BACKGROUND_DB and not self.only_rolled_off

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the stems that are switched."""
        names = self.stems.names
        return names[:-1] if self.residual_db is not None and not self.residual_switched else names

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names, one per component, stem by stem: ``vocals``, or ``vocals 0.00–1.50 s`` where there are segments."""
        spans = [f"{begin:.2f}–{end:.2f} s" for begin, end in pairwise(self.boundaries_s)]
        named = (
            [source] if size == 1 else [f"{source} {span}" for span in spans]
            for source, size in zip(self.sources, self.groups, strict=True)
        )
        return tuple(name for names in named for name in names)

    @property
    def groups(self) -> tuple[int, ...]:
        """How many components each source has: as many as there are segments, or one where it is left uncut."""
        return tuple(1 if source in self.uncut else self.n_segments for source in self.sources)

    def grouped(self, groups: Sequence[int]) -> Components:
        """The same with `groups` components for each source; one with 1 is left uncut. Empty: unchanged.

        Raises
        ------
        UsageError
            If a source cannot have that number.
        """
        if not groups:
            return self
        if len(groups) != len(self.sources) or not set(groups) <= {1, self.n_segments}:
            raise UsageError(
                f"{counted(len(self.sources), 'source')} in {counted(self.n_segments, 'segment')} cannot be grouped as "
                f"{groups}"
            )
        uncut = tuple(source for source, size in zip(self.sources, groups, strict=True) if size < self.n_segments)
        return replace(self, uncut=uncut)

    @cached_property
    def levels_db(self) -> tuple[float, ...]:
        """Energy of each component relative to the mixture, as the model hears them; −200 is silence."""
        mixture = self.heard.sum(axis=0)
        alone = (self.heard_mixes(row[None], background=False)[0] for row in np.eye(self.n, dtype=bool))
        return tuple(level_db(samples, mixture) for samples in alone)

    @property
    def n(self) -> int:
        """Number of components."""
        return sum(self.groups)

    def indices(self, names: Sequence[str] | str) -> list[int]:
        """Positions of components by name; the name of a stem stands for all its segments.

        Raises
        ------
        UsageError
            If there is no such component.
        """
        found: list[int] = []
        for name in [names] if isinstance(names, str) else names:
            if name in self.names:
                found.append(self.names.index(name))
            elif name in self.sources:
                found.extend(np.unique(self._columns[self.sources.index(name)]).tolist())
            else:
                raise unknown("component", str(name), dict.fromkeys((*self.names, *self.sources)))
        return list(dict.fromkeys(found))

    def mask(self, on: Sequence[str] | str) -> Masks:
        """The mask, shape (n_components,), in which only these components are on."""
        row = np.zeros(self.n, dtype=bool)
        row[self.indices(on)] = True
        return row

    def heard_mixes(self, masks: Masks, *, background: bool = True) -> Samples:
        """What the model hears for each mask: (n_masks, n_channels, lead + n_samples).

        Without `background` only the components that are on sound: no residual in the background, no baseline.
        """
        edges = self.grid.lead + np.array(self.boundaries_s) * self.grid.sr
        gains = self._gains(masks, background)
        mixed = mix(self.heard, gains, edges, CROSSFADE_S * self.grid.sr)
        if self._heard_off is not None and background:
            mixed += mix(self._heard_off, 1 - gains, edges, CROSSFADE_S * self.grid.sr)
        return mixed

    def listen(self, mask: Masks | Gains, *, background: bool, name: str) -> Audio:
        """What a person hears for one mask, or for a gain of each component, at the recording's rate and channels."""
        edges = np.array(self.boundaries_s) * self.stems.sr
        mixed = mix(self.recorded, self._gains(mask[None], background), edges, CROSSFADE_S * self.stems.sr)
        return Audio(mixed[0], self.stems.sr, name)

    def _span(self, sr: int) -> tuple[int, int]:
        return round(self.start_s * sr), round((self.start_s + self.duration_s) * sr)

    @cached_property
    def _columns(self) -> NDArray[np.intp]:
        """Which component each source is in each segment, shape (n_sources, n_segments)."""
        firsts = np.cumsum([0, *self.groups[:-1]])
        steps = [np.arange(self.n_segments) if size > 1 else np.zeros(self.n_segments, int) for size in self.groups]
        return np.asarray(firsts[:, None] + np.stack(steps))

    def _gains(self, masks: Masks | Gains, background: bool) -> NDArray[np.float32]:
        gains = np.asarray(masks, np.float32)[:, self._columns]
        if len(self.sources) == len(self.stems.names):
            return gains
        on = np.full((len(masks), 1, self.n_segments), background, np.float32)
        return np.concatenate([gains, on], axis=1)


def build(
    audio: Audio,
    factorization: Factorization,
    grid: Grid,
    *,
    start_s: float,
    duration_s: float,
    segments: int | str | Sequence[float] = 1,
    baseline: Any = "silence",
) -> Components:
    """Factorize an excerpt, with the context that the model's lead and rate need around it.

    Raises
    ------
    AudioError
        If the excerpt does not lie within the recording, or is silent.
    UsageError
        If the factorization's stems do not sum to the recording.
    """
    begin, end = audio.span(start_s, duration_s)
    boundaries_s = segment(audio, segments, start_s=start_s, duration_s=duration_s)
    first, last = round(start_s * grid.sr), round((start_s + duration_s) * grid.sr)
    wide_begin, wide_end = context_span(audio.sr, grid.sr, first - grid.lead, last)
    wide_begin, wide_end = max(0, min(begin, wide_begin)), min(audio.n_samples, max(end, wide_end))
    if not np.any(audio.samples[:, begin:end]):
        span = f"{start_s:g} s to {start_s + duration_s:g} s"
        raise AudioError(f"{audio.name!r} is silent from {span}; choose another start")
    stems = factorized(
        factorization, audio, start_s=wide_begin / audio.sr, duration_s=(wide_end - wide_begin) / audio.sr
    )
    off = off_signals(baseline, audio, stems, factorization, first=wide_begin)
    built = Components(stems, wide_begin, start_s, duration_s, grid, boundaries_s, audio.name, off)
    lost = stems.rolled_off
    return built if lost is None or not built.residual_switched else _without_roll_off(built, lost)


def _without_roll_off(components: Components, lost: Samples) -> Components:
    """The same with the residual as background, and a note, where it is only what resampling leaves out."""
    stems, grid = components.stems, components.grid
    missed = stems.samples[-1:] - lost
    heard = grid.listen(missed, stems.sr, *components._span(grid.sr), offset=components.offset)
    if level_db(heard, components.heard.sum(axis=0)) >= BACKGROUND_DB:
        return components
    return replace(components, stems=replace(stems, notes=(*stems.notes, ROLLED_OFF)), only_rolled_off=True)
