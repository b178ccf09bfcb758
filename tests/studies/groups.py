"""How often does an interval over groups leave out zero, where two methods are equally good? Run by hand.

::

    python -m tests.studies.groups

Groups have six songs each, around a centre of their own; both methods hear them with as much noise. Of 95 %, in 200
trials, whose standard error is up to .03::

    groups             5     12    31    60
    percentiles       .20   .115  .07   .06
    widened           .10   .08   .065  .055
"""

from __future__ import annotations

import numpy as np

from audiolime_ext.recommendation.evaluation.treatments import nearness
from audiolime_ext.recommendation.intervals import difference
from audiolime_ext.recommendation.retrieval import by_group
from audiolime_ext.text import text_table

GROUPS = (5, 12, 31, 60)
EACH, N_FEATURES, NOISE, N_TRIALS, N_DRAWS = 6, 20, 1.5, 200, 4000


def missed(n_groups: int, *, widened: bool, level: float = 0.95) -> float:
    """Share of trials in which the interval leaves out zero."""
    groups = [i // EACH for i in range(n_groups * EACH)]
    clear = 0
    for seed in range(N_TRIALS):
        rng = np.random.default_rng(seed)
        centres = np.repeat(rng.normal(size=(n_groups, N_FEATURES)), EACH, axis=0)
        heard = [centres + NOISE * rng.normal(size=centres.shape) for _ in range(2)]
        first, second = (by_group(nearness(vectors, "centred"), groups) for vectors in heard)
        clear += difference(first, second, groups, level=level, n_draws=N_DRAWS, widened=widened).is_clear
    return clear / N_TRIALS


if __name__ == "__main__":
    rows = [[str(n), *(f"{missed(n, widened=widened):.3f}" for widened in (False, True))] for n in GROUPS]
    print(text_table(["groups", "percentiles", "widened"], rows))
