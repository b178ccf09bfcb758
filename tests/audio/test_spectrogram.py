"""Transforms and filters, against librosa and against their own inverses."""

import librosa
import numpy as np
import pytest

from audiolime_ext.audio.spectrogram import hann, istft, mel_edges_hz, mel_filterbank, mel_spectrogram, stft

NOISE = np.random.default_rng(0).standard_normal((2, 20000)).astype(np.float32)


@pytest.mark.parametrize(
    ("sr", "n_fft", "n_mels"), [(16000, 512, 96), (44100, 2048, 128), (22050, 1024, 40), (1500, 512, 20)]
)
def test_mel_filters_are_librosas(sr: int, n_fft: int, n_mels: int) -> None:
    ours = mel_filterbank(sr, n_fft, n_mels)
    assert ours.dtype == np.float32
    theirs = librosa.filters.mel(sr=sr, n_fft=n_fft, n_mels=n_mels)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6 * ours.max())
    htk = librosa.filters.mel(sr=sr, n_fft=n_fft, n_mels=n_mels, htk=True)
    assert np.abs(ours - htk).max() > 1e-3 * ours.max()  # the check tells the two mel scales apart


@pytest.mark.parametrize(("n_fft", "hop_length"), [(512, 256), (4096, 1024)])
def test_spectra_are_librosas_without_centring(n_fft: int, hop_length: int) -> None:
    ours = stft(NOISE, n_fft=n_fft, hop_length=hop_length)
    theirs = librosa.stft(NOISE, n_fft=n_fft, hop_length=hop_length, center=False)
    assert ours.dtype == np.complex64
    np.testing.assert_allclose(ours, theirs.swapaxes(-1, -2), atol=1e-5 * np.abs(theirs).max())


def test_mel_spectrograms_are_librosas_without_centring() -> None:
    ours = mel_spectrogram(NOISE.reshape(2, 1, -1), sr=16000, n_fft=512, hop_length=256, n_mels=96)
    theirs = librosa.feature.melspectrogram(y=NOISE, sr=16000, n_fft=512, hop_length=256, n_mels=96, center=False)
    assert ours.shape == (2, 1, 77, 96)
    assert ours.dtype == np.float32
    assert ours.flags.c_contiguous
    np.testing.assert_allclose(ours[:, 0], theirs.swapaxes(-1, -2), rtol=1e-4, atol=1e-6 * theirs.max())


def test_the_window_is_periodic() -> None:
    np.testing.assert_allclose(hann(8)[1:], hann(8)[:0:-1], atol=1e-7)
    assert hann(8)[0] == 0
    assert hann(8)[4] == 1


@pytest.mark.parametrize(("n_fft", "hop_length"), [(4096, 1024), (1024, 256), (1024, 128), (768, 256)])
def test_the_inverse_gives_the_samples_back_where_all_frames_overlap(n_fft: int, hop_length: int) -> None:
    again = istft(stft(NOISE, n_fft=n_fft, hop_length=hop_length), hop_length=hop_length)
    inside = slice(n_fft - hop_length, again.shape[-1] - (n_fft - hop_length))
    np.testing.assert_allclose(again[:, inside], NOISE[:, : again.shape[-1]][:, inside], atol=1e-5)


def test_neighbouring_pieces_add_up_to_the_whole() -> None:
    spectrum = stft(NOISE, n_fft=1024, hop_length=256)
    whole = istft(spectrum, hop_length=256)
    left, right = (istft(part, hop_length=256) for part in (spectrum[:, :30], spectrum[:, 30:]))
    joined = np.zeros_like(whole)
    joined[:, : left.shape[-1]] += left
    joined[:, 30 * 256 :] += right
    np.testing.assert_allclose(joined, whole, atol=1e-5)


def test_frames_cut_out_round_as_in_the_whole() -> None:
    spectrum = stft(NOISE, n_fft=1024, hop_length=256)
    part = istft(spectrum[:, 7:40], hop_length=256)[:, 768:-768]
    whole = istft(spectrum, hop_length=256)[:, 7 * 256 + 768 :][:, : part.shape[-1]]
    np.testing.assert_array_equal(part, whole)


@pytest.mark.parametrize("hop_length", [512, 300])
def test_hops_at_which_windows_do_not_add_up_are_refused(hop_length: int) -> None:
    with pytest.raises(ValueError, match=f"n_fft 1024 must be a multiple of hop_length {hop_length}, three times"):
        istft(np.zeros((4, 513), np.complex64), hop_length=hop_length)


def test_edges_of_mel_bands_are_librosas() -> None:
    assert mel_edges_hz(22050, 40) == pytest.approx(librosa.mel_frequencies(42, fmin=0, fmax=11025), abs=1e-6)
