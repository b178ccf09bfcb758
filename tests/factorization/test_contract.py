"""What a factorization is: stems that sum to the mixture, at any rate, whole or in parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import AudioError, AudiolimeError, UsageError
from audiolime_ext.factorization.contract import Scope, factorize_in_parts, factorized, require_recording
from audiolime_ext.factorization.own_rate import separated_at
from audiolime_ext.factorization.stems import RESIDUAL, Stems, with_residual

SR = 8000
NOISE = np.random.default_rng(0).normal(0, 0.1, (2, 2 * SR)).astype(np.float32)


class Halves:
    """Two equal stems; remembers what it was asked."""

    spec, fingerprint, references = None, "halves", ()

    def __init__(self, scope: Scope = "blocks", fails_with: BaseException | None = None) -> None:
        self.scope: Scope = scope
        self.fails_with = fails_with
        self.asked: list[tuple[float, float | None]] = []

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        self.asked.append((start_s, duration_s))
        if self.fails_with is not None:
            raise self.fails_with
        first, end = audio.span(start_s, duration_s)
        half = audio.samples[:, first:end] / 2
        return Stems(("one", "other"), np.stack([half, half]), audio.sr)


@pytest.mark.parametrize(
    ("names", "shape", "said"),
    [
        (("a",), (2, 1, 4), r"one name each; got shape \(2, 1, 4\) and the names a$"),
        (("a", "b"), (2, 4), r"stems are an array \(n_stems, n_channels, n_samples\)"),
        (("a", "b", "a"), (3, 1, 4), r"two stems are called 'a' \(of a, b, a\); give each its own name"),
    ],
)
def test_every_stem_has_a_name_of_its_own(names: tuple[str, ...], shape: tuple[int, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Stems(names, np.zeros(shape, np.float32), SR)


@pytest.mark.parametrize(("missed", "n_stems"), [(0.0, 1), (0.9e-6, 1), (1e-5, 2), (0.5, 2)])
def test_what_estimates_miss_is_one_more_stem_unless_it_is_rounding(missed: float, n_stems: int) -> None:
    mixture = np.array([[1.0, -1.0, 0.5]], np.float64)
    stems = with_residual(mixture, ["all"], (mixture * (1 - missed))[None], SR)  # type: ignore[arg-type]
    assert stems.names == ("all", RESIDUAL)[:n_stems]
    np.testing.assert_allclose(stems.mixture, mixture, atol=1e-5)


@pytest.mark.parametrize("rate", [4000, 8000, 11025, 16000])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_stems_of_a_separator_of_any_rate_sum_to_the_excerpt(rate: int, n_channels: int) -> None:
    audio = Audio(NOISE[:n_channels], SR)

    def estimate(first: int, end: int) -> NDArray[Any]:
        return np.random.default_rng(first).normal(0, 0.1, (2, 2, end - first)).astype(np.float32)

    stems = separated_at(rate, estimate, ["a", "b"], audio, start_s=0.5, duration_s=1.0)
    assert stems.samples.shape == (3, n_channels, SR)
    assert (stems.sr, stems.names) == (SR, ("a", "b", RESIDUAL))
    np.testing.assert_allclose(stems.mixture, audio.samples[:, SR // 2 : SR // 2 + SR], atol=1e-5)
    assert (stems.rolled_off is None) == (rate <= SR), "what a lower rate cannot hold was missed"


def test_of_a_mono_recording_the_mean_of_two_channels_is_taken() -> None:
    def estimate(first: int, end: int) -> NDArray[Any]:
        return np.stack([np.full(end - first, 0.2), np.full(end - first, 0.4)])[None].astype(np.float32)

    stems = separated_at(SR, estimate, ["a"], Audio(NOISE[:1], SR))
    np.testing.assert_allclose(stems["a"].samples, 0.3, atol=1e-6)


@pytest.mark.parametrize(("scope", "n_parts"), [("blocks", 4), ("recording", 4), ("window", 1)])
def test_parts_side_by_side_are_the_whole(scope: Scope, n_parts: int) -> None:
    halves, audio = Halves(scope), Audio(NOISE, SR)
    parts = list(factorize_in_parts(halves, audio, start_s=0.1, duration_s=1.8, part_s=0.5))
    assert len(parts) == len(halves.asked) == n_parts
    whole = np.concatenate([part.mixture for part in parts], axis=1)
    np.testing.assert_array_equal(whole, audio.samples[:, SR // 10 : SR // 10 + round(1.8 * SR)])


def test_a_factorization_that_ends_the_program_is_an_error_with_its_name() -> None:
    with pytest.raises(AudiolimeError, match=r"the factorization Halves .*; it must return stems, or raise") as it:
        factorized(Halves(fails_with=SystemExit(3)), Audio(NOISE, SR))
    assert it.value.exit_code == 1
    with pytest.raises(ZeroDivisionError):
        factorized(Halves(fails_with=ZeroDivisionError()), Audio(NOISE, SR))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (lambda half: Stems(("one", "other"), np.stack([half, half * np.nan]), SR), "'other' holds NaN or infinity"),
        (lambda half: Stems(("one", "other"), np.stack([half / 0, half]), SR), "Odd: the stem 'one' holds NaN"),
        (lambda half: Stems(("one", "other"), np.stack([half, half * 0.9]), SR), r"of Odd do not sum to .*\(off by up"),
        (lambda half: Stems(("one",), half[None, :, 1:], SR), "Odd gave stems of shape"),
        (lambda half: {"one": half}, "Odd gave dict in place of audiolime_ext.Stems"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_what_is_no_finite_sum_of_stems_is_refused_where_it_enters(given: Any, said: str) -> None:
    class Odd(Halves):
        def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
            first, end = audio.span(start_s, duration_s)
            return given(audio.samples[:, first:end] / 2)  # type: ignore[no-any-return]

    with pytest.raises(UsageError, match=said):
        next(factorize_in_parts(Odd(), Audio(NOISE, SR)))


@pytest.mark.parametrize(
    ("n_channels", "n_samples", "sr"), [(1, 2 * SR, SR), (2, 2 * SR - 1, SR), (2, 2 * SR, 2 * SR), (2, 2 * SR, SR)]
)
def test_stems_belong_to_one_recording(n_channels: int, n_samples: int, sr: int) -> None:
    audio = Audio(NOISE, SR, "song")
    if (n_channels, n_samples, sr) == (2, 2 * SR, SR):
        require_recording("a set of stems", audio, sr=sr, n_channels=n_channels, n_samples=n_samples)
        return
    said = r"a set of stems belongs to a recording of .* Hz; 'song' has 16000 samples, 2 channels, 8000 Hz"
    with pytest.raises(AudioError, match=said):
        require_recording("a set of stems", audio, sr=sr, n_channels=n_channels, n_samples=n_samples)
