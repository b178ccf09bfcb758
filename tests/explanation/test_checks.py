"""Level, absence, the shift, and what "off" sounds like."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from audiolime_ext import explain, tagger
from audiolime_ext.audio.recording import Audio
from audiolime_ext.components.game import Game
from audiolime_ext.components.masks import Neighborhood, choose_masks
from audiolime_ext.errors import AudioError, ModelError, UsageError
from audiolime_ext.explanation import summary
from audiolime_ext.explanation.checks import ROUNDING, Checks, LevelCheck, Missing, n_level_evals, written
from audiolime_ext.prediction.function_model import FunctionModel
from audiolime_ext.prediction.repeatability import N_ASKED
from audiolime_ext.report.song.page import page_html
from factorizations.oracle import OracleFactorization

SR = 16000


def tone(hz: float, gain: float = 0.2, seconds: float = 2.0) -> tuple[np.ndarray, int]:
    return (gain * np.sin(2 * np.pi * hz * np.arange(round(seconds * SR)) / SR)).astype(np.float32), SR


def strength(batch: np.ndarray, hz: float) -> np.ndarray:
    turns = np.exp(-2j * np.pi * hz * np.arange(batch.shape[1]) / SR)
    return np.asarray(np.abs(batch @ turns) * 2 / batch.shape[1])


@pytest.fixture(scope="module")
def band() -> OracleFactorization:
    return OracleFactorization({"guitar": tone(440), "bass": tone(100, 0.1)})


LOUDNESS = tagger(lambda b: np.sqrt((b**2).mean(axis=1, keepdims=True)) * 2, sr=SR, labels=["loud"])
DRUMS = tagger(lambda b: np.minimum(strength(b, 3000)[:, None] * 5, 1), sr=SR, labels=["drums"])


def test_a_loudness_listener_is_unmasked_by_the_mix_at_the_remaining_level(band: OracleFactorization) -> None:
    e = explain(band.mixture, LOUDNESS, factorization=band)
    level = e.checks.level
    assert level is not None
    np.testing.assert_allclose(level.at_level, level.without, atol=1e-6)  # removing is nothing but softening
    assert level.remaining_db == pytest.approx([10 * np.log10(1 / 5), 10 * np.log10(4 / 5)], abs=0.01)
    assert level.restored is not None
    np.testing.assert_allclose(level.restored, [[0.3162]] * 2, atol=1e-3)  # and loud again it is what it was
    assert level.explains("guitar", 0, e.score()[0]) == pytest.approx(1)
    assert e.remarks("loud") == [
        "loud: this may be the level and not guitar: without guitar 0.14, the whole mix made as soft as that 0.14, "
        "what is left made as loud as the mix 0.32 (here 0.32)"
    ]
    assert e.to_dict()["level"]["rest_at_full_level"][0] == pytest.approx([0.3162] * 2, abs=1e-3)


def test_the_level_check_takes_two_predictions_a_stem_and_the_removals_that_were_not_asked_about(
    band: OracleFactorization,
) -> None:
    components = explain(band.mixture, LOUDNESS, factorization=band).components
    assert n_level_evals(components, Game(2, lambda masks: masks)) == 6
    evaluated = Game(2, lambda masks: masks)
    evaluated(np.array([[True, False]]))
    assert n_level_evals(components, evaluated) == 5


KINDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "score": lambda rms: rms * 2,
    "small": lambda rms: rms * 0.002,
    "large": lambda rms: 1000 + 300 * rms,
    "decibels": lambda rms: 20 * np.log10(rms + 1e-6),
    "threshold": lambda rms: (rms > 0.12).astype(float),
}


@pytest.mark.parametrize("kind", KINDS)
def test_level_is_told_whatever_the_size_of_the_score(band: OracleFactorization, kind: str) -> None:
    model = tagger(lambda b: KINDS[kind](np.sqrt((b**2).mean(axis=1, keepdims=True))), sr=SR, labels=["loud"])
    (remark,) = [one for one in explain(band.mixture, model, factorization=band).remarks() if "level" in one]
    assert remark.startswith("loud: this may be the level and not guitar: ")
    numbers = re.findall(r"-?\d+\.\d+", remark)
    assert len(set(numbers)) > 1, "written with as many decimals as tell them apart"


@pytest.mark.parametrize("target", ["log-odds", ("loud", "still"), lambda outputs: outputs[:, 0] ** 2])
def test_remarks_of_the_checks_do_not_depend_on_the_target(band: OracleFactorization, target: Any) -> None:
    def two(batch: np.ndarray) -> np.ndarray:
        loud = np.sqrt((batch**2).mean(axis=1))
        return np.stack([loud * 2, np.full(len(batch), 0.1), np.minimum(strength(batch, 3000) * 4, 1)], axis=1)

    model = tagger(two, sr=SR, labels=["loud", "still", "drums"])
    donor = OracleFactorization({"drums": tone(3000), "bass": tone(100, 0.1)})
    options: dict[str, Any] = {"donors": [(donor.mixture, donor)], "shifts": True, "start_s": 0.5, "duration_s": 1.0}
    e = explain(band.mixture, model, factorization=band, target=target, labels=["loud", "drums"], **options)
    remarks = [remark for label in e.labels for remark in e.remarks(label)]
    for said in (
        "may be the level and not guitar",
        "missing drums: with those of mixture",
        "when the excerpt is shifted",
    ):
        assert [one for one in remarks if said in one], said


BANDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "a stem's level": lambda s: 4 * s[:, 0],
    "a threshold on a stem": lambda s: (s[:, 0] > 0.15).astype(float),
    "a steep threshold in decibels": lambda s: 1 / (1 + np.exp(-(20 * np.log10(s[:, 0] + 1e-6) + 16))),
    "both": lambda s: ((s[:, 0] > 0.1) & (s[:, 1] > 0.05)).astype(float),
    "one of two": lambda s: ((s[:, 0] > 0.1) ^ (s[:, 1] > 0.3)).astype(float),
    "a share": lambda s: s[:, 0] / (s.sum(axis=1) + 1e-6),
}


@pytest.mark.parametrize("kind", BANDS)
def test_who_listens_to_a_source_is_not_said_to_go_by_level(band: OracleFactorization, kind: str) -> None:
    """The guitar is most of the sound: without it the mix is 7 dB softer, which crosses thresholds. It is no reason."""
    model = tagger(
        lambda b: BANDS[kind](np.stack([strength(b, 440), strength(b, 100)], axis=1))[:, None], sr=SR, labels=["it"]
    )
    e = explain(band.mixture, model, factorization=band)
    assert not [one for one in e.remarks() if "level" in one]


@pytest.mark.parametrize(("share", "said"), [(0.45, False), (0.55, True)])
def test_each_control_must_explain_half(band: OracleFactorization, share: float, said: bool) -> None:
    """A listener to loudness and guitar in parts: level explains its part, by either control."""

    def mixed(batch: np.ndarray) -> np.ndarray:
        loud = np.sqrt((batch**2).mean(axis=1))
        level = (loud - 0.0707) / (0.1581 - 0.0707)  # 1 as it is, 0 without the guitar
        return np.asarray(share * level + (1 - share) * (strength(batch, 440) > 0.02))[:, None]

    e = explain(band.mixture, tagger(mixed, sr=SR, labels=["it"]), factorization=band)
    level = e.checks.level
    assert level is not None
    assert level.explains("guitar", 0, e.score()[0]) == pytest.approx(share, abs=0.01)
    assert bool([one for one in e.remarks() if "may be the level" in one]) is said


@pytest.mark.parametrize(("part", "said"), [(0.005, False), (0.05, True)])
def test_a_removal_that_does_next_to_nothing_has_nothing_to_be_explained(
    band: OracleFactorization, part: float, said: bool
) -> None:
    """Any sound is enough; how loud it is moves the score by a small part of its range."""

    def any_sound(batch: np.ndarray) -> np.ndarray:
        loud = np.sqrt((batch**2).mean(axis=1, keepdims=True))
        return np.asarray((loud > 1e-4) + part * (loud - 0.1581) / (0.1581 - 0.0707))

    e = explain(band.mixture, tagger(any_sound, sr=SR, labels=["it"]), factorization=band)
    assert bool([one for one in e.remarks() if "may be the level" in one]) is said


def by_chance(rng: np.random.Generator, batch: np.ndarray) -> np.ndarray:
    return rng.normal(0.5, 0.1, (len(batch), 1))


def test_what_noise_can_do_is_not_remarked_on(band: OracleFactorization) -> None:
    donor = OracleFactorization({"drums": tone(3000)})
    for seed in range(20):
        model = tagger(partial(by_chance, np.random.default_rng(seed)), sr=SR, labels=["it"])
        e = explain(band.mixture, model, factorization=band, donors=[(donor.mixture, donor)])
        assert not [one for one in e.remarks() if "may be the level" in one or "missing drums" in one], seed


def test_where_nothing_is_left_without_the_stem_level_is_no_control() -> None:
    alone = OracleFactorization({"guitar": tone(440), "bass": tone(100, 1e-4)})
    e = explain(alone.mixture, LOUDNESS, factorization=alone)
    assert not [one for one in e.remarks() if "level" in one]


def test_a_listener_to_content_is_not_accused(band: OracleFactorization) -> None:
    loud_enough = tagger(lambda b: (strength(b, 440)[:, None] > 0.01).astype(float), sr=SR, labels=["guitar"])
    e = explain(band.mixture, loud_enough, factorization=band)
    assert e.remarks("guitar") == []
    level = e.checks.level
    assert level is not None
    np.testing.assert_allclose(level.at_level[:, 0], [1, 1])
    np.testing.assert_allclose(level.without[:, 0], [0, 1])


def test_the_budget_holds_the_checks_and_what_it_leaves_out_is_said(band: OracleFactorization) -> None:
    e = explain(band.mixture, LOUDNESS, factorization=band, max_evals=9)
    assert e.checks.level is None
    assert e.warnings == ("the level check was left out: it needs 4 evaluations, the budget leaves 1",)
    assert explain(band.mixture, LOUDNESS, factorization=band, level_check=False).warnings == ()


def test_a_missing_source_is_found_with_a_donor(band: OracleFactorization) -> None:
    donor = OracleFactorization({"drums": tone(3000), "bass": tone(100, 0.1)})
    e = explain(band.mixture, DRUMS, factorization=band, donors=[(donor.mixture, donor)])
    (missing,) = e.checks.missing
    assert (missing.component, missing.donor) == ("drums", "mixture")
    assert missing.values[0] == pytest.approx(1.0, abs=0.01)
    assert not e.top(label="drums")
    assert any("missing drums" in remark for remark in e.remarks("drums"))
    assert e.to_dict()["missing"][0]["component"] == "drums"


@pytest.mark.parametrize("gain", [1.0, 0.1, 3.0])
def test_a_donors_stem_is_added_at_the_ratio_of_stem_to_mix_that_it_has_there(
    band: OracleFactorization, gain: float
) -> None:
    donor = OracleFactorization({"drums": tone(3000, 0.1 * gain), "bass": tone(100, 0.2 * gain)})  # as loud as the band
    listener = tagger(lambda b: strength(b, 3000)[:, None], sr=SR, labels=["drums"])
    (missing,) = explain(band.mixture, listener, factorization=band, donors=[(donor.mixture, donor)]).checks.missing
    assert missing.values[0] == pytest.approx(0.1, rel=0.02)
    halves = {side: tone(100, 0.1 * gain) for side in ("bass", "left")}  # two that are one sound add up to 0.2
    donor = OracleFactorization({"drums": tone(3000, 0.1 * gain), **halves})
    missing, _ = explain(band.mixture, listener, factorization=band, donors=[(donor.mixture, donor)]).checks.missing
    assert (missing.component, missing.values[0]) == ("drums", pytest.approx(0.1, rel=0.02))


def test_asking_again_may_cost_more_than_there_is_and_then_nothing_is_left(band: OracleFactorization) -> None:
    donor = OracleFactorization({"drums": tone(3000), "bass": tone(100)})
    e = explain(band.mixture, DRUMS, factorization=band, donors=[(donor.mixture, donor)], max_evals=4)
    said = "the check for missing sources was left out: it needs 1 evaluation, the budget leaves 0"
    assert said in e.warnings


def test_a_sample_takes_up_any_budget_and_so_no_larger_one_is_asked_for() -> None:
    growing = OracleFactorization(
        {name: (np.tile(tone(hz, 0.1)[0], 2), SR) for name, hz in {"guitar": 440, "bass": 100}.items()}
    )
    donor = OracleFactorization({name: tone(3000) for name in ("drums", "flute")})
    listener = tagger(lambda b: strength(b, 440)[:, None], sr=SR, window_s=1.0, labels=["guitar"])
    asked = {"factorization": growing, "start_s": 0.5, "segments": 6, "method": "shapley", "shifts": True}
    for max_evals in (300, 2000):
        e = explain(growing.mixture, listener, max_evals=max_evals, donors=[(donor.mixture, donor)] * 10, **asked)  # type: ignore[arg-type]
        said = [
            f"the {what} was left out: the weights come from a sample of mixes, which takes up the budget; it can be "
            "made beside exact weights (fewer segments, or a larger budget)"
            for what in ("check for missing sources", "shift check")
        ]
        assert [one for one in e.warnings if "was left out" in one] == said
        assert e.shift_spread() is None
    exact = explain(growing.mixture, listener, max_evals=3 * 4096 + 20, **asked)  # type: ignore[arg-type]
    assert exact.shift_spread() is not None


@pytest.mark.parametrize(("level_db", "lacking"), [(-38.0, False), (-42.0, True)])
def test_a_stem_below_40_db_under_the_mix_is_lacking(level_db: float, lacking: bool) -> None:
    faint = OracleFactorization({"guitar": tone(440), "drums": tone(3000, 0.2 * 10 ** (level_db / 20))})
    donor = OracleFactorization({"drums": tone(3000), "bass": tone(100, 0.2 * 10 ** (level_db / 20))})
    e = explain(faint.mixture, DRUMS, factorization=faint, donors=[(donor.mixture, donor)])
    assert ("drums" in [missing.component for missing in e.checks.missing]) is lacking
    assert ("bass" in [missing.component for missing in e.checks.missing]) is not lacking


def test_levels_are_relative_to_the_mix_in_which_like_stems_add_up(band: OracleFactorization) -> None:
    """Two halves of one guitar: each lies 6 dB below the mix, not 3."""
    half = OracleFactorization({"left": tone(440, 0.1), "right": tone(440, 0.1)})
    e = explain(half.mixture, DRUMS, factorization=half, donors=[(half.mixture, half)])
    assert "left is here at -6 dB, right is here at -6 dB" in e.warnings[0]


def test_a_donor_of_what_is_there_adds_nothing(band: OracleFactorization) -> None:
    e = explain(band.mixture, DRUMS, factorization=band, donors=[(band.mixture, band)])
    assert e.checks.missing == ()
    (warning,) = e.warnings
    assert "nothing was tried as missing: a source is absent where it lies below -40 dB of the mix" in warning
    assert "guitar is here at -1 dB, bass is here at -7 dB" in warning
    assert warning in str(e)
    short = Audio(np.ones((1, SR // 2), np.float32), SR, "short")
    with pytest.raises(AudioError, match=r"the donor 'short' is 0\.50 s long; 2\.00 s are needed"):
        explain(band.mixture, DRUMS, factorization=band, donors=[short])


def test_the_shift_check_is_that_of_shifted_excerpts() -> None:
    growing = OracleFactorization(
        {"guitar": (tone(440)[0] * np.linspace(0, 1, 2 * SR, dtype=np.float32), SR), "bass": tone(100, 0.1)}
    )
    listener = tagger(lambda b: strength(b, 440)[:, None], sr=SR, window_s=1.0, labels=["guitar"])
    e = explain(growing.mixture, listener, factorization=growing, start_s=0.5, shifts=True)
    assert e.checks.shifts is not None
    np.testing.assert_allclose(e.checks.shifts[0], [0.2 * 0.25 / 2, 0], atol=1e-3)
    assert e.to_dict()["shift_spread"][0][0] == pytest.approx(0.025, abs=1e-3)
    assert e.checks.n_evals == N_ASKED + 2 * 2 + 2 * 4
    (moved,) = e.remarks()
    assert moved.startswith("guitar: the weights change by up to 0.03 when the excerpt is shifted (0.25 s earlier")
    assert f"note: {moved}" in str(e).splitlines()
    assert moved in summary.as_html(e)
    assert moved in page_html(e, audio=None)


def test_shifts_that_the_recording_does_not_have_are_said_to_be_left_out(band: OracleFactorization) -> None:
    e = explain(band.mixture, LOUDNESS, factorization=band, shifts=True)
    assert e.checks.shifts is None
    assert e.warnings == (
        "the shift check was left out: the recording does not go on for 0.25 s before or after the excerpt",
    )


def test_a_leak_above_the_limit_is_the_source_and_that_is_said(band: OracleFactorization) -> None:
    leaking = OracleFactorization({"guitar": tone(440), "drums": tone(3000, 0.2 * 10 ** (-30 / 20))})
    donor = OracleFactorization({"drums": tone(3000), "guitar": tone(440, 1e-5)})
    e = explain(leaking.mixture, DRUMS, factorization=leaking, donors=[(donor.mixture, donor)])
    assert e.checks.missing == ()
    assert "drums is here at -30 dB" in e.warnings[0]


def test_what_was_tried_and_moves_nothing_is_said(band: OracleFactorization) -> None:
    donor = OracleFactorization({"drums": tone(3000)})
    model = tagger(lambda b: strength(b, 440)[:, None] * 4, sr=SR, labels=["guitar"])
    e = explain(band.mixture, model, factorization=band, donors=[(donor.mixture, donor)])
    assert "guitar: of what is missing here (drums of mixture) nothing moves the score by more than 0.00" in e.remarks()


@pytest.mark.parametrize(("gain", "said"), [(0.2, False), (0.3, True)])
def test_a_missing_source_counts_from_a_quarter_of_the_range_on(
    band: OracleFactorization, gain: float, said: bool
) -> None:
    """The guitar makes the range, 1; the drums of the donor add `gain`."""
    donor = OracleFactorization({"drums": tone(3000)})

    def heard(batch: np.ndarray) -> np.ndarray:
        return ((strength(batch, 440) > 0.02) + gain * (strength(batch, 3000) > 0.02))[:, None] * 0.01

    e = explain(band.mixture, tagger(heard, sr=SR), factorization=band, donors=[(donor.mixture, donor)])
    assert bool([one for one in e.remarks() if "missing drums" in one]) is said


def test_of_two_shifts_the_one_that_moves_a_weight_more_is_told() -> None:
    late = np.clip(4 * (np.arange(2 * SR) / SR - 1.5), 0, 1).astype(np.float32)  # silent until 1.5 s
    growing = OracleFactorization({"guitar": (tone(440)[0] * late, SR), "bass": tone(100, 0.1)})
    listener = tagger(lambda b: strength(b, 440)[:, None], sr=SR, window_s=1.0, labels=["guitar"])
    e = explain(growing.mixture, listener, factorization=growing, start_s=0.5, shifts=True)
    assert e.checks.shifts is not None
    np.testing.assert_allclose(e.checks.shifts[0], [0.2 * 0.25 / 2, 0], atol=2e-3)  # 0 earlier, this later


@pytest.mark.parametrize("baseline", ["noise", "floor"])
def test_noise_as_off_has_its_own_empty_score_and_leaves_the_recording_alone(
    band: OracleFactorization, baseline: str
) -> None:
    silent, noisy = (explain(band.mixture, LOUDNESS, factorization=band, baseline=b) for b in ("silence", baseline))
    assert noisy.score()[0] == pytest.approx(silent.score()[0], abs=1e-6)
    level = 0.3162 if baseline == "noise" else 2e-4
    assert noisy.score()[1] == pytest.approx(level, rel=0.02)
    assert noisy.provenance.settings.baseline == baseline
    assert baseline in str(noisy).splitlines()[3]
    assert sum(noisy.weights().values()) == pytest.approx(noisy.score()[0] - noisy.score()[1], abs=1e-9)


class ByName:
    """Splits each recording that it knows into its true stems."""

    spec: str | None = None
    fingerprint = "test"
    scope = "blocks"
    references: tuple[str, ...] = ()

    def __init__(self, *known: OracleFactorization) -> None:
        self.known = {oracle.mixture.sha256: oracle for oracle in known}

    def factorize(self, audio: Audio, **span: float) -> object:
        return self.known[audio.sha256].factorize(audio, **span)


def test_off_may_be_the_same_component_of_another_recording(band: OracleFactorization) -> None:
    other = OracleFactorization({"guitar": tone(3000), "bass": tone(100, 0.1)})
    both = ByName(band, other)
    e = explain(band.mixture, DRUMS, factorization=both, baseline=other.mixture)  # type: ignore[arg-type]
    assert e.weights() == pytest.approx({"guitar": -1.0, "bass": 0.0}, abs=0.01)
    assert e.score() == pytest.approx((0.0, 1.0), abs=0.01)


@pytest.mark.parametrize(
    ("baseline", "error", "complaint"),
    [
        ("pink", UsageError, "the baseline must be silence, noise, floor or a recording"),
        (Audio(np.ones((1, 100), np.float32), SR, "tiny"), AudioError, "the baseline 'tiny' has"),
        (Audio(np.ones((1, 44100 * 3), np.float32), 44100, "other"), AudioError, "it must have 16000 Hz"),
    ],
)
def test_baselines_that_cannot_be_used_are_refused(
    band: OracleFactorization, baseline: object, error: type[Exception], complaint: str
) -> None:
    with pytest.raises(error, match=complaint):
        explain(band.mixture, LOUDNESS, factorization=band, baseline=baseline)


def test_a_model_that_fails_on_silence_alone_is_offered_the_floor(band: OracleFactorization) -> None:
    def normalising(batch: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(strength(batch, 440)[:, None] / np.sqrt((batch**2).mean(axis=1, keepdims=True)))

    fragile: FunctionModel = tagger(normalising, sr=SR, labels=["guitar"])
    with pytest.raises(ModelError, match="baseline='floor'"):
        explain(band.mixture, fragile, factorization=band)
    e = explain(band.mixture, fragile, factorization=band, baseline="floor")
    assert e.top().components == ("guitar",)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([0.5, 0.504], ["0.5000", "0.5040"]),
        ([0.5, 0.52], ["0.50", "0.52"]),
        ([-0.3, -0.3004], ["-0.30000", "-0.30040"]),
        ([0.5, 0.5 + 1e-7], ["0.50", "0.50"]),  # rounding is not told apart
        ([0.004], ["0.004"]),
        ([0.5, 0.5 + 2 * ROUNDING], ["0.500000", "0.500002"]),
        ([0.0, ROUNDING], ["0.000000", "0.000001"]),
        ([0.0], ["0.00"]),
    ],
)
def test_values_are_written_with_the_decimals_that_tell_them_apart(values: list[float], said: list[str]) -> None:
    assert written(values) == said


def spanning_one() -> Neighborhood:
    """Two stems, whose mixes span a value of 1."""
    masks = choose_masks(2)
    return Neighborhood(masks.masks, masks.counts, True, np.array([[0.0], [0.4], [0.6], [1.0]]))


@pytest.mark.parametrize(("effect", "told"), [(0.5, True), (0.011, True), (0.009, False), (0.0, False)])
def test_a_removal_that_does_less_than_a_hundredth_is_explained_by_nothing(effect: float, told: bool) -> None:
    without = np.array([[1.0 - effect]])
    level = LevelCheck(("drums",), (-3.0,), without, at_level=without, restored=np.ones((1, 1)))
    remarks = Checks(level=level).remarks("rock", 0, spanning_one(), "drums")
    assert ["this may be the level and not drums" in remark for remark in remarks] == [True] * told


@pytest.mark.parametrize(("moved", "told"), [(0.26, True), (-0.26, True), (0.24, False)])
def test_what_is_missing_is_told_where_it_moves_the_value_by_a_quarter_of_what_stems_do(
    moved: float, told: bool
) -> None:
    checks = Checks(missing=(Missing("piano", "a song", np.array([1.0 + moved])),))
    (remark,) = checks.remarks("rock", 0, spanning_one(), "drums")
    assert remark.startswith("rock: missing piano: with those of a song the score is ") is told
    assert ("nothing moves the score by more than 0.24" in remark) is not told
