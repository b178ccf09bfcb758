"""Leave-one-out: by how much the score falls when one component is switched off and all others stay on.

The simplest of all attributions, and blind to redundancy: where either of two sources suffices, both get zero.

Reference: Zeiler and Fergus, "Visualizing and understanding convolutional networks", ECCV 2014 (occlusion).
"""

from __future__ import annotations

import numpy as np

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.components.masks import MaskSet, Neighborhood, choose_masks
from audiolime_ext.errors import UsageError
from audiolime_ext.text import counted

_REFERENCES = (
    """@inproceedings{zeiler2014visualizing,
  author = {Zeiler, Matthew D. and Fergus, Rob},
  title = {Visualizing and Understanding Convolutional Networks},
  booktitle = {European Conference on Computer Vision (ECCV)},
  year = {2014}
}""",
)


def leave_one_out(neighborhood: Neighborhood) -> Attribution:
    """Score(all on) − score(all but one), for all outputs at once; exact from n + 1 evaluated masks.

    Raises
    ------
    UsageError
        If one of these masks was not evaluated.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext.components.masks import choose_masks
    >>> chosen = choose_masks(2)
    >>> either = chosen.masks.any(axis=1, keepdims=True).astype(float)
    >>> leave_one_out(Neighborhood(chosen.masks, chosen.counts, True, either)).weights
    array([[0., 0.]])
    """
    n = neighborhood.masks.shape[1]
    without_one = np.flatnonzero(neighborhood.masks.sum(axis=1) == n - 1)
    if len(without_one) < n:
        raise UsageError(
            f"leave-one-out needs the {counted(n, 'mask')} with one component off; {len(without_one)} were evaluated"
        )
    left_out = np.argmin(neighborhood.masks[without_one], axis=1)
    weights = np.empty((neighborhood.scores.shape[1], n))
    weights[:, left_out] = (neighborhood.full - neighborhood.scores[without_one]).T
    return Attribution("leave-one-out", weights, np.zeros_like(weights), True, references=_REFERENCES)


def leave_one_out_masks(n: int, *, max_evals: int) -> MaskSet:
    """All off, all but one, all on: n + 2 masks, or all 2ⁿ where these are not more.

    Raises
    ------
    UsageError
        If the budget is smaller.

    Examples
    --------
    >>> len(leave_one_out_masks(10, max_evals=100).masks)
    12
    """
    if n < 3:
        return choose_masks(n, max_evals=max_evals)
    if max_evals < n + 2:
        raise UsageError(
            f"{counted(max_evals, 'evaluation is', 'evaluations are')} too few for leave-one-out of "
            f"{counted(n, 'component')}; allow {n + 2}"
        )
    masks = np.concatenate([np.zeros((1, n), bool), ~np.eye(n, dtype=bool), np.ones((1, n), bool)])
    return MaskSet(masks, np.ones(n + 2, np.int64), False)
