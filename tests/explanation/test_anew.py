"""Answers that are known are seen through other targets and methods without asking the model again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import Explanation, explain, tagger
from audiolime_ext.errors import UsageError
from audiolime_ext.faithfulness.check import faithfulness
from factorizations.oracle import OracleFactorization

SR = 8000
RNG = np.random.default_rng(0)
LEVELS = {"guitar": 0.3, "bass": 0.2, "drums": 0.1}
BAND = OracleFactorization({n: (RNG.normal(0, level, (1, SR)).astype(np.float32), SR) for n, level in LEVELS.items()})
LABELS = ["loud", "soft", "half"]


class Counting:
    """Scores of loudness, and how many mixes were asked about."""

    def __init__(self) -> None:
        self.n = 0

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        self.n += len(batch)
        loud = np.clip(batch.std(axis=1), 0.0, 1.0)
        return np.stack([loud, 1 - loud, np.full_like(loud, 0.5)], axis=1)


def explained(counting: Counting, **options: object) -> Explanation:
    model = tagger(counting, sr=SR, labels=LABELS, version="1")
    return explain(BAND.mixture, model, factorization=BAND, labels=["loud"], level_check=False, **options)  # type: ignore[arg-type]


def difference(outputs: np.ndarray) -> np.ndarray:
    return np.asarray(outputs[:, 0] - 2 * outputs[:, 1])


@pytest.mark.parametrize("target", ["score", "log-odds", ("loud", "soft"), difference])
@pytest.mark.parametrize("first", ["score", "log-odds", ("soft", "half")])
@pytest.mark.parametrize("options", [{}, {"segments": 5, "method": "shapley", "max_evals": 200}])
def test_another_target_gives_the_weights_of_explaining_it_and_asks_nothing(
    first: object, target: object, options: dict[str, object]
) -> None:
    counting = Counting()
    e = explained(counting, target=first, **options)
    asked = counting.n
    seen = e.with_target(target, labels=["loud"] if target in ("score", "log-odds") else None)  # type: ignore[arg-type]
    assert counting.n == asked
    again = explained(Counting(), target=target, **options)
    assert (seen.labels, seen.all_labels) == (again.labels, again.all_labels)
    np.testing.assert_allclose(seen.attribution.weights, again.attribution.weights, atol=1e-12)
    np.testing.assert_allclose(seen.neighborhood.scores, again.neighborhood.scores, atol=1e-12)
    assert seen.provenance == again.provenance
    assert str(seen.top()) == str(again.top())
    assert seen.notes == again.notes


def test_the_labels_asked_for_stay_where_both_targets_have_them_and_else_the_highest_are_taken() -> None:
    e = explained(Counting())
    assert e.with_target("log-odds").labels == ("loud",)
    assert e.with_target(("loud", "soft")).labels == ("loud − soft",)
    assert e.with_target(("loud", "soft")).with_target("score").labels == ("soft", "half", "loud")


def test_a_saved_explanation_has_all_outputs_and_takes_another_target_without_its_model(tmp_path: Path) -> None:
    e = explained(Counting(), target=("loud", "soft"))
    loaded = Explanation.load(e.save(tmp_path / "saved"))
    assert loaded.provenance == e.provenance
    ours, theirs = e.with_target("log-odds", ["soft"]), loaded.with_target("log-odds", ["soft"])
    np.testing.assert_allclose(theirs.attribution.weights, ours.attribution.weights, atol=1e-12)
    assert theirs.to_dict()["settings"]["target"] == "log-odds"
    function = Explanation.load(e.with_target(difference).save(tmp_path / "function"))
    assert function.target is None
    assert function.all_labels == ("difference",)
    np.testing.assert_allclose(
        function.with_target("score").neighborhood.scores, explained(Counting()).neighborhood.scores
    )


def test_faithfulness_asks_the_model_about_the_new_target() -> None:
    counting = Counting()
    e = explained(counting, segments=5, method="lime", max_evals=100)
    before = counting.n
    seen = e.with_target(("loud", "soft"))
    found = faithfulness(seen, what="all")
    assert counting.n - before == found.n_further_evals > 0
    again = faithfulness(
        explained(Counting(), segments=5, method="lime", max_evals=100, target=("loud", "soft")), what="all"
    )
    assert found.labels[0].measures == pytest.approx(again.labels[0].measures)


def test_what_was_checked_stays_with_the_target_that_it_was_checked_for() -> None:
    model = tagger(Counting(), sr=SR, labels=LABELS, version="1")
    e = explain(BAND.mixture, model, factorization=BAND, labels=["loud"], shifts=True, start_s=0.3, duration_s=0.4)
    assert e.checks.level is not None
    seen = e.with_target("log-odds")
    assert (seen.checks.level, seen.checks.shifts, seen.checks.missing) == (None, None, ())
    assert seen.checks.noise is not None
    assert seen.checks.noise.sd.tolist() == [0.0, 0.0, 0.0]
    lost = "checked for score before, and not again for another target: the level, shifts"
    assert f"note: {lost}" in str(seen)
    assert lost not in str(e)
    back = seen.with_target("score")
    assert [one for one in back.warnings if "checked for" in one] == [lost], "said once, and true of the former target"
    assert (seen.provenance.settings.level_check, seen.provenance.settings.shifts) == (False, False)
    assert not explained(Counting()).with_target("log-odds").warnings, "nothing was checked"


def test_labels_are_taken_as_by_explain() -> None:
    e = explained(Counting())
    assert e.with_target("log-odds", "soft").labels == e.with_target("log-odds", 1).labels == ("soft",)
    with pytest.raises(UsageError, match="labels is empty"):
        e.with_target("log-odds", [])


def test_what_cannot_be_seen_anew_is_said() -> None:
    noisy = tagger(lambda batch: RNG.uniform(0.2, 0.4, (len(batch), 2)), sr=SR, labels=["a", "b"], version="1")
    with pytest.raises(UsageError, match="how much is known for score only"):
        explain(BAND.mixture, noisy, factorization=BAND).with_target("log-odds")
    e = explained(Counting())
    with pytest.raises(UsageError, match="unknown target 'odds'"):
        e.with_target("odds")
    with pytest.raises(UsageError, match="unknown label 'jazz'"):
        e.with_target("log-odds", ["jazz"])
