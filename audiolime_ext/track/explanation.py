"""The result for a whole recording: which component argues for a label, window by window.

Every window is explained as `explain` would explain it alone, so numbers here and there agree. The components of the
track are the union of the windows' components, in the order in which they first appear, the residual last. A component
that a window lacks has weight 0 and level −200 dB there; that is also so where a window's residual is inaudible
background, which is on in every mask. A silent window has the same score with all on and all off, and no weights.

Invariant: *the mean of the windows' Shapley values explains the mean score*: Σ mean weights = mean score − mean empty
score.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.display import Plotted, shown
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.arguing import arguing_components
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.explanation.leading import Leading, leading
from audiolime_ext.explanation.provenance import AUDIOLIME_REFERENCE, Provenance
from audiolime_ext.explanation.words import Voice, value_remarks
from audiolime_ext.extras import require
from audiolime_ext.factorization.stems import Stems
from audiolime_ext.files.fresh import fresh_folder
from audiolime_ext.files.plain import to_json
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.prediction.kind import Kind
from audiolime_ext.prediction.labels import label_indices
from audiolime_ext.prediction.repeatability import Noise
from audiolime_ext.prediction.taggram import Taggram
from audiolime_ext.prediction.targets import log_odds
from audiolime_ext.track import words as track_summary
from audiolime_ext.track.leaders import Leaders
from audiolime_ext.track.opened import Shelf
from audiolime_ext.track.window import Window, names_of

if TYPE_CHECKING:
    import pandas

Array = NDArray[np.float64]
ABSENT_DB = -200.0
SPLIT_ANEW = "each window was split anew: parts of one name need not be one sound"


@dataclass(frozen=True, eq=False)
class TrackExplanation(Plotted):
    """Why a model answered as it did over a recording.

    Parameters
    ----------
    labels, all_labels : tuple of str
        Labels that were asked for (or found), and names of all values.
    windows : tuple of Window
        Explained windows, in the order of their starts.
    taggram : Taggram
        Scores of all labels over the recording.
    min_score : float
        Score from which on a window is counted by `leaders`.
    start_s, end_s : float
        Start and end of the excerpt in seconds of the recording.
    recording_name : str
        Name for captions.
    grid : Grid
        Positions of the model's windows.
    provenance, notes, warnings : as in `Explanation`
        Recording, separator, model and settings; remarks for the reader.
    open_window : callable
        Function from a window's number to its full explanation, with sound.
    open_stems : callable
        Function that gives the stems part by part.
    noise : Noise or None
        Differences between the model's answers to the same mix, part of the errors; None where it was not asked again.
    shelf : Shelf or None
        Place for what is made of the stems, such as a page's sound; None: nothing is kept.
    ends_early : bool
        True where the recording goes on after `end_s`.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext import explain_track, tagger
    >>> from factorizations.oracle import OracleFactorization
    >>> tone = np.sin(np.arange(24000) / 10).astype(np.float32)
    >>> oracle = OracleFactorization({"loud": (tone, 8000), "soft": (tone / 10, 8000)})
    >>> peak = tagger(lambda batch: np.abs(batch).max(axis=1, keepdims=True), labels=["peak"], window_s=1.0)
    >>> track = explain_track(oracle.mixture, peak, factorization=oracle, cache=False)
    >>> print(track.leaders("peak"))
    loud leads peak in 3 of 3 windows
    >>> track.weights("peak")["soft"].round(3), round(track.mean("peak")["loud"], 3)
    (array([0.1, 0.1, 0.1]), 1.0)
    """

    labels: tuple[str, ...]
    all_labels: tuple[str, ...]
    windows: tuple[Window, ...] = field(repr=False)
    taggram: Taggram = field(repr=False)
    min_score: float
    start_s: float
    end_s: float
    recording_name: str
    grid: Grid = field(repr=False)
    provenance: Provenance = field(repr=False)
    open_window: Callable[[int], Explanation] = field(repr=False)
    open_stems: Callable[[], Iterator[Stems]] = field(repr=False)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    noise: Noise | None = field(default=None, repr=False)
    shelf: Shelf | None = field(default=None, repr=False)
    ends_early: bool = field(default=False, repr=False)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The components of all windows (see the module)."""
        return names_of(window.names for window in self.windows)

    @property
    def times_s(self) -> Array:
        """Where the explained windows start, in seconds, shape (n_windows,)."""
        return np.array([window.start_s for window in self.windows])

    @property
    def duration_s(self) -> float:
        """Length of a window in seconds."""
        return self.windows[0].duration_s

    @property
    def sounding(self) -> Window:
        """The first window that is not silent."""
        return next(window for window in self.windows if not window.silent)

    @property
    def n_evals(self) -> int:
        """Number of different mixes that the model was asked about."""
        return sum(len(window.neighborhood.masks) for window in self.windows)

    @property
    def exact(self) -> bool:
        """Whether every mask of every window was evaluated."""
        return all(window.attribution.exact for window in self.windows)

    @cached_property
    def all_weights(self) -> Array:
        """Shape (n_windows, n_labels_all, n_components)."""
        return self._spread([window.attribution.weights for window in self.windows], 0.0)

    @cached_property
    def std_errors(self) -> Array | None:
        """Standard errors of the weights, same shape; None where any window's were not estimated."""
        found = [window.attribution.std_errors for window in self.windows]
        known = [errors for errors in found if errors is not None]
        return self._spread(known, 0.0) if len(known) == len(found) else None

    @cached_property
    def full(self) -> Array:
        """The explained values of the recording itself, shape (n_windows, n_labels_all)."""
        return np.stack([window.neighborhood.full for window in self.windows])

    @cached_property
    def empty(self) -> Array:
        """The same with all components off."""
        return np.stack([window.neighborhood.empty for window in self.windows])

    @cached_property
    def levels_db(self) -> Array:
        """Levels of the components relative to the mixture, shape (n_windows, n_components)."""
        return self._spread([np.array(window.levels_db)[None] for window in self.windows], ABSENT_DB)[:, 0]

    def column(self, label: str | int | None = None) -> int:
        """Position of a label among `all_labels`; by default of the first one asked for."""
        return label_indices([self.labels[0] if label is None else label], self.all_labels)[0]

    def weights(self, label: str | int | None = None) -> dict[str, Array]:
        """Component → its weight in each window, shape (n_windows,)."""
        return dict(zip(self.names, self.all_weights[:, self.column(label)].T, strict=True))

    def score(self, label: str | int | None = None) -> tuple[Array, Array]:
        """The score of a label in each window, and with all components off."""
        column = self.column(label)
        return self.full[:, column], self.empty[:, column]

    @cached_property
    def sounds(self) -> NDArray[np.bool_]:
        """Which windows are not silent, shape (n_windows,): those that means are of."""
        return np.array([not window.silent for window in self.windows])

    def mean(self, label: str | int | None = None) -> dict[str, float]:
        """Component → mean of its weights over the windows that sound; they explain the mean score."""
        found = self.all_weights[self.sounds, self.column(label)].mean(axis=0)
        return dict(zip(self.names, found.tolist(), strict=True))

    def mean_score(self, label: str | int | None = None) -> tuple[float, float]:
        """Means of `score` over the windows that sound."""
        full, empty = (float(values[self.sounds].mean()) for values in self.score(label))
        return full, empty

    def highest(self, label: str | int | None = None) -> int:
        """The number of the window that sounds in which the score of a label is highest."""
        return int(np.argmax(np.where(self.sounds, self.score(label)[0], -np.inf)))

    @cached_property
    def kind(self) -> Kind:
        """What the explained values of all windows are; see `audiolime_ext.prediction.kind`."""
        answers = np.concatenate([window.neighborhood.scores for window in self.windows])
        origin = self.provenance
        return Kind.of(answers, self.all_labels, origin.target, contrast=origin.contrast is not None)

    def what_argues(self, number: int, label: str | int | None = None) -> list[str]:
        """Components that argue for a label in a window, the strongest first, as `Explanation.what_argues`."""
        window = self.windows[number]
        asked = window.neighborhood, window.attribution, self.column(label)
        return [window.names[i] for i in arguing_components(window.levels_db, *asked)]

    def leading(self, number: int, label: str | int | None = None) -> Leading | None:
        """What is known of the sources of a label in a window, as `Explanation.leading`; None where it is silent."""
        window = self.windows[number]
        if window.silent:
            return None
        asked = window.neighborhood, window.attribution, self.column(label), self.kind
        return leading(window.names, window.levels_db, *asked, shifts=window.shifts)

    def voice(self, label: str | int | None = None, *, page: bool = False) -> Voice:
        """How a label is written of, in a terminal or on a page."""
        origin, n_evals = self.provenance, len(self.sounding.neighborhood.masks)
        name = self.all_labels[self.column(label)]
        return Voice(name, self.kind, origin.settings.baseline, origin.factorization, page, n_evals)

    def leaders(self, label: str | int | None = None) -> Leaders:
        """Which component leads, counted over the windows in which the label reaches `min_score`.

        A target that is no label of the model (a contrast, a function) is counted in every window.
        """
        column = self.column(label)
        reached = np.flatnonzero(self.full[:, column] >= self.least)
        judged = [self.leading(int(window), column) for window in reached]
        name = self.kind.called(self.all_labels[column])
        off = self.provenance.settings.baseline
        return Leaders.count(name, judged, n_windows=len(self.windows), min_score=self.min_score, off=off)

    def remarks(self, label: str | int | None = None) -> list[str]:
        """What to know before believing the mean weights of a label, as `Explanation.remarks`."""
        column = self.column(label)
        full, empty = self.mean_score(column)
        answers = np.concatenate([window.neighborhood.scores[:, column] for window in self.windows])
        return value_remarks(self.voice(column), full, empty, answers, weights=tuple(self.mean(column).values()))

    def at(self, t_s: float) -> Explanation:
        """The full explanation of the window that holds a second: as `explain` gives it, with its stems.

        Raises
        ------
        UsageError
            If no explained window holds it.
        AudioError
            If that window is silent.
        """
        inside = [i for i, w in enumerate(self.windows) if w.start_s <= t_s < w.start_s + w.duration_s]
        if not inside:
            nearest = float(self.times_s[np.argmin(np.abs(self.times_s - t_s))])
            raise UsageError(f"no explained window holds {t_s:g} s; the nearest one starts at {nearest:.3f} s")
        return self.open_window(inside[-1])

    def stems(self) -> Iterator[Stems]:
        """Stems of consecutive parts of the excerpt, from the cache or made again, never all of them in memory.

        Those of a factorization of scope ``"window"`` are made for each explained window anew.
        """
        return self.open_stems()

    @property
    def split_anew(self) -> bool:
        """Whether each window has components of its own, as those of a factorization of scope ``"window"``."""
        return SPLIT_ANEW in self.notes

    def by_window(self, label: str | int | None = None) -> str:
        """A label window by window, as text: what was explained, its `table`, which source leads, and the remarks."""
        return track_summary.by_window(self, self.column(label))

    def table(self, label: str | int | None = None) -> str:
        """Start, span, score and explanation of each window, as text."""
        return track_summary.table(self, self.column(label))

    @property
    def references(self) -> str:
        """BibTeX entries of everything that was used."""
        entries = (AUDIOLIME_REFERENCE, *self.sounding.attribution.references, *self.provenance.references)
        return "\n\n".join(dict.fromkeys(entries))

    def to_dict(self) -> dict[str, Any]:
        """The result as the JSON object that ``audiolime explain --track --json`` prints."""
        return track_summary.to_dict(self)

    def to_dataframe(self) -> pandas.DataFrame:
        """One row per window, label asked for and component (needs the extra ``dataframe``).

        Columns are those of `Explanation.to_dataframe`; `std_error`, `low` and `high` are empty (NaN) where the weights
        are exact.
        """
        table: pandas.DataFrame = require("pandas", extra="dataframe").DataFrame(track_summary.rows(self))
        return table

    def estimated(self) -> tuple[Array, Array, Array]:
        """Standard errors and the ends of the 95 % intervals of `all_weights`, as `Attribution.estimated`."""
        found = [window.attribution.estimated() for window in self.windows]
        errors, low, high = (self._spread(list(of_windows), np.nan) for of_windows in zip(*found, strict=True))
        return errors, low, high

    def write(self, folder: str | os.PathLike[str]) -> Path:
        """Write ``track.json`` and return its path.

        Raises
        ------
        OutputError
            If it cannot be written; then nothing is left half-written.
        """
        with fresh_folder(Path(folder)) as fresh:
            (fresh / "track.json").write_text(to_json(self.to_dict(), indent=1) + "\n", encoding="utf-8")
        return Path(folder) / "track.json"

    def __str__(self) -> str:
        return track_summary.as_text(self)

    def _repr_html_(self) -> str:
        return shown(self)

    @property
    def least(self) -> float:
        """What `min_score` is among the explained values."""
        if self.provenance.target == "score":
            return self.min_score
        if self.provenance.target == "log-odds":
            return float(log_odds(np.array([[np.clip(self.min_score, 0.0, 1.0)]]))[0, 0])
        return -np.inf

    def _spread(self, found: Sequence[Array], absent: float) -> Array:
        """Values of each window's own components, (n_rows, n), laid out for all components."""
        spread = np.full((len(self.windows), found[0].shape[0], len(self.names)), absent)
        for i, (window, values) in enumerate(zip(self.windows, found, strict=True)):
            spread[i][:, [self.names.index(name) for name in window.names]] = values
        return spread
