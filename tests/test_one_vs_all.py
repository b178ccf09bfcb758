"""One source against the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audiolime_ext.audio import Audio
from audiolime_ext.errors import UsageError
from audiolime_ext.resolve import resolve_factorization
from factorizations.hpss import HPSSFactorization
from factorizations.one_vs_all import OneVsAllFactorization
from factorizations.oracle import OracleFactorization


@pytest.fixture
def song() -> Audio:
    return Audio(np.random.default_rng(0).normal(0, 0.1, (2, 16000)).astype(np.float32), 8000, "noise")


def test_the_rest_is_everything_else(song: Audio) -> None:
    inner = HPSSFactorization()
    stems = OneVsAllFactorization(inner, "percussive").factorize(song, start_s=0.5, duration_s=1.0)
    alone = inner.factorize(song, start_s=0.5, duration_s=1.0)
    assert stems.names == ("percussive", "rest")
    np.testing.assert_array_equal(stems["percussive"].samples, alone["percussive"].samples)
    np.testing.assert_allclose(stems.mixture, song.samples[:, 4000:12000], atol=1e-6)


def test_what_the_separator_misses_is_in_the_rest(song: Audio) -> None:
    part = Audio(song.samples * np.float32(0.3), song.sr, "part")
    separator = OracleFactorization({"guitar": part}, mixture=song)
    stems = OneVsAllFactorization(separator, "guitar").factorize(song)
    np.testing.assert_allclose(stems["rest"].samples, 0.7 * song.samples, atol=1e-6)


def test_a_spec_of_any_separator(song: Audio, tmp_path: Path) -> None:
    for name, gain in (("drums", 0.4), ("bass", 0.6)):
        Audio(song.samples * np.float32(gain), song.sr).write(tmp_path / f"{name}.wav")
    made = resolve_factorization(f"ova:oracle:{tmp_path}:drums")
    assert made.spec == f"ova:oracle:{tmp_path}:drums"
    assert made.factorize(song).names == ("drums", "rest")
    assert made.scope == resolve_factorization(f"oracle:{tmp_path}").scope
    other = resolve_factorization(f"ova:oracle:{tmp_path}:bass")
    assert made.fingerprint != other.fingerprint


def test_an_unknown_source_names_those_that_exist(song: Audio) -> None:
    with pytest.raises(UsageError, match=r"unknown source of hpss 'guitar'.*harmonic, percussive"):
        resolve_factorization("ova:hpss:guitar").factorize(song)


@pytest.mark.parametrize("spec", ["ova", "ova:hpss", "ova:hpss:"])
def test_a_spec_without_a_source_says_how_it_is_written(spec: str) -> None:
    with pytest.raises(UsageError, match="ova:cerberus:guitar"):
        resolve_factorization(spec)


def test_of_a_separator_in_memory_only(song: Audio) -> None:
    made = OneVsAllFactorization(OracleFactorization({"all": song}), "all")
    assert made.spec is None
    assert made.references == ()
