"""Parts of a recording: planted ones are found, masks are shares, and the fit sees all of the recording."""

from __future__ import annotations

import re
import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext import Audio, explain, tagger
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.contract import factorize_in_parts
from audiolime_ext.progress.stages import reporting
from audiolime_ext.registry import build
from factorizations import nmf
from factorizations.nmf import NMFFactorization, make

SR = 16000


def tone(hz: float, gate: str, sr: int = SR) -> NDArray[np.float32]:
    """Half seconds of a tone where the gate says ``1``, softly switched."""
    on = np.repeat([float(bit) for bit in gate], sr // 2)
    on = np.convolve(on, np.hanning(sr // 50) / np.hanning(sr // 50).sum(), mode="same")
    return (0.2 * on * np.sin(2 * np.pi * hz * np.arange(len(on)) / sr)).astype(np.float32)


PLANTED = np.stack([tone(440, "11001100"), 0.5 * tone(1500, "01010101"), 0.25 * tone(4000, "00110111")])


@pytest.fixture(scope="module")
def song() -> Audio:
    """Three tones, each in both channels, twice as loud on the left."""
    mono = PLANTED.sum(axis=0)
    return Audio(np.stack([mono, mono / 2]), SR, "three tones")


@pytest.mark.parametrize("sr", [8000, 44100])
def test_what_was_planted_is_found_strongest_first(sr: int) -> None:
    planted = [tone(440, "11001100", sr), 0.5 * tone(1500, "01010101", sr), 0.25 * tone(3000, "00110111", sr)]
    stems = NMFFactorization(3).factorize(Audio(np.sum(planted, axis=0)[None], sr))
    assert stems.names == ("part 1", "part 2", "part 3")
    for found, expected in zip(stems.samples[:, 0], planted, strict=True):
        assert ((found - expected) ** 2).sum() < 0.02 * (expected**2).sum()


def test_the_same_check_notices_parts_that_were_swapped(song: Audio) -> None:
    found = NMFFactorization(3).factorize(song).samples[[1, 0, 2], 0]
    assert ((found - PLANTED) ** 2).sum(axis=1)[0] > (PLANTED[0] ** 2).sum()


def test_channels_share_their_masks(song: Audio) -> None:
    stems = NMFFactorization(3).factorize(song)
    np.testing.assert_allclose(stems.samples[:, 1], stems.samples[:, 0] / 2, atol=1e-6)


@pytest.mark.parametrize("n_parts", [2, 8, 64])
def test_parts_of_noise_sum_to_it_but_for_rounding(n_parts: int) -> None:
    noise = Audio(np.random.default_rng(0).normal(0, 0.2, (2, SR)).astype(np.float32), SR)
    stems = NMFFactorization(n_parts).factorize(noise)
    assert len(stems.names) == n_parts
    np.testing.assert_allclose(stems.samples.sum(axis=0, dtype=np.float64), noise.samples, atol=5e-7)


def test_the_templates_are_those_of_the_whole_recording(song: Audio) -> None:
    """The first second holds one tone that goes on and two that have not begun, or hardly: they are still parts."""
    stems = NMFFactorization(3).factorize(song, duration_s=0.9)
    alone = NMFFactorization(3).factorize(song.excerpt(0.0, 0.9))
    assert ((stems.samples[0, 0] - PLANTED[0, : round(0.9 * SR)]) ** 2).sum() < 0.02 * (PLANTED[0] ** 2).sum()
    assert np.abs(stems.samples - alone.samples).max() > 0.01


def test_a_recording_is_fitted_once_and_forgotten_with_it(song: Audio, monkeypatch: pytest.MonkeyPatch) -> None:
    separator, fits = NMFFactorization(3), []
    fit = nmf._templates

    def counted(*args: object) -> object:
        fits.append(args)
        return fit(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(nmf, "_templates", counted)
    other = Audio(song.samples[:, ::-1].copy(), SR)
    for _ in range(2):
        separator.factorize(song, start_s=1.0)
        separator.factorize(other, duration_s=1.0)
    assert len(fits) == len(separator._fitted) == 2
    del other
    assert len(separator._fitted) == 1


def test_templates_of_a_long_recording_are_fitted_to_frames_from_all_of_it(
    song: Audio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nmf, "MOST_FRAMES", 60)
    found = NMFFactorization(3).factorize(song).samples[:, 0]
    assert (((found - PLANTED) ** 2).sum(axis=1) < 0.05 * (PLANTED**2).sum(axis=1)).all()


def test_memory_beyond_the_parts_does_not_grow_with_the_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nmf, "MOST_FRAMES", 512)

    def beyond(seconds: int) -> int:
        audio = Audio(np.random.default_rng(0).normal(0, 0.1, (1, seconds * SR)).astype(np.float32), SR)
        tracemalloc.start()
        for stems in factorize_in_parts(NMFFactorization(3), audio, part_s=5.0):
            n_bytes = stems.samples.nbytes
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak - n_bytes

    NMFFactorization(2).factorize(Audio(np.ones((1, SR), np.float32), SR))  # imports
    assert beyond(40) < 1.2 * beyond(10) < 60e6


@pytest.mark.parametrize("n_samples", [1, 100, 1500])
def test_a_recording_of_fewer_frames_than_parts_is_split_too(n_samples: int) -> None:
    audio = Audio(np.random.default_rng(0).normal(0, 0.1, (2, n_samples)).astype(np.float32), SR)
    np.testing.assert_allclose(NMFFactorization(16).factorize(audio).mixture, audio.samples, atol=1e-6)


def test_silence_has_silent_parts() -> None:
    stems = NMFFactorization(4).factorize(Audio(np.zeros((2, SR), np.float32), SR))
    assert stems.names == ("part 1", "part 2", "part 3", "part 4")
    assert not stems.samples.any()


def test_the_seed_decides_and_nothing_else() -> None:
    noise = Audio(np.random.default_rng(0).normal(0, 0.2, (1, SR)).astype(np.float32), SR)
    first, again, other = (make(f"4?seed={seed}").factorize(noise).samples for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


@pytest.mark.parametrize(
    ("spec", "written"),
    [
        ("nmf:08", "nmf:8"),
        ("nmf:8?seed=0", "nmf:8"),
        ("nmf:8?seed=1&n_fft=4096", "nmf:8?n_fft=4096&seed=1"),
    ],
)
def test_a_spec_is_written_in_one_way(spec: str, written: str) -> None:
    assert build("factorization", spec).spec == written


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("", r"nmf: is not possible; write nmf:N with N from 2 to 64, such as nmf:8"),
        ("0", r"nmf:0 is not possible"),
        ("1", r"nmf:1 is not possible"),
        ("65", r"nmf:65 is not possible"),
        ("-8", r"nmf:-8 is not possible"),
        ("eight", r"nmf:eight is not possible"),
        ("8?n_fft=1000.5", r"n_fft is '1000\.5'; it must be a whole number"),
        ("8?n_fft=1001", r"n_fft is 1001; it must be a multiple of 4 from 64 to 65536"),
        ("8?n_fft=32", r"n_fft is 32; it must be a multiple of 4"),
        ("8?seed=-1", r"seed is '-1'; it must be a whole number"),
        ("8?seed=4294967296", r"seed is 4294967296; it must lie between 0 and 2\^32 - 1"),
        ("8?hop=3", r"unknown option 'hop'.*allowed: n_fft, seed"),
    ],
)
def test_what_is_not_possible_is_refused(argument: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build("factorization", f"nmf:{argument}")


def test_a_model_that_listens_to_one_tone_is_explained_by_its_part(song: Audio) -> None:
    def level(batch: NDArray[np.float32]) -> NDArray[np.float64]:
        wave = np.exp(-2j * np.pi * 1500 * np.arange(batch.shape[1]) / SR)
        return np.asarray(10 * np.abs(batch @ wave)[:, None] / batch.shape[1])

    e = explain(song, tagger(level, sr=SR, labels=["1500 Hz"]), factorization="nmf:3", start_s=0.5, duration_s=2)
    assert e.top().components == ("part 2",)
    assert e.weights("1500 Hz")["part 2"] > 0.95 * e.score("1500 Hz")[0]


def test_it_says_how_far_it_is() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 80000)).astype(np.float32)
    told: list[str] = []
    with reporting(lambda at: told.append(str(at))):
        make("2").factorize(Audio(noise, 8000))
    assert any(line.startswith("fitting the parts") for line in told)
    assert re.fullmatch(r"separating: (\d+) of \1 blocks", told[-1])
