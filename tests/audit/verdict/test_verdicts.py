"""Verdicts and the gate: checked on worlds whose truth is known."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext import assert_no_confounder
from audiolime_ext.audit.measurement.measure import Settings
from audiolime_ext.audit.run import run_audit
from audiolime_ext.audit.verdict.agreement import agreement
from audiolime_ext.audit.verdict.controls import placebo_difference
from audiolime_ext.audit.verdict.expected import Expectation, Expected
from audiolime_ext.audit.verdict.gate import GateResult, gate
from audiolime_ext.audit.verdict.limits import tolerance
from audiolime_ext.audit.verdict.rates import N_BOOTSTRAP, Trials, flip_rate
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.audit.verdict.status import Verdict
from audiolime_ext.audit.verdict.verdicts import Grounds, conclude, judge, marks
from audiolime_ext.cli import main
from audiolime_ext.cli.audit.run import _tell
from audiolime_ext.errors import UsageError
from audiolime_ext.report.audit.page import Options, report_html
from tests.audit.verdict.worlds import QUICK, world
from tests.audit_collection import confounded, duo, forgetful, make_collection

LIMIT = 0.5


PAIRS = [(label, component) for label in ("guitar", "piano") for component in ("piano", "guitar", "bass", "drums")]


def model(rng: np.random.Generator, rates: dict[tuple[str, str], float], rest: float) -> list[Trials]:
    return [world(rng, rates.get(pair, rest), pair=pair, n_hosts=20, n_donors=20, each=3) for pair in PAIRS]


def test_clean_models_are_not_flagged_and_confounded_ones_are_with_the_right_component_first() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        clean = judge(model(rng, {}, 0.1), limit=LIMIT, n_bootstrap=QUICK)
        assert not any(verdict.is_finding for verdict in clean), clean
        confounded = judge(model(rng, {("guitar", "drums"): 0.9}, 0.1), limit=LIMIT, n_bootstrap=QUICK)
        first, *others = confounded
        assert (first.label, first.component, first.status) == ("guitar", "drums", "shown")
        assert not any(verdict.is_finding for verdict in others)


def test_effects_of_just_the_limit_are_rarely_flagged_and_those_against_zero_always() -> None:
    rng, flagged = np.random.default_rng(1), []
    for _ in range(60):
        verdicts = judge(model(rng, {}, LIMIT), limit=LIMIT, n_bootstrap=100)
        flagged.append(any(verdict.is_finding for verdict in verdicts))
    assert np.mean(flagged) <= 0.08
    almost_zero = judge(model(rng, {}, 0.1), limit=1e-6, n_bootstrap=100)
    assert all(verdict.is_finding for verdict in almost_zero), "the test that must not be made flags every clean model"


def songs(n: int) -> list[str]:
    return [f"song {i}" for i in range(n)]


def trials(flips: NDArray[np.bool_], component: str = "drums", *, sign: int = 1) -> Trials:
    return Trials("guitar", component, flips, songs(len(flips)), gains=np.full(len(flips), float(sign)))


def test_only_what_was_declared_makes_a_confounder() -> None:
    tried = [
        trials(np.ones(30, bool), "drums"),
        trials(np.ones(30, bool), "guitar"),
        trials(np.zeros(30, bool), "bass"),
    ]

    def told(expected: Expected | None) -> dict[str, str]:
        found = judge(tried, limit=LIMIT, expected=expected)
        assert {v.component: v.status for v in found} == {"drums": "shown", "guitar": "shown", "bass": "ruled out"}
        return {verdict.component: verdict.reading for verdict in found}

    assert told(None) == {"drums": "depends on", "guitar": "depends on", "bass": ""}
    declared = Expected((Expectation("guitar", "guitar"),))
    assert told(declared) == {"drums": "confounder", "guitar": "as expected", "bass": ""}
    texts = " ".join(verdict.text for verdict in judge(tried, limit=LIMIT))
    assert "confound" not in texts
    assert "shown: 'guitar' needs drums: 100 % of 30 decisions flip" in texts


def test_flips_are_for_a_class_even_where_its_scores_fall_on_average() -> None:
    tried = [trials(np.ones(30, bool), "guitar", sign=-1)]
    (verdict,) = judge(tried, limit=LIMIT, expected=Expected((Expectation("guitar", "guitar"),)))
    assert (verdict.sign, verdict.reading) == (-1, "as expected")


def test_what_is_meant_to_matter_and_does_not_is_said() -> None:
    expected = Expected((Expectation("guitar", "bass"),))
    (verdict,) = judge([trials(np.zeros(30, bool), "bass")], limit=LIMIT, expected=expected)
    assert verdict.text.startswith(
        "ruled out: no effect of bass on 'guitar' beyond 50 %, which is meant to matter: 0 % "
    )


def test_an_instrument_without_its_own_stem_is_not_auditable() -> None:
    expected = Expected((Expectation("strings", "violin"), Expectation("guitar", "guitar")))
    verdicts = judge([trials(np.zeros(30, bool))], limit=LIMIT, expected=expected, stems=["guitar", "drums"])
    assert [(verdict.status, verdict.component) for verdict in verdicts] == [
        ("not auditable", "violin"),
        ("ruled out", "drums"),
    ][::-1]
    assert verdicts[1].declared is True
    assert verdicts[1].text == "not auditable: 'strings' and violin: no stem holds violin alone"


@pytest.mark.parametrize("n_pairs", [1, 8, 40])
def test_too_few_songs_are_open_with_the_number_that_would_decide(n_pairs: int) -> None:
    needed = min(n for n in range(1, 50) if 0.5**n <= 0.025 / n_pairs)  # if every one flips

    def first(n: int) -> Verdict:
        others = [trials(np.zeros(30, bool), f"other {i}") for i in range(n_pairs - 1)]
        return next(v for v in judge([trials(np.ones(n, bool)), *others], limit=LIMIT) if v.component == "drums")

    enough, few = first(needed), first(needed - 1)
    assert (enough.status, enough.songs_needed) == ("shown", None)
    assert (few.status, few.songs_needed) == ("open", needed)
    assert f"{needed - 1} host songs" in few.text
    assert f"about {needed} songs of the class would decide" in few.text


def test_no_pair_is_judged_twice_and_delta_is_never_zero() -> None:
    with pytest.raises(UsageError, match="come 2 times; join"):
        judge([trials(np.ones(5, bool))] * 2, limit=LIMIT)
    with pytest.raises(
        UsageError, match="the limit you gave must lie between 0 and 1, not 0: no model's effect is exactly 0"
    ):
        judge([trials(np.ones(5, bool))], limit=0)
    with pytest.raises(UsageError, match="5 flips need as many hosts"):
        flip_rate(Trials("a", "b", np.ones(5, bool), songs(4)))
    assert judge([], limit=LIMIT) == ()


def gated(
    tried: Sequence[Trials],
    *,
    tolerance: float = 0.05,
    expected: Expected | None = None,
    baseline: Sequence[Trials] | None = None,
    n_bootstrap: int = N_BOOTSTRAP,
) -> GateResult:
    """The gate on the verdicts on trials."""
    now, before = (
        None if of is None else judge(of, limit=tolerance, expected=expected, n_bootstrap=n_bootstrap)
        for of in (tried, baseline)
    )
    assert now is not None
    return gate(now, baseline=before)


def test_the_gate_has_three_outcomes() -> None:
    clean, confounded = trials(np.zeros(100, bool), "bass"), trials(np.arange(100) < 60, "drums")
    few = trials(np.zeros(40, bool), "piano")
    assert gated([clean]).outcome == "pass"
    found = gated([clean, few, confounded])
    assert found.outcome == "fail"
    assert [(pair.verdict.component, pair.verdict.status, pair.outcome) for pair in found.pairs] == [
        ("drums", "shown", "fail"),
        ("piano", "open", "inconclusive"),
        ("bass", "ruled out", "pass"),
    ]
    found = gated([clean, few])
    assert (found.outcome, found.songs_needed) == ("inconclusive", 72)
    assert "about 72 songs of the class would decide" in found.pairs[0].text
    assert gated([trials(np.zeros(72, bool))]).outcome == "pass", "so many do"
    assert gated([trials(np.zeros(71, bool))]).outcome == "inconclusive"


def test_the_gate_waives_what_is_meant_to_matter_and_never_passes_on_nothing() -> None:
    meant, clean = trials(np.ones(100, bool), "guitar"), trials(np.zeros(100, bool))
    expected = Expected((Expectation("guitar", "guitar"),))
    assert gated([meant, clean]).outcome == "fail"
    found = gated([meant, clean], expected=expected)
    assert (found.outcome, found.numbers) == ("pass", "0 shown, 0 open, 1 ruled out; waived: 1 shown")
    waived = next(pair for pair in found.pairs if pair.outcome == "waived")
    assert waived.text.startswith("waived, meant to matter: shown: 'guitar' needs guitar, as it is meant to: 100 % of ")
    untried = trials(np.zeros(0, bool), "bass")
    assert gated([clean, untried]).outcome == "inconclusive"
    with pytest.raises(UsageError, match="there is nothing to judge"):
        gated([meant], expected=expected)
    with pytest.raises(UsageError, match="the tolerance you gave must lie between 0 and 1, not 5"):
        tolerance(5)


def test_models_at_the_tolerance_seldom_pass_and_seldom_fail() -> None:
    rng, outcomes = np.random.default_rng(2), []
    for _ in range(150):
        tried = [world(rng, 0.1, n_hosts=60, n_donors=60, each=2, spread=(0, 0))]
        outcomes.append(gated(tried, tolerance=0.1, n_bootstrap=100).outcome)
    assert outcomes.count("pass") <= 8
    assert outcomes.count("fail") <= 8


def test_what_fails_in_the_baseline_too_is_known_unless_it_is_worse() -> None:
    def one(n_flips: int, n: int = 100, component: str = "drums") -> Trials:
        return trials(np.arange(n) < n_flips, component)

    def told(now: Trials, before: Trials) -> tuple[str, str]:
        found = gated([now, one(0, component="bass")], baseline=[before, one(0, component="bass")])
        return found.outcome, next(pair.outcome for pair in found.pairs if pair.verdict.component == "drums")

    assert told(one(50), one(50)) == ("pass", "known")
    assert told(one(60), one(50)) == ("pass", "known"), "not significantly worse"
    assert told(one(70), one(50)) == ("fail", "fail"), "worse"
    assert told(one(50), one(0)) == ("fail", "fail"), "new"
    assert told(one(50), one(4)) == ("fail", "fail"), "undecided before is no excuse"
    assert told(one(0), one(50)) == ("pass", "pass"), "mended"
    assert told(one(5), one(50)) == ("pass", "known"), "undecided, but better than what is known"
    assert told(one(1, 3), one(30)) == ("inconclusive", "inconclusive"), "three songs may hide anything"
    assert told(one(0, 0), one(50)) == ("inconclusive", "inconclusive"), "nothing was tried"


def test_known_pairs_are_told_with_the_baseline_and_do_not_hide_others() -> None:
    everywhere = [trials(np.arange(100) < 50, "drums"), trials(np.arange(40) < 0, "bass")]
    found = gated(everywhere, baseline=everywhere)
    assert (found.outcome, found.songs_needed) == ("inconclusive", 72)
    text = next(pair.text for pair in found.pairs if pair.verdict.component == "drums")
    assert text.startswith("known: shown: 'guitar' needs drums: 50 % of 100 decisions flip (")
    assert "; not significantly more than in the baseline: 50 % of 100 decisions flip (" in text
    with pytest.raises(UsageError, match="the baseline has none of these classes and components"):
        gated(everywhere, baseline=[trials(np.ones(40, bool), "vocals")])


# What an audit has measured, and what it says before any verdict.


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_collection(tmp_path_factory.mktemp("verdicts"), 16, duration_s=0.25)


@pytest.fixture(scope="module")
def instrumental(manifest: Path) -> Results:
    """A collection without singers, in two stems, under a model that changes with what is put in."""
    store = manifest.with_name("duo.sqlite")
    return run_audit(manifest, confounded, duo, store=store, ignore=("stems",), settings=Settings(), workers=0)


@pytest.fixture(scope="module")
def unsteady(manifest: Path) -> Results:
    return run_audit(manifest, forgetful(10.0), store=manifest.with_name("forgetful.sqlite"), workers=0)


def test_music_in_two_stems_of_which_one_is_everything_is_not_auditable(
    instrumental: Results, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert instrumental.whole == {"accompaniment": (16, 16), "vocals": (0, 0)}
    assert (instrumental.asked("own").values[:, 0] > 0.5).any(), "else this tests nothing: other songs are guitars"
    put_in_, taken_out_ = conclude(instrumental)
    why = "accompaniment is nearly all of the sound in 16 of 16 recordings"
    assert [one.text for one in put_in_] == [
        f"not auditable: '{label}' and accompaniment: {why}" for label in ("guitar", "piano")
    ]
    assert taken_out_ == ()
    note = f"{why} that hold it: there it is not tried"
    assert note in marks(instrumental)

    gate_of = ["audit", "gate", str(instrumental.path)]
    assert main(gate_of) == 7
    assert note in capsys.readouterr().out.splitlines()
    assert main([*gate_of, "--json"]) == 7
    assert note in json.loads(capsys.readouterr().out)["notes"]
    with pytest.raises(AssertionError, match=note):
        assert_no_confounder(instrumental)
    _tell(instrumental, Namespace(json=False))
    told = capsys.readouterr().out.splitlines()
    assert note in told
    assert not [line for line in told if "shown: " in line]
    _tell(instrumental, Namespace(json=True))
    assert note in json.loads(capsys.readouterr().out)["notes"]
    page = report_html(instrumental, Options(audio=False))
    assert note in page
    assert "Shown: " not in page


def test_the_grounds_are_what_the_audit_measured(instrumental: Results, unsteady: Results) -> None:
    grounds = Grounds.of(unsteady)
    assert grounds.placebo_of is not None
    (put, *_), (out, *_) = unsteady.transplants(), unsteady.removals()
    assert grounds.placebo_of(put) == placebo_difference(unsteady, put, "own")
    assert grounds.placebo_of(out) == placebo_difference(unsteady, out, "without")
    assert (grounds.not_told_apart, grounds.whole) == ((), unsteady.whole)
    assert Grounds.of(instrumental).whole["accompaniment"] == (16, 16)
    apart = replace(unsteady.identity, factorization="cerberus?merge=none")
    four = replace(unsteady, identity=apart, components=("bass", "drums", "guitar", "piano"))
    assert [set(pair) for pair in Grounds.of(four).not_told_apart] == [{"guitar", "piano"}]
    assert Grounds.of(four).partners("piano") == ("guitar",)


def test_a_model_that_answers_otherwise_when_asked_twice_is_told_before_anything_else(unsteady: Results) -> None:
    first, agree, *more = marks(unsteady)
    assert first.startswith("this model answers differently when asked twice")
    assert (agree,) == agreement(unsteady)
    assert more == [], "true stems may hold nothing else, and none is alone"
    separated = replace(unsteady, identity=replace(unsteady.identity, factorization="demucs:mdx"))
    unmeasured = "how much of a true source lands in which stem was not measured for demucs:mdx"
    assert marks(separated) == (first, agree, unmeasured)
    assert not any(verdict.reading == "confounder" for way in conclude(unsteady) for verdict in way)


def test_components_that_are_not_told_apart_are_judged_together_unless_only_one_is_meant() -> None:
    grounds = Grounds(not_told_apart=[("drums", "bass")])
    tried = [trials(np.ones(30, bool), "drums"), trials(np.ones(30, bool), "piano")]

    def judged(*meant: str) -> dict[str, tuple[str, tuple[str, ...]]]:
        expected = Expected(tuple(Expectation("guitar", name) for name in meant)) if meant else None
        found = judge(tried, limit=LIMIT, expected=expected, grounds=grounds, stems=("drums", "bass", "piano"))
        return {one.component: (one.status, one.together) for one in found}

    together = {"drums": ("shown", ("bass",)), "piano": ("shown", ())}
    assert judged() == judged("drums", "bass") == judged("piano") == together
    assert judged("drums")["drums"] == judged("bass")["drums"] == ("not auditable", ())
