"""Does a map agree with what happens when sounds are switched off?

A map of gradients says what the network does with its input near this recording; a weight says what changes when a
component is heard or not. Where both ask the same question they should tell the same story, and where they do not, it
is the intervention that changed the value. So the relevance is divided between the components by the power of each in
every cell (`audiolime_ext.gradients.parts.component_power`), and stands beside

- *the weight* (a Shapley value, …) and what switching the component off alone changes;
- *chance*, three times: the component's share of the energy; the share of the cells that it fills, which is what a map
  spread evenly would put on it; and what the map of the same network with random weights puts on it
  (`audiolime_ext.gradients.checks.randomised.random_maps`). A share that is no other than these says nothing of the
  model.

Relevance and weight are compared in the value's unit. Maps of Integrated Gradients have it, since they sum to a
difference of values as Shapley values do. Others do not: their shares (relevance for less relevance against, divided by
the size of all) are multiplied by the sum of the weights' sizes. What is not larger than `near` is *nothing*: the same
limit below which two values are the same everywhere here (`audiolime_ext.prediction.kind`). A weight counts, or is
nothing, only with all of its 95 % interval, and relevance only by more than the gap by which the map misses its sum.
(How the gap lies in the components is not known.) A component is in one of these states:

- ``agrees``: both count and have one sign; ``neither``: both are nothing;
- ``opposite``: both count, with different signs;
- ``idle``: relevance counts, weight is nothing and so is what switching it off changes;
- ``missed``: the weight counts, relevance is nothing;
- ``open``: the interval, the gap, or a mix that was not asked about leaves it open.

Of a factorization that splits each window anew (superpixels) a component is one of its window: its numbers are means
over the windows that have it, not over all. Elsewhere a component that a window lacks has weight 0 there.

Over the windows of a track the rank correlation of relevance and weight is taken *for each component*, never over the
few components of one window. Relevance is taken as a share of its window there; else both would follow the value and so
each other. Its interval is Bonett and Wright's. It takes windows for independent of each other; those of a song are
not quite, and those that overlap are not at all, so it is too narrow.

References
----------
D. Bonett, T. Wright: Sample size requirements for estimating Pearson, Kendall and Spearman correlations, Psychometrika
65(1), 2000. J. Adebayo et al.: Sanity checks for saliency maps, NeurIPS 2018.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.intervals import t_quantile
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.faithfulness.randomisation import spearman
from audiolime_ext.gradients.differentiating import Floats
from audiolime_ext.gradients.parts.agreed import (
    Agreement,
    Chance,
    ComponentAgreement,
    Correlation,
    State,
    WindowAgreement,
)
from audiolime_ext.gradients.parts.placing import Place, Places, find_places
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.prediction.plain_values import takes_plain
from audiolime_ext.text import counted
from audiolime_ext.track.explanation import SPLIT_ANEW, TrackExplanation

FEWEST_WINDOWS = 10


@takes_plain
def agreement(
    relevance: Relevance,
    explained: Explanation | TrackExplanation,
    *,
    label: str | int | None = None,
    random: Sequence[Relevance] = (),
    near: float | None = None,
) -> Agreement:
    """Compare a map with the weights of components, one by one.

    Parameters
    ----------
    relevance : Relevance
        Map of the recording.
    explained : Explanation or TrackExplanation
        Components of the same recording with their weights, for the same value of the same model.
    label : str, int or None
        Label of the weights; None: the map's.
    random : sequence of Relevance
        Maps of the same network with random weights, as `random_maps` makes them; none: their share is not told.
    near : float or None
        Size up to which relevance and weights are nothing, in the value's unit; None: that of the explained values.

    Raises
    ------
    UsageError
        If the two are not of the same recording, model or value, the map's bands have no frequencies, or a random map
        is on another grid.

    Examples
    --------
    >>> from audiolime_ext import explain, tagger
    >>> from audiolime_ext.gradients.pipeline import relevance
    >>> from factorizations.oracle import OracleFactorization
    >>> class Low:  # hears the lowest eight bands
    ...     labels, sr, window_s, hop_s, lead_s, min_s, n_channels = ["low"], 8000, 1.0, 1.0, 0.0, None, 1
    ...     spec = fingerprint = None
    ...     batch_size, references = 4, ()
    ...     front_end = tagger(np.mean, sr=8000, front_end="log-mel:256,128,32").front_end
    ...     def __call__(self, batch):
    ...         return self.front_end(batch)[:, :, :8].mean((1, 2))[:, None]
    ...     def vjp(self, features, cotangent_fn, *, wrt=None):
    ...         outputs, slope = features[:, :, :8].mean((1, 2))[:, None], np.zeros_like(features)
    ...         slope[:, :, :8] = 1 / slope[0, :, :8].size
    ...         return outputs, features, cotangent_fn(outputs)[:, :, None] * slope
    >>> tones = [np.sin(2 * np.pi * hz * np.arange(8000) / 8000).astype(np.float32) for hz in (200, 3000)]
    >>> oracle = OracleFactorization({"bass": (tones[0], 8000), "whistle": (tones[1], 8000)})
    >>> found = agreement(relevance(oracle.mixture, Low()), explain(oracle.mixture, Low(), factorization=oracle))
    >>> [(one.component, one.state, round(one.on_for, 2)) for one in found.rows]
    [('bass', 'agrees', 1.0), ('whistle', 'neither', 0.0)]
    """
    wanted = relevance.label if label is None else label
    _require_same_question(relevance, explained, wanted)
    column = explained.column(wanted)
    for one in random:
        _require_same_grid(relevance, one)
    found = find_places(relevance, explained, explained.all_labels[column], random)
    limit = _near(explained, column) if near is None else near
    in_unit = all(one.gap is not None for one in relevance.windows)
    told = [_relevance_of(place, in_unit) for place in found.found]
    anew = isinstance(explained, TrackExplanation) and explained.split_anew
    rows = _rows(found, told, limit, found.held if anew else np.ones_like(found.held)) if found.found else ()
    origin, first = explained.provenance, explained if isinstance(explained, Explanation) else explained.sounding
    return Agreement(
        rows,
        relevance.label,
        relevance.target,
        relevance.method,
        first.attribution.method,
        relevance.recording,
        origin.model or relevance.model,
        origin.factorization,
        limit,
        in_unit,
        _nowhere(found.found),
        float(np.mean([place.gap for place in found.found])) if found.found else 0.0,
        tuple(
            WindowAgreement(place.start_s, place.n_windows, tuple(one.tolist()), tuple(place.weights.tolist()))
            for place, one in zip(found.found, told, strict=True)
        ),
        found.n_abstained,
        found.n_unmatched,
        len(random),
        tuple(_notes(relevance, explained, found)),
    )


def _require_same_question(relevance: Relevance, explained: Explanation | TrackExplanation, label: str | int) -> None:
    """Raise `UsageError` where map and weights are of different things; of another baseline a note is enough."""
    origin = explained.provenance
    if relevance.sha256 != origin.sha256:
        raise UsageError(
            f"the map is of {relevance.recording!r}, and the weights of another recording; explain the same one"
        )
    if relevance.model != origin.model:
        raise UsageError(f"the map is of the model {relevance.model}, and the weights of {origin.model}")
    if relevance.target != origin.target.removesuffix("()"):
        raise UsageError(
            f"the map is of the target {relevance.target}, and the weights of {origin.target}; ask both for one target"
        )
    if relevance.label not in explained.all_labels and label == relevance.label:
        raise UsageError(f"the map is of {relevance.label!r}, which has no weights; name the label that has: label=")


def _require_same_grid(relevance: Relevance, other: Relevance) -> None:
    same = relevance.values.shape == other.values.shape and np.allclose(relevance.times_s, other.times_s)
    if not same or relevance.sha256 != other.sha256:
        raise UsageError("a random map lies on another grid of frames and bands; make it with random_maps()")


def _near(explained: Explanation | TrackExplanation, column: int) -> float:
    """What the house takes for nothing among the explained values."""
    if isinstance(explained, Explanation):
        answers = explained.neighborhood.scores[:, column]
    else:
        answers = np.concatenate([one.neighborhood.scores[:, column] for one in explained.windows])
    return explained.kind.nearness(float(np.ptp(answers)))


def _relevance_of(place: Place, in_unit: bool) -> Floats:
    """Relevance of each component in the value's unit, shape (n_components,), see the module."""
    net = (place.up - place.down)[:-1]
    return net if in_unit else _shares(place) * np.abs(place.weights).sum()


def _shares(place: Place) -> Floats:
    """Relevance for less relevance against, as a share of all in the excerpt, −1 to 1."""
    size = float((place.up + place.down).sum())
    return np.asarray((place.up - place.down)[:-1] / size if size else np.zeros(len(place.names)))


def _rows(
    found: Places, told: Sequence[Floats], near: float, held: NDArray[np.bool_]
) -> tuple[ComponentAgreement, ...]:
    """A row for each component: means over the excerpts that count for it, `held` (n_places, n_components)."""
    places, n = found.found, held.sum(axis=0)
    weights, relevances = np.array([place.weights for place in places]), np.array(told)
    reaches = [place.reach for place in places if place.reach is not None]
    reach = np.sqrt(np.square(reaches).sum(axis=0)) / n if len(reaches) == len(places) else None
    removals = np.sum([place.removals for place in places], axis=0) / n
    up, down, energy, cells = (np.sum([getattr(p, one) for p in places], axis=0) for one in _SUMMED)
    random = np.sum([place.random for place in places], axis=0)
    n_cells = sum(place.n_cells for place in places)
    shares = np.array([_shares(place) for place in places])
    gaps = np.array([place.gap for place in places])
    means = [values.sum(axis=0) / n for values in (relevances, weights, gaps[:, None] * held)]
    counts = (np.abs(relevances) - gaps[:, None] > near) & (np.abs(weights) > near)
    opposed = counts & (relevances * weights < 0)
    rows = []
    for i, name in enumerate(found.names):
        removal, own_reach = None if np.isnan(removals[i]) else float(removals[i]), None if reach is None else reach[i]
        one, weight, gap = (float(mean[i]) for mean in means)
        rows.append(
            ComponentAgreement(
                name,
                state_of(one, weight, own_reach, removal, near, gap=gap),
                one,
                weight,
                None if own_reach is None else float(own_reach),
                removal,
                _share(up, i),
                _share(down, i),
                _share(up + down, i),
                Chance(_share(energy, i) or 0.0, float(cells[i] / n_cells), _mean_share(random, i)),
                _correlation(shares[held[:, i], i], weights[held[:, i], i]),
                int(opposed[:, i].sum()),
            )
        )
    return tuple(rows)


_SUMMED = ("up", "down", "energy", "cells")


def state_of(
    relevance: float, weight: float, reach: float | None, removal: float | None, near: float, *, gap: float = 0.0
) -> State:
    """What relevance and weight of one component have to do with each other, see the module.

    Parameters
    ----------
    relevance, weight : float
        Numbers to compare, in one unit.
    reach : float or None
        Half the width of the weight's interval; None: not known.
    removal : float or None
        Change of the value where the component alone is switched off; None: not known.
    near : float
        Size up to which a number is nothing.
    gap : float
        Amount by which the relevance may be off.

    Examples
    --------
    >>> state_of(0.4, 0.3, 0.0, -0.3, 0.05), state_of(0.4, 0.01, 0.0, -0.02, 0.05), state_of(0.4, 0.1, 0.2, -0.1, 0.05)
    ('agrees', 'idle', 'open')
    """
    told, doubt = abs(relevance) - gap > near, math.inf if reach is None else reach
    if not told and abs(relevance) + gap > near:
        return "open"
    if abs(weight) - doubt > near:
        if not told:
            return "missed"
        return "agrees" if relevance * weight > 0 else "opposite"
    if abs(weight) + doubt > near:
        return "open"
    if not told:
        return "neither"
    return "idle" if removal is not None and abs(removal) <= near else "open"


def _share(values: Floats, i: int) -> float | None:
    total = float(values.sum())
    return float(values[i] / total) if total else None


def _mean_share(random: Floats, i: int) -> float | None:
    """The mean over random maps of a component's share; None where there are none, or all are zero."""
    found = [share for one in random if (share := _share(one, i)) is not None]
    return float(np.mean(found)) if found else None


def _correlation(shares: Floats, weights: Floats) -> Correlation | None:
    """Spearman's correlation over windows; None where they are few, or one side is the same everywhere."""
    if len(shares) < FEWEST_WINDOWS or (found := spearman(shares, weights)) is None:
        return None
    return Correlation(found, *correlation_ends(found, len(shares)), len(shares))


def correlation_ends(value: float, n: int, *, level: float = 0.95) -> tuple[float, float]:
    """Ends of Bonett and Wright's interval of a rank correlation over n pairs.

    A correlation of ±1 is taken for the nearest one to it that ranks can have.

    Examples
    --------
    >>> [round(end, 2) for end in correlation_ends(0.5, 20)]
    [0.05, 0.78]
    """
    most = 1 - 12 / (n**3 - n)
    inner = float(np.clip(value, -most, most))
    half = t_quantile((1 + level) / 2, math.inf) * math.sqrt((1 + inner**2 / 2) / (n - 3))
    middle = math.atanh(inner)
    return min(value, math.tanh(middle - half)), max(value, math.tanh(middle + half))


def _nowhere(places: Sequence[Place]) -> float | None:
    """Share of the relevance where no component sounds."""
    sizes = np.sum([place.up + place.down for place in places], axis=0) if places else np.zeros(1)
    return _share(sizes, -1)


def _notes(relevance: Relevance, explained: Explanation | TrackExplanation, found: Places) -> list[str]:
    notes, off = [], explained.provenance.settings.baseline
    if (n := found.n_abstained) > 0:
        notes.append(f"{counted(n, 'window is', 'windows are')} not explained by the map, and left out")
    if (n := found.n_unmatched) > 0:
        notes.append(f"{counted(n, 'excerpt has', 'excerpts have')} weights and no window of the map, and left out")
    if (n := found.n_outside) > 0:
        notes.append(f"{counted(n, 'window')} of the map within no excerpt that was weighed, left out")
    if relevance.baseline not in (None, off):
        notes.append(f"the map starts from {relevance.baseline}, and components are switched off to {off}")
    if isinstance(explained, TrackExplanation) and 0 < len(found.found) < FEWEST_WINDOWS:
        least = f"no correlations over {counted(len(found.found), 'window')}; at least {FEWEST_WINDOWS} are needed"
        notes.append(least)
    if isinstance(explained, TrackExplanation) and explained.split_anew:
        notes.append(f"{SPLIT_ANEW}; numbers of each are means over the windows that have it")
    if any(two.start_s - one.start_s < relevance.window_s - relevance.step_s / 2 for one, two in _neighbours(found)):
        notes.append("windows overlap, so the intervals of the correlations are too narrow")
    return notes


def _neighbours(found: Places) -> list[tuple[Any, Any]]:
    return list(pairwise(found.found))
