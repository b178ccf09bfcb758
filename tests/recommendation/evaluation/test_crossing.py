"""Treatments are chosen by one half of the groups and measured by the other."""

from __future__ import annotations

import numpy as np

from audiolime_ext.recommendation.evaluation.crossing import best, crossed, halves
from audiolime_ext.recommendation.retrieval import MEASURES, Retrieval, by_group

GROUPS = [f"group {n // 4}" for n in range(44)]


def treated(seed: int = 0) -> dict[str, Retrieval]:
    """One treatment helps the first groups, the other the last ones."""
    rng = np.random.default_rng(seed)
    centres = np.repeat(rng.normal(size=(11, 8)), 4, axis=0)
    found = {}
    for name, spoilt in (("early", slice(20, None)), ("late", slice(0, 20))):
        vectors = centres + 0.3 * rng.normal(size=centres.shape)
        vectors[spoilt] = rng.normal(size=vectors[spoilt].shape)
        found[name] = by_group(vectors @ vectors.T, GROUPS)
    return found


def test_groups_are_halved_whole_and_by_the_seed() -> None:
    chosen = halves(GROUPS)
    assert chosen.sum() == 5 * 4
    assert all(len(set(chosen[i : i + 4])) == 1 for i in range(0, 44, 4))
    np.testing.assert_array_equal(chosen, halves(GROUPS))
    assert (chosen != halves(GROUPS, seed=1)).any()


def test_halves_do_not_depend_on_the_order_of_songs() -> None:
    np.testing.assert_array_equal(halves(GROUPS[::-1]), halves(GROUPS)[::-1])


def test_every_query_has_the_treatment_that_the_other_half_chose() -> None:
    found, choosing = treated(), np.arange(44) < 20
    both, names = crossed(found, choosing)
    assert names == ("late", "early"), "each half is measured with what is bad for it"
    assert (best(found, choosing), best(found, ~choosing)) == ("early", "late")
    for half, name in zip((choosing, ~choosing), names, strict=True):
        for measure in MEASURES:
            np.testing.assert_array_equal(both.only(half).measures[measure], found[name].only(half).measures[measure])
    assert both.mean("AP") < min(one.mean("AP") for one in found.values())
