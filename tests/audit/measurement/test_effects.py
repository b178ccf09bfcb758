"""What an audit measures: the definitions, held to arithmetic that can be done by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext.audit.measurement.effects import (
    Kind,
    at_level_of,
    decide,
    flips,
    necessity,
    presence,
    spectral_noise,
    sufficiency,
    transplant,
    transplant_gain,
    white_noise,
)
from audiolime_ext.errors import ModelError, UsageError

Signal = NDArray[np.float32]


def odds(*values: float | list[float]) -> NDArray[np.float64]:
    """Scores that have these log-odds."""
    return np.asarray(1 / (1 + np.exp(-np.array(values))))


def noise(seed: int, level: float = 0.1, shape: tuple[int, ...] = (2, 4000)) -> Signal:
    return np.random.default_rng(seed).normal(0, level, shape).astype(np.float32)


def test_necessity_is_a_difference_of_clipped_log_odds() -> None:
    np.testing.assert_allclose(necessity(odds(2, -1), odds(0.5, 1)), [1.5, -2])
    np.testing.assert_allclose(necessity(np.array([1.0, 0.9999999]), np.array([0.0, odds(4)[0]])), [12, 2])
    with pytest.raises(ModelError, match="between 0 and 1"):
        necessity(np.array([3.0]), np.array([0.5]))


def test_sufficiency_is_undetermined_where_silence_gets_the_class() -> None:
    alone, silence = odds([1, 2], [3, -1]), odds(1, -2)
    np.testing.assert_allclose(sufficiency(alone, silence), [[np.nan, 4], [np.nan, 1]])
    np.testing.assert_allclose(sufficiency(alone, silence, [0.9, 0.1]), [[0, np.nan], [2, np.nan]])


def test_decisions_by_the_highest_or_by_thresholds() -> None:
    scores = np.array([[0.4, 0.4, 0.2], [0.1, 0.2, 0.9]])
    np.testing.assert_array_equal(decide(scores), [[True, False, False], [False, False, True]])
    np.testing.assert_array_equal(decide(scores, [0.4, 0.5, 0.2]), [[True, False, True], [False, False, True]])
    with pytest.raises(UsageError, match="2 thresholds for 3 labels"):
        decide(scores, [0.5, 0.5])


def test_a_flip_is_a_changed_decision_not_a_changed_score() -> None:
    before, after = np.array([[0.6, 0.4], [0.6, 0.4]]), np.array([[0.51, 0.49], [0.49, 0.51]])
    np.testing.assert_array_equal(flips(before, after), [[False, False], [True, True]])
    np.testing.assert_array_equal(flips(before, after, [0.55, 0.45]), [[True, True], [True, True]])


def ratio_db(own: Signal, rest: Signal) -> float:
    return presence(own, rest)


@pytest.mark.parametrize("loudness", [0.05, 1.0, 7.0])
def test_own_keeps_the_donors_ratio_and_matched_the_hosts_level(loudness: float) -> None:
    host_own, host_rest, donor_own, donor_rest = noise(0, 0.02), noise(1, 0.1), noise(2, 0.3), noise(3, 0.05)
    donor_own, donor_rest = (x * np.float32(loudness) for x in (donor_own, donor_rest))
    parts = {"host_own": host_own, "host_rest": host_rest, "donor_own": donor_own, "donor_rest": donor_rest}
    wanted: dict[Kind, float] = {"own": ratio_db(donor_own, donor_rest), "matched": ratio_db(host_own, host_rest)}
    for kind, ratio in wanted.items():
        gain = transplant_gain(kind, **parts)
        assert gain is not None
        done = transplant(host_own, host_rest, donor_own, gain=gain)
        put_in = done.after / done.scale - host_rest
        assert ratio_db(put_in, host_rest) == pytest.approx(ratio, abs=0.01)
        assert ratio_db(done.before, host_own + host_rest) == pytest.approx(20 * np.log10(done.scale), abs=1e-4)


def test_a_confounder_of_level_survives_own_and_not_matched() -> None:
    """Bass 10 dB up in the donor's class: a model that hears the ratio is fooled by the one and not by the other."""
    rest, bass = noise(0), noise(1)
    loud = bass * np.float32(10**0.5)
    heard = {}
    kinds: tuple[Kind, ...] = ("own", "matched")
    for kind in kinds:
        gain = transplant_gain(kind, host_own=bass, host_rest=rest, donor_own=loud, donor_rest=noise(2))
        assert gain is not None
        done = transplant(bass, rest, loud, gain=gain)
        heard[kind] = ratio_db(done.after / done.scale - rest, rest)
    assert heard["own"] == pytest.approx(10, abs=0.2)
    assert heard["matched"] == pytest.approx(0, abs=0.2)


def test_nothing_clips_and_both_sides_have_one_scale() -> None:
    host_own, host_rest, donor_own = noise(0, 0.2), noise(1, 0.3), noise(2, 0.5)
    done = transplant(host_own, host_rest, donor_own, gain=3.0)
    assert done.scale < 1
    assert max(np.abs(done.before).max(), np.abs(done.after).max()) == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(done.before, (host_own + host_rest) * done.scale, atol=1e-6)
    np.testing.assert_allclose(done.after, (host_rest + 3 * donor_own) * done.scale, atol=1e-6)
    quiet = transplant(host_own * 0.1, host_rest * 0.1, donor_own, gain=0.1)
    assert quiet.scale == 1


def test_there_is_no_gain_where_nothing_says_how_loud() -> None:
    sound, nothing = noise(0), np.zeros((2, 4000), np.float32)

    def gain(kind: Kind, **parts: Signal) -> float | None:
        given = {"host_own": sound, "host_rest": sound, "donor_own": sound, "donor_rest": sound, **parts}
        return transplant_gain(kind, **given)

    assert gain("own", host_rest=nothing) is None
    assert gain("own", donor_rest=nothing) is None
    assert gain("own", host_own=nothing) == pytest.approx(1), "the host may lack it: that is the point"
    assert gain("own", donor_own=nothing) == pytest.approx(1), "so may the donor: a control"
    assert gain("matched", host_own=nothing) is None
    assert gain("matched", host_own=sound * np.float32(1e-4)) is None, "as good as nothing"
    assert gain("matched", donor_own=nothing) is None
    with pytest.raises(UsageError, match="unknown kind of transplant 'owm'; did you mean 'own'"):
        gain("owm")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="must have the same shape"):
        transplant(sound, sound, sound[:, :-1], gain=1)


@pytest.mark.parametrize("n_samples", [4000, 4001])
def test_noises_match_level_and_spectrum(n_samples: int) -> None:
    low = np.stack([np.sin(np.arange(n_samples) / 40), 0.2 * np.sin(np.arange(n_samples) / 40)]).astype(np.float32)
    white, spectral = (make(low, rng=np.random.default_rng(1)) for make in (white_noise, spectral_noise))
    for made in (white, spectral):
        assert made.dtype == np.float32
        for channel, like in zip(made, low, strict=True):
            assert presence(channel, like) == pytest.approx(0, abs=0.01)
        assert abs(np.corrcoef(made[0], low[0])[0, 1]) < 0.9, "another sound"
    np.testing.assert_allclose(abs(np.fft.rfft(spectral)), abs(np.fft.rfft(low)), atol=0.05)
    assert np.abs(np.fft.rfft(white)[0, 1000:]).mean() > 100 * np.abs(np.fft.rfft(spectral)[0, 1000:]).mean()
    np.testing.assert_allclose(spectral[1], 0.2 * spectral[0], atol=1e-5)
    np.testing.assert_array_equal(white, white_noise(low, rng=np.random.default_rng(1)))
    assert not np.array_equal(white, white_noise(low, rng=np.random.default_rng(2)))


def test_the_control_of_a_removal_has_the_level_that_remains() -> None:
    whole, without = noise(0, 0.3), noise(1, 0.1)
    control = at_level_of(whole, without)
    assert presence(control, without) == pytest.approx(0, abs=1e-4)
    np.testing.assert_allclose(np.corrcoef(control[0], whole[0])[0, 1], 1)
    np.testing.assert_array_equal(at_level_of(whole * 0, without), 0)


def test_no_call_changes_its_arguments() -> None:
    parts = [noise(i) for i in range(3)]
    before = [part.copy() for part in parts]
    transplant(*parts, gain=20.0)
    white_noise(parts[0], rng=np.random.default_rng(0))
    spectral_noise(parts[0], rng=np.random.default_rng(0))
    at_level_of(parts[0], parts[1])
    for part, was in zip(parts, before, strict=True):
        np.testing.assert_array_equal(part, was)
