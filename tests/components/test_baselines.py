"""What plays while a stem is off: noise of a known level, or another recording's stems from the same second on."""

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext import explain, tagger
from audiolime_ext.audio.recording import Audio
from audiolime_ext.components.baselines import off_signals
from audiolime_ext.factorization.stems import Stems
from factorizations.oracle import OracleFactorization
from tests.explanation.test_checks import ByName

SR = 8000


def band(names: str, seconds: float, *, seed: int, gain: float = 0.1) -> OracleFactorization:
    """Stems of noise, no second of it like another."""
    rng = np.random.default_rng(seed)
    return OracleFactorization(
        {name: (rng.normal(0, gain, round(seconds * SR)).astype(np.float32), SR) for name in names.split()}
    )


def off(
    baseline: object, played: OracleFactorization, others: OracleFactorization, start_s: float
) -> NDArray[np.float32]:
    """Of one second of a recording."""
    first = round(start_s * SR)
    stems = Stems(played.names, played.samples[..., first : first + SR], SR)
    found = off_signals(baseline, played.mixture, stems, ByName(played, others), first=first)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_another_recordings_stems_play_from_the_same_second_on() -> None:
    played, other = band("guitar bass", 3, seed=0), band("guitar bass", 3, seed=1)
    for start_s in (0.0, 0.7, 2.0):
        begin = round(start_s * SR)
        found = off(other.mixture, played, other, start_s)
        np.testing.assert_allclose(found, other.samples[..., begin : begin + SR], atol=1e-6)


def test_they_play_from_the_beginning_where_the_other_is_too_short_for_that() -> None:
    played, other = band("guitar bass", 3, seed=0), band("guitar bass", 1.5, seed=1)
    assert np.allclose(off(other.mixture, played, other, 0.5), other.samples[..., SR // 2 :], atol=1e-6)
    assert np.allclose(off(other.mixture, played, other, 0.6), other.samples[..., :SR], atol=1e-6)


def test_explain_hears_the_same_second_of_the_other() -> None:
    samples = np.array([0.5, 0.0], np.float32).repeat(SR)  # loud in the first second only
    played, other = band("guitar bass", 2, seed=0), OracleFactorization({"guitar": (samples, SR)})
    loudest = tagger(lambda batch: np.abs(batch).max(axis=1, keepdims=True), sr=SR, labels=["loud"])
    empty = [
        explain(
            played.mixture,
            loudest,
            factorization=ByName(played, other),  # type: ignore[arg-type]
            baseline=other.mixture,
            start_s=start_s,
            duration_s=1.0,
        ).score()[1]
        for start_s in (0.0, 1.0)
    ]
    assert empty == pytest.approx([0.5, 0.0], abs=1e-6)


def test_a_stem_that_the_other_lacks_is_silent() -> None:
    played, other = band("guitar bass", 1, seed=0), band("bass drums", 1, seed=1)
    found = off(other.mixture, played, other, 0.0)
    assert not found[0].any()
    np.testing.assert_allclose(found[1], other.samples[0], atol=1e-6)


def rms(samples: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


@pytest.mark.parametrize("names", ["guitar", "guitar bass", "guitar bass drums piano"])
def test_the_floor_of_all_stems_together_lies_80_db_below_full_scale(names: str) -> None:
    played = band(names, 1, seed=0)
    found = off("floor", played, played, 0.0)
    assert found.shape == played.samples.shape
    assert 20 * np.log10(rms(found.sum(axis=0))) == pytest.approx(-80, abs=0.3)


def test_noise_has_the_level_of_the_stem_that_is_off() -> None:
    loud, soft = band("guitar", 1, seed=0, gain=0.3), band("bass", 1, seed=1, gain=0.02)
    played = OracleFactorization({"guitar": (loud.samples[0], SR), "bass": (soft.samples[0], SR)})
    found = off("noise", played, played, 0.0)
    assert [rms(one) for one in found] == pytest.approx([rms(one) for one in played.samples], rel=0.03)
    assert abs(np.corrcoef(found[0, 0], played.samples[0, 0])[0, 1]) < 0.05


def test_silence_plays_nothing() -> None:
    played = band("guitar", 1, seed=0)
    stems = Stems(played.names, played.samples, SR)
    silence: Audio | str = "silence"
    assert off_signals(silence, played.mixture, stems, played, first=0) is None
