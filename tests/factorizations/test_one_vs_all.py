"""One source against the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.holding import confusion_of
from audiolime_ext.factorization.loading import load_factorization
from factorizations.hpss import HPSSFactorization
from factorizations.one_vs_all import OneVsAllFactorization, make
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
    part = Audio(np.random.default_rng(1).normal(0, 0.1, song.samples.shape).astype(np.float32), song.sr, "part")
    mixture = Audio(song.samples + part.samples, song.sr)
    separator = OracleFactorization({"guitar": part}, mixture=mixture)
    stems = OneVsAllFactorization(separator, "guitar").factorize(mixture)
    np.testing.assert_allclose(stems["rest"].samples, song.samples, atol=1e-6)


def test_a_source_that_its_separator_cannot_tell_from_another_is_refused(song: Audio) -> None:
    refused = (
        r"cerberus does not tell guitar from piano: they are one stem there\. Write ova:cerberus:piano\+guitar or, for "
        r"the stem called guitar, whatever it holds, ova:cerberus\?merge=none:guitar"
    )
    with pytest.raises(UsageError, match=refused):
        load_factorization("ova:cerberus:guitar")
    with pytest.raises(UsageError, match="does not tell guitar from piano"):
        OneVsAllFactorization(load_factorization("cerberus"), "guitar").factorize(song)
    together = load_factorization("ova:cerberus:piano+guitar")
    assert together.factorize(song).names == ("piano+guitar", "rest")
    alone = load_factorization("ova:cerberus?merge=none:guitar")
    assert alone.factorize(song).names == ("guitar", "rest")
    assert alone.spec == "ova:cerberus?merge=none:guitar"


def test_what_the_two_stems_may_hold_follows_from_the_separator() -> None:
    measured = make("cerberus?merge=none:guitar").confusion
    apart = confusion_of("cerberus?merge=none")
    assert measured is not None
    assert apart is not None
    assert measured == confusion_of("ova:cerberus?merge=none:guitar")
    assert measured.share("guitar", "guitar") == apart.share("guitar", "guitar")
    own, rest = (measured.share("guitar", stem) for stem in ("guitar", "rest"))
    assert own is not None
    assert rest is not None
    assert own.mean + rest.mean == pytest.approx(1.0, abs=1e-3)  # of numbers rounded to four digits
    assert measured.not_told_apart == (("guitar", "rest"),)
    assert confusion_of("ova:oracle:folder:guitar") is None


def test_a_spec_of_any_separator(song: Audio, tmp_path: Path) -> None:
    for name, gain in (("drums", 0.4), ("bass", 0.6)):
        Audio(song.samples * np.float32(gain), song.sr).write(tmp_path / f"{name}.wav")
    made = load_factorization(f"ova:oracle:{tmp_path}:drums")
    assert made.spec == f"ova:oracle:{tmp_path}:drums"
    assert made.factorize(song).names == ("drums", "rest")
    assert made.scope == load_factorization(f"oracle:{tmp_path}").scope
    other = load_factorization(f"ova:oracle:{tmp_path}:bass")
    assert made.fingerprint != other.fingerprint


def test_an_unknown_source_names_those_that_exist(song: Audio) -> None:
    with pytest.raises(UsageError, match=r"unknown source of hpss 'guitar'.*harmonic, percussive"):
        load_factorization("ova:hpss:guitar").factorize(song)


@pytest.mark.parametrize("spec", ["ova", "ova:hpss", "ova:hpss:"])
def test_a_spec_without_a_source_says_how_it_is_written(spec: str) -> None:
    with pytest.raises(UsageError, match="ova:cerberus:drums"):
        load_factorization(spec)


def test_of_a_separator_in_memory_only(song: Audio) -> None:
    made = OneVsAllFactorization(OracleFactorization({"all": song}), "all")
    assert made.spec is None
    assert made.references == ()
