"""Three or more sources that act together: said where no weight and no pair shows it, and only there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Explanation, explain, tagger
from audiolime_ext.report.song.view import as_track, cell
from factorizations.oracle import OracleFactorization

SR = 8000
HZ = {"drums": 2500.0, "bass": 100.0, "guitar": 440.0, "piano": 1100.0}


def on(batch: np.ndarray) -> np.ndarray:
    """Which of the four tones sound, shape (n, 4)."""
    turns = np.exp(-2j * np.pi * np.outer(np.arange(batch.shape[1]), list(HZ.values())) / SR)
    return np.asarray(np.abs(batch @ turns) * 2 / batch.shape[1] > 0.05)


def of(judge: Callable[[np.ndarray], Any], n: int = 4, scale: float = 1.0, **options: Any) -> Explanation:
    time = np.arange(SR) / SR
    tones = {name: ((0.1 * np.sin(2 * np.pi * hz * time)).astype(np.float32), SR) for name, hz in HZ.items()}
    band = OracleFactorization(dict(list(tones.items())[:n]))
    model = tagger(lambda b: np.asarray(judge(on(b)), float)[:, None] * scale, sr=SR, labels=["odd"])
    return explain(band.mixture, model, factorization=band, labels=["odd"], **options)


def together(e: Explanation) -> list[str]:
    return [remark for remark in e.remarks() if "together" in remark]


@pytest.mark.parametrize("scale", [0.001, 0.049])
@pytest.mark.parametrize("target", ["score", "log-odds"])
def test_what_the_model_says_of_no_mix_is_not_said_to_act_together(scale: float, target: str) -> None:
    e = of(lambda m: m[:, :3].sum(axis=1) % 2, 3, scale, target=target)
    assert str(e.top()).startswith("the model does not say odd here")
    assert not together(e)


@pytest.mark.parametrize("n", [3, 4])
@pytest.mark.parametrize("scale", [1.0, 0.06])
def test_parity_of_three_is_told(n: int, scale: float) -> None:
    e = of(lambda m: m[:, :3].sum(axis=1) % 2, n, scale)
    (remark,) = together(e)
    mean = "on average " if n > 3 else ""
    assert remark == (
        f"odd: drums, bass and guitar interact: all three together add {mean}{4 * scale:.2f} more to the score than "
        "what they add alone and in pairs lets one expect; no single weight and no pair shows this"
    )
    assert e.additivity() == pytest.approx(0, abs=1e-9)
    assert "sums of single components explain 0 % of odd" in str(e)


def test_what_they_take_away_together_is_told_too() -> None:
    """Parity the other way round."""
    (remark,) = together(of(lambda m: 1 - m[:, :3].sum(axis=1) % 2, 3))
    assert remark.startswith("odd: drums, bass and guitar interact: all three together add 4.00 less to the score ")


def test_it_is_told_of_log_odds_and_of_whole_stems_cut_into_segments() -> None:
    assert "drums, bass and guitar interact" in together(of(lambda m: m[:, :3].sum(1) % 2, target="log-odds"))[0]
    cut = of(lambda m: m[:, :3].sum(axis=1) % 2, 3, segments=6)
    assert cut.attribution.method == "owen"
    assert "drums, bass and guitar interact" in together(cut)[0]
    assert cut.additivity() == pytest.approx(0, abs=1e-9)


def test_parity_of_four_has_no_three_and_is_told_in_general() -> None:
    (remark,) = together(of(lambda m: m.sum(axis=1) % 2))
    assert "more than two sources act together here: single ones and pairs leave 100 % of" in remark


@pytest.mark.parametrize(("part", "said"), [(0.45, False), (0.55, True)])
def test_from_half_of_the_variation_on_it_is_told_in_general(part: float, said: bool) -> None:
    mixed = of(lambda m: np.sqrt(part) * (m.sum(axis=1) % 2) + np.sqrt(1 - part) * m[:, 0])
    assert bool(together(mixed)) is said


@pytest.mark.parametrize(
    ("judge", "share"),
    [
        (lambda m: m @ np.array([0.5, 0.2, 0.15, 0.15]), 1.0),
        (lambda m: m[:, 0] & m[:, 1], 2 / 3),
        (lambda m: m[:, 0] ^ m[:, 1], 0.0),
        (lambda m: 0.9 * m[:, 0] + 0.02 * (m[:, :3].sum(axis=1) % 2), None),
        (lambda m: np.full(len(m), 0.5), None),
    ],
)
def test_three_are_not_named_where_single_ones_or_pairs_tell_more(
    judge: Callable[[np.ndarray], Any], share: float | None
) -> None:
    e = of(judge)
    assert not [remark for remark in e.remarks() if "alone and in pairs" in remark or "act together" in remark]
    if share is not None:
        assert e.additivity() == pytest.approx(share, abs=1e-9)
        assert e.to_dict()["additivity"] == [pytest.approx(share, abs=1e-9)]


def test_a_score_that_does_not_vary_has_no_additivity() -> None:
    still = of(lambda m: np.full(len(m), 0.5))
    assert still.additivity() is None
    assert still.to_dict()["additivity"] == [None]
    assert "sums of single" not in str(still)


def test_one_component_is_not_said_to_add_up() -> None:
    alone = of(lambda m: m[:, 0], 1)
    assert alone.additivity() == pytest.approx(1)
    assert "sums of single" not in str(alone)


def test_two_that_are_all_there_is_interact() -> None:
    """Each is worth one half; both together add one to what each adds alone."""
    (remark,) = together(of(lambda m: m[:, :2].all(axis=1), 2))
    assert remark.startswith("odd: drums and bass interact: together they add 1.00 more to the score than the sum ")
    assert not together(of(lambda m: m[:, 0], 1))


def test_of_several_threes_that_do_the_same_none_is_named() -> None:
    """Either of four is enough: every three of them do the same."""
    said = together(of(lambda m: m.any(axis=1)))
    assert not any("alone and in pairs" in remark for remark in said)


def test_of_two_threes_that_do_the_same_none_is_named() -> None:
    """Parity of the first three, and of two of them with the fourth: half of the variation each."""

    def parities(m: np.ndarray) -> np.ndarray:
        odd = [1 - 2 * (m[:, three].sum(axis=1) % 2) for three in ([0, 1, 2], [0, 1, 3])]
        return np.asarray((2 + odd[0] + odd[1]) / 4)

    (remark,) = together(of(parities))
    assert "more than two sources act together here: single ones and pairs leave 100 % of" in remark


def on_page(e: Explanation) -> list[str]:
    remarks: list[str] = cell(as_track(e), 0, "odd")["remarks"]
    return remarks


def test_a_page_says_it_too_of_bars() -> None:
    (said,) = on_page(of(lambda m: m[:, :3].sum(axis=1) % 2, 3))
    assert said.startswith("odd: drums, bass and guitar interact")
    assert said.endswith("; no single bar and no pair shows this")


def test_two_of_three_do_so_on_average() -> None:
    """What the drums and the bass add together depends on the guitar: 0.7 without it, 0.9 with it."""
    (remark,) = together(of(lambda m: m[:, 0] * m[:, 1] * (0.7 + 0.2 * m[:, 2]), 3))
    assert remark.startswith("odd: drums and bass interact: together they add on average 0.80 more to the score than ")
    assert remark.endswith(" than the sum of what each adds without the other; no single weight shows this")


def unlike(m: np.ndarray) -> np.ndarray:
    """0.2 for silence, 0.3 for the drums alone, 0.1 for the bass alone, 0.8 for both."""
    return np.asarray(0.2 + 0.1 * m[:, 0] - 0.1 * m[:, 1] + 0.6 * m[:, 0] * m[:, 1])


def test_a_page_tells_why_taking_the_leader_out_changes_more_than_its_bar() -> None:
    e = of(unlike, 2)
    shown = cell(as_track(e), 0, "odd")
    assert (shown["weights"], shown["full"], shown["without"]) == ([0.4, 0.2], 0.8, 0.1)
    assert "+0.40" in shown["say"]
    (said,) = on_page(e)
    told = "odd: added to silence, drums changes the score by +0.10, added to bass by +0.70; "
    assert said == told + "the +0.40 above is an average over the mixes"
    three = on_page(of(lambda m: unlike(m) + 0.01 * m[:, 2], 3))
    assert "drums changes the score by +0.10, added to all the others by +0.70;" in three[0]
    assert three[1].startswith("odd: drums and bass interact: together they add on average 0.60 more ")


@pytest.mark.parametrize(("method", "told"), [("banzhaf", True), ("lime", False), ("leave-one-out", False)])
def test_only_of_averages_is_it_said_that_they_are(method: str, told: bool) -> None:
    said = on_page(of(unlike, 2, method=method))
    assert any("average over the mixes" in remark for remark in said) is told
    assert any("interact" in remark for remark in said) is not told, "once is enough"


@pytest.mark.parametrize(("both", "told"), [(0.0, False), (0.09, False), (0.11, True)])
def test_a_leader_that_changes_the_mix_by_its_weight_is_not_explained(both: float, told: bool) -> None:
    """Half of what both add together is beside the weight; from 0.05 on that counts."""
    said = on_page(of(lambda m: 0.5 * m[:, 0] + 0.2 * m[:, 1] + both * m[:, 0] * m[:, 1], 2))
    assert bool(said) is told


def test_where_segments_were_not_all_asked_the_sums_are_of_whole_stems() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (2, 8000)).astype(np.float32)
    band = OracleFactorization({"a": (noise[0], 8000), "b": (noise[1], 8000)})
    loud = tagger(lambda batch: np.abs(batch).mean(axis=1, keepdims=True), sr=8000, labels=["loud"], window_s=1.0)
    told = [
        str(explain(band.mixture, loud, factorization=band, segments=n, max_evals=max_evals))
        for n, max_evals in ((3, 64), (8, 300))
    ]
    assert "sums of single components explain" in told[0]
    assert "(R² over all masks)" in told[0]
    assert "sums of whole stems explain" in told[1]
    assert "(R² over all masks of whole stems)" in told[1]
