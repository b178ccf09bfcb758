"""Stems × segments: masks make mixes, all on is the recording, off is silence."""

from dataclasses import replace

import numpy as np
import pytest

from audiolime_ext.audio.recording import Audio
from audiolime_ext.audio.resampling import resample_span
from audiolime_ext.components.components import ROLLED_OFF, Components, build
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.factorization.contract import Scope
from audiolime_ext.factorization.kept import KeptStems
from audiolime_ext.factorization.own_rate import separated_at
from audiolime_ext.factorization.stems import Stems, with_residual
from audiolime_ext.prediction.function import tagger
from audiolime_ext.prediction.grid import Grid
from factorizations.oracle import OracleFactorization

SR = 44100


def noise(seed: int, seconds: float = 6.0, gain: float = 0.1) -> tuple[np.ndarray, int]:
    samples = np.random.default_rng(seed).normal(0, gain, (2, round(seconds * SR)))
    return samples.astype(np.float32), SR


@pytest.fixture(scope="module")
def oracle() -> OracleFactorization:
    return OracleFactorization({"drums": noise(1), "bass": noise(2), "voice": noise(3)})


def built(oracle: OracleFactorization, n_segments: int = 1, start_s: float = 1.5, n_channels: int = 1) -> Components:
    grid = Grid.of(tagger(lambda b: b, sr=16000, window_s=3.0, lead_s=0.016, n_channels=n_channels), SR)
    return build(oracle.mixture, oracle, grid, start_s=start_s, duration_s=3.0, segments=n_segments)


def expected_heard(oracle: OracleFactorization, start_s: float, n_channels: int = 1) -> np.ndarray:
    mixture = oracle.mixture.samples if n_channels == 2 else oracle.mixture.samples.mean(axis=0, keepdims=True)
    return resample_span(mixture, SR, 16000, round(start_s * 16000) - 256, round((start_s + 3) * 16000))


@pytest.mark.parametrize("n_segments", [1, 2, 7, 100])
@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize("start_s", [0.0, 1.5, 3.0])
def test_all_on_is_the_recording(oracle: OracleFactorization, n_segments: int, n_channels: int, start_s: float) -> None:
    parts = built(oracle, n_segments, start_s, n_channels)
    heard = parts.heard_mixes(np.ones((1, parts.n), bool))[0]
    np.testing.assert_allclose(heard, expected_heard(oracle, start_s, n_channels), atol=1e-5)
    listened = parts.listen(np.ones(parts.n, bool), background=True, name="all")
    np.testing.assert_allclose(listened.samples, oracle.mixture.excerpt(start_s, 3.0).samples, atol=1e-5)
    assert listened.n_channels == 2


def test_the_same_check_notices_a_missing_stem(oracle: OracleFactorization) -> None:
    parts = built(oracle)
    heard = parts.heard_mixes(np.array([[True, True, False]]))[0]
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(heard, expected_heard(oracle, 1.5), atol=1e-2)


@pytest.mark.parametrize("n_segments", [1, 5])
def test_off_is_digital_silence(oracle: OracleFactorization, n_segments: int) -> None:
    parts = built(oracle, n_segments)
    assert not parts.heard_mixes(np.zeros((1, parts.n), bool)).any()


def test_a_component_alone_sounds_only_in_its_segment(oracle: OracleFactorization) -> None:
    parts = built(oracle, n_segments=3)
    alone = parts.listen(parts.mask("bass 1.00–2.00 s"), background=False, name="bass").samples
    bass = oracle.samples[1][:, round(1.5 * SR) : round(4.5 * SR)]
    inside = slice(round(1.006 * SR), round(1.994 * SR))
    np.testing.assert_allclose(alone[:, inside], bass[:, inside], atol=1e-6)
    assert not alone[:, : round(0.994 * SR)].any()
    assert not alone[:, round(2.006 * SR) :].any()


def test_a_stem_name_stands_for_all_its_segments(oracle: OracleFactorization) -> None:
    parts = built(oracle, n_segments=3)
    assert parts.n == 9
    assert parts.indices("bass") == [3, 4, 5]
    assert parts.names[3] == "bass 0.00–1.00 s"
    with pytest.raises(UsageError, match="did you mean 'bass'"):
        parts.indices("bas")


def test_segments_add_up_to_their_stem(oracle: OracleFactorization) -> None:
    parts = built(oracle, n_segments=4)
    total = sum(parts.heard_mixes(parts.mask(name)[None])[0] for name in parts.names[:4])
    np.testing.assert_allclose(total, parts.heard[0], atol=1e-6)


class WithFaintResidual:
    """Estimates that miss a tone of the given level."""

    spec: str | None = None
    fingerprint = "test"
    scope: Scope = "blocks"
    references: tuple[str, ...] = ()

    def __init__(self, oracle: OracleFactorization, gain: float) -> None:
        self.oracle, self.gain = oracle, gain

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        stems = self.oracle.factorize(audio, start_s=start_s, duration_s=duration_s)
        estimates = stems.samples * np.float32(1 - self.gain)
        first, end = audio.span(start_s, duration_s)
        return with_residual(audio.samples[:, first:end], stems.names, estimates, stems.sr)


@pytest.mark.parametrize(("gain", "switched"), [(1e-4, False), (1e-2, True)])
def test_a_residual_is_switched_unless_it_is_too_faint_to_matter(
    oracle: OracleFactorization, gain: float, switched: bool
) -> None:
    grid = Grid.of(tagger(lambda b: b, sr=16000), SR)
    parts = build(oracle.mixture, WithFaintResidual(oracle, gain), grid, start_s=0.0, duration_s=3.0)
    assert parts.residual_switched is switched
    assert parts.names == (("drums", "bass", "voice", "residual") if switched else ("drums", "bass", "voice"))
    assert parts.residual_db == pytest.approx(20 * np.log10(gain), abs=0.01)
    everything = parts.listen(np.ones(parts.n, bool), background=True, name="all").samples
    np.testing.assert_allclose(everything, oracle.mixture.excerpt(0.0, 3.0).samples, atol=1e-5)
    nothing = parts.heard_mixes(np.zeros((1, parts.n), bool))
    assert bool(nothing.any()) is not switched  # background stays on when every component is off


@pytest.mark.parametrize(("missed_db", "switched"), [(None, False), (-61.0, False), (-59.0, True)])
def test_what_resampling_leaves_out_is_background_and_said_to_be(missed_db: float | None, switched: bool) -> None:
    """A recording at 16 kHz and a separator at 44.1 kHz: nothing is missed but what lies just below 8 kHz."""
    audio = Audio(noise(4, 4.0)[0][:, :64000], 16000, "low")

    def estimate(first: int, end: int) -> np.ndarray:
        heard = resample_span(audio.samples, 16000, SR, first, end)
        return np.stack([0.3 * heard, (0.7 - 10 ** ((missed_db or -200) / 20)) * heard])

    class Separator(OracleFactorization):
        def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
            return separated_at(SR, estimate, ["a", "b"], audio, start_s=start_s, duration_s=duration_s)

    separator, grid = Separator({"any": (audio.samples, 16000)}), Grid.of(tagger(lambda b: b, sr=16000), 16000)
    parts = build(audio, separator, grid, start_s=0.5, duration_s=3.0)
    assert parts.residual_db == pytest.approx(-13.6, abs=0.5)  # white noise up to half its rate: far above -60 dB
    assert parts.residual_switched is switched
    assert parts.names == (("a", "b", "residual") if switched else ("a", "b"))
    assert (ROLLED_OFF in parts.stems.notes) is not switched
    everything = parts.listen(np.ones(parts.n, bool), background=True, name="all").samples
    np.testing.assert_allclose(everything, audio.excerpt(0.5, 3.0).samples, atol=1e-5)
    assert bool(parts.heard_mixes(np.zeros((1, parts.n), bool)).any()) is not switched  # it stays on in every mix
    kept = build(audio, KeptStems(separator, audio), grid, start_s=0.5, duration_s=3.0)
    assert kept.names == parts.names


def test_what_a_separator_of_a_lower_rate_cannot_hold_is_no_roll_off() -> None:
    """Nor what a network mutes at its own rate: these are sounds that it misses, and they are switched."""
    audio = Audio(noise(4)[0], SR, "song")

    def estimate(first: int, end: int) -> np.ndarray:
        return resample_span(audio.samples, SR, 16000, first, end)[None]

    stems = separated_at(16000, estimate, ["below 8 kHz"], audio)
    assert stems.names == ("below 8 kHz", "residual")
    assert stems.rolled_off is None


def test_levels_are_relative_to_the_mixture(oracle: OracleFactorization) -> None:
    assert built(oracle).levels_db == pytest.approx([10 * np.log10(1 / 3)] * 3, abs=0.2)


def test_silence_is_refused() -> None:
    quiet = Audio(np.zeros((1, SR * 4), np.float32), SR, "quiet")
    grid = Grid.of(tagger(lambda b: b), SR)
    with pytest.raises(AudioError, match="'quiet' is silent from 0 s to 3 s"):
        build(quiet, OracleFactorization({"a": quiet}), grid, start_s=0.0, duration_s=3.0)


def test_segments_are_joined_by_crossfades_of_10_ms() -> None:
    steady = OracleFactorization({"one": (np.full((2, 6 * SR), 0.5, np.float32), SR), "other": noise(2)})
    grid = Grid.of(tagger(lambda b: b, sr=16000, window_s=3.0), SR)
    parts = build(steady.mixture, steady, grid, start_s=1.5, duration_s=3.0, segments=[1.0])
    (later,) = parts.listen(parts.mask("one 1.00–3.00 s"), background=False, name="later").samples[:1]
    time_s = np.arange(3 * SR) / SR
    np.testing.assert_allclose(later, 0.5 * np.clip((time_s - 0.995) / 0.01, 0, 1), atol=1e-3)


@pytest.mark.parametrize(("off_by", "kept"), [(5e-6, True), (2e-5, False)])
def test_stems_must_sum_to_the_recording_to_one_part_in_100_000(off_by: float, kept: bool) -> None:
    class Careless(OracleFactorization):
        def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
            stems = super().factorize(audio, start_s=start_s, duration_s=duration_s)
            samples = stems.samples.copy()
            samples[0] += np.float32(off_by)
            return replace(stems, samples=samples)

    careless = Careless({"one": noise(1), "other": noise(2)})
    grid = Grid.of(tagger(lambda b: b, sr=16000, window_s=3.0), SR)
    if kept:
        build(careless.mixture, careless, grid, start_s=0.0, duration_s=3.0)
    else:
        with pytest.raises(UsageError, match="do not sum to the recording"):
            build(careless.mixture, careless, grid, start_s=0.0, duration_s=3.0)
