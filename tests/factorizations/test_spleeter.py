"""Spleeter on ONNX Runtime: the genuine package's stems, whatever excerpt, rate or number of channels is asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext.audio import spectrogram
from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.audio.resampling import resample_span
from audiolime_ext.cli import main
from audiolime_ext.errors import AudioError, CorruptError, UsageError
from audiolime_ext.networks.checkpoints import locate
from audiolime_ext.networks.tensor_bundle import read_tensor_bundle
from audiolime_ext.registry import build
from factorizations import spleeter
from factorizations.spleeter import CONFIGS, HOP_LENGTH, N_FFT, SR, SpleeterFactorization, make
from factorizations.spleeter_network import BLOCK, SpleeterConfig
from tests.parity.compare import MIN_SNR_DB, snr_db
from tests.random_checkpoints import mirrored, random_weights

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "tests" / "reference" / "spleeter.npz"
BORDER_S = (BLOCK * HOP_LENGTH - N_FFT) / SR  # where the second block begins
FIVE = CONFIGS["5stems"]


@pytest.fixture(scope="module")
def two_stems() -> SpleeterFactorization:
    return make("2stems")


@pytest.fixture(scope="module")
def clip() -> Audio:
    return load_audio(ROOT / "audiolime_ext" / "data" / "ezer_ev.ogg")


@pytest.fixture(scope="module")
def estimates(two_stems: SpleeterFactorization, clip: Audio) -> NDArray[np.float32]:
    """Vocals and accompaniment of the whole clip."""
    return two_stems.factorize(clip).samples[:2]


def at_rate(audio: Audio, sr: int) -> Audio:
    n_samples = int(audio.n_samples * sr / audio.sr)
    return Audio(resample_span(audio.samples, audio.sr, sr, 0, n_samples), sr)


def test_stems_around_a_block_border_are_the_genuine_packages(
    two_stems: SpleeterFactorization, estimates: NDArray[np.float32], clip: Audio
) -> None:
    with np.load(REFERENCE) as stored:
        first, end = stored["span"]
        assert first < BORDER_S * SR < end
        for name, ours in zip(two_stems.config.instruments, estimates, strict=True):
            excerpt, mixture = stored[f"{name}|excerpt"], clip.samples[:, first:end]
            assert snr_db(excerpt, ours[:, first:end], mixture=mixture) >= MIN_SNR_DB
            assert snr_db(excerpt, ours[:, first + 1 : end + 1], mixture=mixture) < 40  # one sample late is noticed


def test_energies_of_every_second_are_the_genuine_packages(estimates: NDArray[np.float32]) -> None:
    by_second = np.square(estimates[..., : 20 * SR].reshape(2, 2, 20, SR), dtype=np.float64).sum(axis=-1)
    with np.load(REFERENCE) as stored:
        expected = np.stack([stored["vocals|energy"], stored["accompaniment|energy"]])
    np.testing.assert_allclose(by_second, expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("start_s", "duration_s"), [(0.0, 0.5), (3.0, 3.0), (BORDER_S - 0.7, 1.5), (BORDER_S, 0.01), (19.9, None)]
)
def test_an_excerpts_stems_are_bitwise_those_of_the_whole_recording(
    two_stems: SpleeterFactorization,
    estimates: NDArray[np.float32],
    clip: Audio,
    start_s: float,
    duration_s: float | None,
) -> None:
    stems = two_stems.factorize(clip, start_s=start_s, duration_s=duration_s)
    first, end = clip.span(start_s, duration_s)
    assert stems.names == ("vocals", "accompaniment", "residual")
    np.testing.assert_array_equal(stems.samples[:2], estimates[..., first:end])
    np.testing.assert_allclose(stems.mixture, clip.samples[:, first:end], atol=1e-6)


@pytest.mark.parametrize("sr", [48000, 22050])
def test_at_other_rates_the_same_second_gives_the_same_stems(
    two_stems: SpleeterFactorization, clip: Audio, sr: int
) -> None:
    audio = at_rate(clip.excerpt(9.0, 5.0), sr)
    whole = two_stems.factorize(audio)
    for start_s, duration_s in ((0.0, 1.0), (2.345, 1.1), (4.5, None)):
        first, end = audio.span(start_s, duration_s)
        part = two_stems.factorize(audio, start_s=start_s, duration_s=duration_s)
        assert part.sr == sr
        np.testing.assert_allclose(part.samples, whole.samples[..., first:end], rtol=0, atol=1e-5)


def test_at_another_rate_the_stems_sound_the_same(
    two_stems: SpleeterFactorization, estimates: NDArray[np.float32], clip: Audio
) -> None:
    audio = at_rate(clip, 48000)
    stems = two_stems.factorize(audio, start_s=5.0, duration_s=2.0)
    expected = resample_span(estimates, SR, 48000, 5 * 48000, 7 * 48000)
    for ours, theirs in zip(stems.samples[:2], expected, strict=True):
        assert snr_db(theirs, ours, mixture=stems.mixture) > 40


def test_mono_is_separated_as_two_equal_channels_and_stays_mono(two_stems: SpleeterFactorization, clip: Audio) -> None:
    mono = Audio(clip.samples.mean(axis=0, keepdims=True), SR)
    doubled = Audio(np.repeat(mono.samples, 2, axis=0), SR)
    ours = two_stems.factorize(mono, start_s=1.0, duration_s=1.0).samples
    assert ours.shape == (3, 1, SR)
    both = two_stems.factorize(doubled, start_s=1.0, duration_s=1.0).samples
    np.testing.assert_allclose(ours[:2], both[:2].mean(axis=1, keepdims=True), atol=1e-6)


def test_what_the_networks_mute_is_in_the_residual(two_stems: SpleeterFactorization) -> None:
    tone = np.sin(2 * np.pi * 15000 * np.arange(SR) / SR).astype(np.float32)  # above the 11 kHz that they see
    stems = two_stems.factorize(Audio(np.stack([tone, tone]), SR), start_s=0.25, duration_s=0.5)
    np.testing.assert_allclose(stems["residual"].samples, stems.mixture, atol=1e-3)


@pytest.mark.parametrize("n_samples", [1, 1023, 1024, 1025])
def test_recordings_shorter_than_a_frame_can_be_separated(two_stems: SpleeterFactorization, n_samples: int) -> None:
    audio = Audio(np.random.default_rng(0).normal(0, 0.1, (2, n_samples)).astype(np.float32), SR)
    stems = two_stems.factorize(audio)
    np.testing.assert_allclose(stems.mixture, audio.samples, atol=1e-6)


def test_silence_has_silent_stems(two_stems: SpleeterFactorization) -> None:
    stems = two_stems.factorize(Audio(np.zeros((2, SR), np.float32), SR))
    assert not stems.samples.any()


def test_five_stems_with_softmax_masks_sum_to_the_mixture_below_11_khz() -> None:
    low = np.sin(2 * np.pi * 440 * np.arange(SR) / SR).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 0.1, SR).astype(np.float32)
    audio = Audio(np.stack([low, low + noise]), SR)
    separator = SpleeterFactorization(FIVE, random_weights(FIVE.shapes()))
    stems = separator.factorize(audio, start_s=0.2, duration_s=0.5)
    assert stems.names == (*FIVE.instruments, "residual")
    spectrum = spectrogram.stft(stems["residual"].samples, n_fft=N_FFT, hop_length=HOP_LENGTH)
    assert np.abs(spectrum[..., :1000]).max() < 1e-2 * np.abs(spectrum[..., 1100:]).max()
    assert all(np.abs(stems[name].samples).max() > 0.01 for name in FIVE.instruments)


def test_masks_of_a_16_khz_variant_reach_to_16_khz() -> None:
    config = SpleeterConfig(("vocals", "accompaniment"), n_bins=1536)
    tone = np.sin(2 * np.pi * 15000 * np.arange(SR) / SR).astype(np.float32)
    separator = SpleeterFactorization(config, random_weights(config.shapes()))
    stems = separator.factorize(Audio(tone[None], SR), start_s=0.25, duration_s=0.5)
    assert max(np.abs(stems[name].samples).max() for name in config.instruments) > 0.1


@pytest.mark.parametrize("name", ["2stems", "4stems", "5stems"])
def test_16_khz_variants_have_the_weights_and_the_stems_of_their_siblings(name: str) -> None:
    assert spleeter.VARIANTS[f"{name}-16kHz"] == spleeter.VARIANTS[name]
    assert replace(spleeter.CONFIGS[f"{name}-16kHz"], n_bins=1024) == spleeter.CONFIGS[name]


def test_four_and_five_stems_are_fetched_from_their_release_and_separated(
    clip: Audio, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip.excerpt(3.0, 1.0).write(tmp_path / "clip.wav")
    with mirrored(tmp_path) as mirror:
        fingerprints = set()
        for variant in ("4stems", "4stems-16kHz", "5stems", "5stems-16kHz"):
            command = ["separate", str(tmp_path / "clip.wav"), "-f", f"spleeter:{variant}", "-o"]
            assert main([*command, str(tmp_path / variant / "out")]) == 0
            written = {path.stem: load_audio(path) for path in (tmp_path / variant).rglob("*.wav")}
            assert written.keys() == {*spleeter.CONFIGS[variant].instruments, "residual"}
            total = np.sum([audio.samples for audio in written.values()], axis=0)
            np.testing.assert_allclose(total, clip.excerpt(3.0, 1.0).samples, atol=1e-5)
            fingerprints.add(make(variant).fingerprint)
        assert len(mirror.asked) == 2  # what two variants share is fetched once
        assert len(fingerprints) == 4
    assert capfd.readouterr().err.count("fetching spleeter-") == 2


def test_offline_the_command_says_how_to_bring_the_archive(
    clip: Audio, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clip.excerpt(3.0, 1.0).write(tmp_path / "clip.wav")
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("AUDIOLIME_OFFLINE", "1")
    command = ["separate", str(tmp_path / "clip.wav"), "-f", "spleeter:5stems", "-o", str(tmp_path / "out")]
    assert main(command) == 3
    (line,) = capfd.readouterr().err.splitlines()
    assert line.endswith("run: audiolime checkpoints fetch spleeter-5stems --from 5stems.tar.gz")


def test_weights_of_another_architecture_are_refused(two_stems: SpleeterFactorization) -> None:
    with pytest.raises(CorruptError, match=r"another architecture: 'conv2d_14/kernel' is absent"):
        SpleeterFactorization(spleeter.CONFIGS["4stems"], random_weights(two_stems.config.shapes()))


def test_fingerprints_follow_the_weights_and_the_architecture(two_stems: SpleeterFactorization) -> None:
    config = two_stems.config
    weights = random_weights(config.shapes())
    ours = SpleeterFactorization(config, weights)
    assert ours.spec is None
    assert ours.fingerprint == SpleeterFactorization(config, dict(weights)).fingerprint
    others = [
        two_stems,
        SpleeterFactorization(config, random_weights(config.shapes(), seed=1)),
        SpleeterFactorization(SpleeterConfig(config.instruments, up="ELU"), weights),
    ]
    assert ours.fingerprint not in {other.fingerprint for other in others}


def test_a_checkpoint_of_the_architecture_has_the_published_shapes(two_stems: SpleeterFactorization) -> None:
    index, _ = spleeter.CHECKPOINT.files
    published = read_tensor_bundle((locate(spleeter.CHECKPOINT) / index).with_suffix(""))
    assert two_stems.config.shapes() == {name: tensor.shape for name, tensor in published.items()}


def test_a_spec_builds_it_again() -> None:
    built = build("factorization", "spleeter:2stems")
    assert (built.spec, built.scope) == ("spleeter:2stems", "blocks")
    assert built.fingerprint == make("2stems").fingerprint
    assert "hennequin2020spleeter" in built.references[0]


@pytest.mark.parametrize("argument", ["", "3stems"])
def test_unknown_variants_are_refused_with_those_there_are(argument: str) -> None:
    with pytest.raises(UsageError, match=r"unknown Spleeter variant .*\(allowed: 2stems, 4stems, .*PATH\)"):
        make(argument)


def test_an_excerpt_beyond_the_end_is_refused(two_stems: SpleeterFactorization, clip: Audio) -> None:
    with pytest.raises(AudioError, match="does not lie within"):
        two_stems.factorize(clip, start_s=19.0, duration_s=3.0)
