"""Stems exactly first, then time segments inside the stems that matter: the masks that Owen values need.

1. *Coarse*: every combination of whole stems, 2^S masks. They give each stem's Shapley value exactly.
2. A stem *matters* if its value is at least a twentieth of the largest one's for a label that was asked for. A stem
   that does not matter is left whole: cutting up what changes nothing would cost evaluations and say nothing. (Segments
   that cancel each other exactly are missed that way.)
3. *Fine*: sets of segments of each stem that matters, the heaviest stem first. Each set is asked about with all 2^(S−1)
   coalitions of the other stems: all sets where the budget allows it, else a sample in pairs of opposites. A stem gets
   its turn while ten sets per segment are left for it, so that there are error bars; the heaviest gets what there is.

Why not all of a recording's many components at once? Masks that are drawn among fifty pieces play half of everything
everywhere, and a model that was trained on music answers something else to such scraps: what it says about a stem as a
whole is lost. On the bundled clip, the accompaniment argues for "metal" (+.32) and the vocals argue against it (−.25);
over 2 × 25 pieces at once, every Shapley value for it is within ±.015. Owen values keep what holds for the stems.

Where the budget is too small for the segments of one stem, stems are left whole: of eight stems in ten segments each,
all 256 masks of whole stems say more than any thousand of the 2^80 masks of their pieces. Where stems that matter are
left whole because the budget is too small, a note says so, with the budget that would cut them.

The budget is an upper bound, and no mask is evaluated twice. `audiolime_ext.attribution.owen` makes values of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.intervals import EVALS_PER_COMPONENT
from audiolime_ext.attribution.owen import coarse_masks, whole_stems
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.components.masks import MAX_EVALS, Masks, Neighborhood, choose_masks, enumerate_masks
from audiolime_ext.errors import UsageError
from audiolime_ext.text import counted

Array = NDArray[np.float64]

MATTERS = 0.05
Way = Literal["all", "stem by stem", "whole"]


def coarse_to_fine(
    evaluate: Callable[[Masks], Array],
    groups: Sequence[int],
    *,
    max_evals: int = MAX_EVALS,
    seed: int = 0,
    asked_for: Callable[[Array], Array] = lambda scores: scores,
) -> Neighborhood:
    """Evaluate whole stems, then segments of those that matter.

    Parameters
    ----------
    evaluate : callable
        The model: function from masks, bool (n_masks, n), to scores (n_masks, n_outputs). Called with new masks only.
    groups : sequence of int
        Number of segments of each stem; they are the n components, stem by stem.
    max_evals : int
        The most masks that are evaluated.
    seed : int
        Seed for the sets of segments, where they are a sample.
    asked_for : callable
        Function from the scores of the 2^S coarse masks, the last of them all on, to the values for which stems may
        matter, (2^S, n_values).

    Returns
    -------
    What was evaluated; a stem that was not cut is one component, and `groups` say which these are.

    Raises
    ------
    UsageError
        If the budget is too small for the coarse masks and the sets of segments of one stem.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext.attribution.owen import owen_values
    >>> weights = np.array([0.0, 3.0, 1.0, 0.1, 0.0, 0.0])  # two stems in three segments
    >>> near = coarse_to_fine(lambda masks: (masks @ weights)[:, None], (3, 3))
    >>> near.groups, len(near.masks), owen_values(near).weights.round(9).tolist()
    ((3, 1), 16, [[0.0, 3.0, 1.0, 0.1]])
    """
    n_stems, size = len(groups), max(groups, default=0)
    coalitions = 2 ** (n_stems - 1)
    if max_evals < (least := _n_evals(groups, min(2**size, 2 * size + 2))):
        raise UsageError(
            f"{counted(max_evals, 'evaluation is', 'evaluations are')} too few for Owen values of "
            f"{counted(n_stems, 'stem')} in {counted(size, 'segment')}; "
            f"allow at least {least}"
        )
    coarse = coarse_masks(tuple(groups))
    scores = evaluate(coarse)
    switched = Neighborhood(enumerate_masks(n_stems), np.ones(2**n_stems, np.int64), True, asked_for(scores))
    order = _that_matter(shapley_values(switched).weights) if size > 1 else []
    parts, left = [(coarse, np.ones(len(coarse), np.int64), scores)], max_evals - len(coarse)
    kept = [1] * n_stems
    for turn, stem in enumerate(order):
        fair, all_left = left // (len(order) - turn) // coalitions + 2, left // coalitions + 2
        n_sets = fair if fair >= _enough(size) else all_left
        if turn > 0 and n_sets < _enough(size):
            break
        chosen = choose_masks(size, max_evals=n_sets, seed=seed + turn)
        fine = _with_coalitions(chosen.masks[1:-1], coarse, groups, stem)
        parts.append((fine, np.repeat(chosen.counts[1:-1], coalitions), evaluate(fine)))
        left -= len(fine)
        kept[stem] = size
    masks, counts, answers = (np.concatenate(column) for column in zip(*parts, strict=True))
    firsts = np.cumsum([0, *groups[:-1]])
    masks = np.concatenate([masks[:, at : at + n] for at, n in zip(firsts, kept, strict=True)], axis=1)
    rows = np.lexsort(masks.T[::-1])  # all off first, all on last
    exhaustive = len(rows) == 2 ** masks.shape[1]
    return Neighborhood(masks[rows], counts[rows], exhaustive, answers[rows], groups=tuple(kept))


def way_to_cut(groups: Sequence[int], max_evals: int) -> Way:
    """How stems in segments are asked about: all masks, where they fit; stem by stem with error bars; or whole stems.

    Examples
    --------
    >>> [way_to_cut(groups, 1024) for groups in ((1, 1), (5, 5), (10, 10), (25, 25), (10,) * 8)]
    ['all', 'all', 'stem by stem', 'stem by stem', 'whole']
    """
    size = max(groups, default=0)
    if size <= 1 or 2 ** sum(groups) <= max_evals:
        return "all"
    return "stem by stem" if least_for_segments(groups) <= max_evals else "whole"


def least_for_segments(groups: Sequence[int]) -> int:
    """Evaluations that cut one of the stems with error bars.

    Examples
    --------
    >>> least_for_segments((10, 10)), least_for_segments((1, 25, 25))
    (200, 1000)
    """
    return _n_evals(groups, _enough(max(groups)))


def left_whole(
    neighborhood: Neighborhood, sources: Sequence[str], n_segments: int, columns: Sequence[int], *, kept: int = 0
) -> list[str]:
    """A note on stems that matter for some of the labels and were left whole, with the budget that would cut them.

    Parameters
    ----------
    neighborhood : Neighborhood
        Masks that were evaluated.
    sources : sequence of str
        Names of the stems.
    n_segments : int
        Number of segments that each stem could be cut into.
    columns : sequence of int
        Positions of the labels among the outputs.
    kept : int
        Evaluations that are kept for checks.
    """
    groups, every = neighborhood.groups, (n_segments,) * len(sources)
    if n_segments == 1 or groups == every:
        return []
    game = whole_stems(neighborhood)
    order = None if game is None else _that_matter(shapley_values(game).weights[list(columns)])
    coarse = 2 ** len(sources)
    per_stem = _n_evals(every, _enough(n_segments)) - coarse
    if max(groups) == 1 and order != []:
        needed = f"{coarse + per_stem + kept} evaluations (--max-evals)"
        return [
            f"the {counted(len(sources), 'stem is', 'stems are')} left whole: cutting one of them in {n_segments} "
            f"takes {needed}"
        ]
    whole = [sources[stem] for stem in order or () if groups[stem] == 1]
    if not whole:
        return []
    are = f"{whole[0]} is" if len(whole) == 1 else f"{', '.join(whole[:-1])} and {whole[-1]} are"
    needed = f"{coarse + per_stem * len(order or ()) + kept} evaluations (--max-evals)"
    return [f"{are} left whole: cutting all stems that matter in {n_segments} takes {needed}"]


def _n_evals(groups: Sequence[int], n_sets: int) -> int:
    """Evaluations for the coarse masks and for `n_sets` sets of segments of one stem."""
    return int(2 ** len(groups) + 2 ** (len(groups) - 1) * (n_sets - 2))


def _enough(size: int) -> int:
    """Sets of segments that are enough for a stem: all there are, or ten for each segment."""
    return int(min(2**size, EVALS_PER_COMPONENT * size))


def _that_matter(values: Array) -> list[int]:
    """Stems that matter for some label, the heaviest first; `values` have shape (n_labels, n_stems)."""
    largest = np.abs(values).max(axis=1, keepdims=True)
    share = np.divide(np.abs(values), largest, out=np.zeros_like(values), where=largest > 0).max(axis=0)
    total = np.abs(values).max(axis=0)
    return [int(stem) for stem in np.lexsort((-total, -share)) if share[stem] >= MATTERS]


def _with_coalitions(within: Masks, coarse: Masks, groups: Sequence[int], stem: int) -> Masks:
    """Each set of a stem's segments with each coalition of the other stems as wholes, (n_sets · 2^(S−1), n)."""
    first = sum(groups[:stem])
    others = coarse[~coarse[:, first]]
    masks = np.tile(others, (len(within), 1))
    masks[:, first : first + groups[stem]] = np.repeat(within, len(others), axis=0)
    return masks
