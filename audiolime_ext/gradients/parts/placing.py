"""A map divided between the components of an excerpt, beside what switching these does to the value.

A *place* is an excerpt whose components were weighed: that of an `Explanation`, or a window of a `TrackExplanation`.
Only the windows of the map that lie within it count, and of these only the ones that are explained; numbers are means
over them, as the value of an excerpt is the mean over its windows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.gradients.differentiating import Floats
from audiolime_ext.gradients.parts.component_power import band_power, soft_masks
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.track.explanation import TrackExplanation
from audiolime_ext.track.window import names_of

Opener = Callable[[], Explanation]


@dataclass(frozen=True, eq=False)
class Place:
    """One excerpt: what the map puts on each component, and what its weight is.

    Parameters
    ----------
    start_s : float
        Start of the excerpt in seconds.
    n_windows : int
        Number of windows of the map that the numbers are means over.
    gap : float
        Distance of the map's sum from what it should be; 0 where it sums to nothing in particular.
    names : tuple of str
        Names of its components.
    up, down : ndarray of float64, shape (n_components + 1,)
        Sum of the relevance for the value, and of that against it (as a positive number), where each component sounds;
        the last: where none does.
    energy, cells : ndarray of float64, shape (n_components,)
        Power of each component, and the number of cells that it fills by its share in them.
    n_cells : float
        Number of all cells.
    random : ndarray of float64, shape (n_maps, n_components + 1)
        Size of the relevance of other maps on each component, divided as `up` is.
    weights : ndarray of float64, shape (n_components,)
        Weight of each component.
    reach : ndarray of float64, shape (n_components,), or None
        Half the width of its 95 % interval, 0 where it is exact; None: not known.
    removals : ndarray of float64, shape (n_components,)
        Change of the value when it alone is switched off, NaN where that was not asked.
    """

    start_s: float
    n_windows: int
    gap: float
    names: tuple[str, ...]
    up: Floats = field(repr=False)
    down: Floats = field(repr=False)
    energy: Floats = field(repr=False)
    cells: Floats = field(repr=False)
    n_cells: float
    random: Floats = field(repr=False)
    weights: Floats = field(repr=False)
    reach: Floats | None = field(repr=False)
    removals: Floats = field(repr=False)

    def spread(self, names: Sequence[str]) -> Place:
        """The same for the components of all places: one that this place lacks has no power and no weight."""
        at = [names.index(name) for name in self.names]

        def laid(values: Floats, rest: bool = False) -> Floats:
            wide = np.zeros((*values.shape[:-1], len(names) + rest))
            wide[..., [*at, len(names)] if rest else at] = values
            return wide

        return Place(
            self.start_s,
            self.n_windows,
            self.gap,
            tuple(names),
            laid(self.up, True),
            laid(self.down, True),
            laid(self.energy),
            laid(self.cells),
            self.n_cells,
            laid(self.random, True),
            laid(self.weights),
            None if self.reach is None else laid(self.reach),
            laid(self.removals),
        )


@dataclass(frozen=True, eq=False)
class Places:
    """The excerpts that can be compared, and the numbers of those that cannot.

    Parameters
    ----------
    found : tuple of Place
        Excerpts with a window that is explained; all have the same components.
    names : tuple of str
        Names of these.
    held : ndarray of bool, shape (n_places, n_components)
        True where an excerpt has a component of its own by that name.
    n_abstained : int
        Number of windows of the map that lie within an excerpt and are not explained.
    n_unmatched : int
        Number of excerpts that sound, and within which no window of the map lies.
    n_outside : int
        Number of windows of the map that lie within no excerpt.
    """

    found: tuple[Place, ...]
    names: tuple[str, ...]
    held: NDArray[np.bool_] = field(repr=False)
    n_abstained: int
    n_unmatched: int
    n_outside: int


def find_places(
    relevance: Relevance, explained: Explanation | TrackExplanation, label: str, others: Sequence[Relevance] = ()
) -> Places:
    """Divide a map between the components of an excerpt, or of the windows of a track.

    Parameters
    ----------
    relevance : Relevance
        Map whose bands are known.
    explained : Explanation or TrackExplanation
        Components and their weights.
    label : str
        Label whose weights are meant.
    others : sequence of Relevance
        Further maps on the same grid.
    """
    starts = [one.start_s for one in relevance.windows]
    found, names, n_abstained, n_unmatched, inside = [], [], 0, 0, set[int]()
    for start_s, duration_s, opened in _excerpts(explained):
        slack = relevance.step_s / 2
        end_s = start_s + max(0.0, duration_s - relevance.window_s) + slack  # a short recording was filled up
        own = [i for i, start in enumerate(starts) if start_s - slack <= start <= end_s]
        told = [i for i in own if not relevance.windows[i].abstained]
        n_abstained += len(own) - len(told)
        n_unmatched += not own
        inside.update(own)
        if told:
            found.append(_place(relevance, others, told, opened(), label))
            names.append(found[-1].names)
    union = names_of(names)
    spread = tuple(place.spread(union) for place in found)
    held = np.array([[name in own for name in union] for own in names], bool).reshape(len(names), len(union))
    return Places(spread, union, held, n_abstained, n_unmatched, len(starts) - len(inside))


def _excerpts(explained: Explanation | TrackExplanation) -> Iterator[tuple[float, float, Opener]]:
    """Start, length and explanation of each excerpt that sounds."""
    if isinstance(explained, Explanation):
        yield explained.components.start_s, explained.components.duration_s, lambda: explained
        return
    for i, window in enumerate(explained.windows):
        if not window.silent:
            yield window.start_s, window.duration_s, partial(explained.open_window, i)


def _place(
    relevance: Relevance, others: Sequence[Relevance], windows: Sequence[int], explanation: Explanation, label: str
) -> Place:
    """The numbers of one excerpt, as means over these windows of the map."""
    frames = np.concatenate([np.arange(len(relevance.values))[relevance.frames_of(i)] for i in windows])
    powers = _powers(relevance, frames, explanation)
    masks = soft_masks(powers)
    rest = np.append(masks, 1 - masks.sum(axis=0, keepdims=True), axis=0)

    def divided(values: Floats) -> Floats:
        return np.asarray(np.einsum("ctb,tb->c", rest, values) / len(windows))

    values, column = relevance.values[frames], explanation.column(label)
    return Place(
        explanation.components.start_s,
        len(windows),
        float(np.mean([relevance.windows[i].gap or 0.0 for i in windows])),
        explanation.names,
        divided(np.maximum(values, 0)),
        divided(np.maximum(-values, 0)),
        powers.sum(axis=(1, 2)),
        masks.sum(axis=(1, 2)),
        float(values.size),
        np.array([divided(np.abs(one.values[frames])) for one in others]).reshape(len(others), len(rest)),
        explanation.attribution.weights[column],
        _reach(explanation, column),
        _removals(explanation, column),
    )


def _powers(relevance: Relevance, frames: NDArray[np.int64], explanation: Explanation) -> Floats:
    if relevance.bands_hz is None or relevance.top_hz is None:
        raise UsageError(
            "the front end does not say which frequencies its bands are, so no component can be found in them; wrap "
            "it: audiolime_ext.prediction.front_end.MelSpectra"
        )
    parts, times_s = explanation.components, relevance.times_s[frames] - explanation.components.start_s
    power = partial(band_power, bands_hz=relevance.bands_hz, top_hz=relevance.top_hz)
    alone = (parts.listen(row, background=False, name="") for row in np.eye(parts.n, dtype=bool))
    return np.stack([power(one.samples, one.sr, times_s) for one in alone])


def _reach(explanation: Explanation, column: int) -> Floats | None:
    """Half widths of the weights' intervals; None where they are an unknown distance from the truth."""
    if explanation.attribution.exact:
        return np.zeros(len(explanation.names))
    ends = explanation.attribution.interval()
    return None if ends is None else np.asarray(ends[1][column] - ends[0][column]) / 2


def _removals(explanation: Explanation, column: int) -> Floats:
    """The value without each component less the value of the excerpt; NaN where that mix was not asked about."""
    near = explanation.neighborhood
    found = [near.answer(~row) for row in np.eye(len(explanation.names), dtype=bool)]
    return np.array([np.nan if one is None else one[column] - near.full[column] for one in found])
