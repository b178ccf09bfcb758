"""The relevant part of a recording as sound, and the rest.

Cells of frames and bands become a mask over the recording's own short-time Fourier transform (Hann frames of 46 ms, a
quarter apart), which keeps its rate, its channels and its phase:

- in time a mask is interpolated between the centres of the model's frames, and is zero half a frame beyond them;
- in frequency each bin is shared between the bands whose peaks it lies between, in the proportion of their triangular
  filters. Below the lowest peak it belongs to the lowest band; above the highest peak it fades out to where that band
  ends. What is higher the model does not hear, and the mask is zero.

Invariant: *the part plus the rest is the passage* from the first window's start to the last one's end, to 1e-6 of full
scale, because the rest is the passage less the part. Where there are no cells the part is empty, which its name says.
The part is a filtered recording and not a source: sounds that share a cell are heard together, and relevance below a
voice is heard with the voice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio, Samples, load_audio
from audiolime_ext.audio.spectrogram import frame_length, istft, stft
from audiolime_ext.errors import UsageError
from audiolime_ext.gradients.differentiating import Floats

if TYPE_CHECKING:
    from audiolime_ext.gradients.relevance import Relevance

_OVERLAP = 4


def parted(relevance: Relevance, cells: NDArray[np.bool_], audio: Any) -> tuple[Audio, Audio]:
    """The part of a recording in some cells (n_frames, n_bands), and the rest of the passage that its windows span.

    Raises
    ------
    UsageError
        If the bands' frequencies are not known, or the recording is not at hand, or another.
    """
    recording = recording_of(relevance, audio)
    if relevance.bands_hz is None or relevance.top_hz is None:
        raise UsageError(
            "the front end does not say which frequencies its bands are, so they cannot be heard; wrap it: "
            "audiolime_ext.prediction.front_end.MelSpectra"
        )
    begin = max(0, round(relevance.windows[0].start_s * recording.sr))
    end = min(recording.n_samples, round((relevance.windows[-1].start_s + relevance.window_s) * recording.sr))
    mixture = recording.samples[:, begin:end]
    n_fft = frame_length(recording.sr)
    times_s = relevance.times_s - begin / recording.sr
    shares = bin_shares(relevance.bands_hz, relevance.top_hz, recording.sr, n_fft)
    part = masked(mixture, cells.astype(np.float64), times_s, relevance.step_s, shares, recording.sr)
    name = f"{recording.name}: {relevance.label}, by {relevance.method}"
    told = name if cells.any() else f"{name} (empty: no cell is in it)"
    return Audio(part, recording.sr, told), Audio(mixture - part, recording.sr, f"{name}, the rest")


def recording_of(relevance: Relevance, audio: Any) -> Audio:
    """The recording of a map: the one that is given, as anything that `load_audio` reads, or the one at hand.

    Raises
    ------
    UsageError
        If it is not at hand, or another.
    AudioError
        If it cannot be read.
    """
    recording = relevance.audio if audio is None else load_audio(audio)
    if recording is None:
        raise UsageError("a saved result does not hold its recording; give it: listen(audio='song.ogg')")
    if recording.sha256 != relevance.sha256:
        raise UsageError(f"{recording.name!r} is not the recording {relevance.recording!r} that this was made of")
    return recording


def bin_shares(bands_hz: Floats, top_hz: float, sr: int, n_fft: int) -> Floats:
    """How each bin is shared between bands, shape (n_bins, n_bands); rows sum to one up to the highest peak.

    Examples
    --------
    >>> bin_shares(np.array([1000.0, 2000.0]), 4000.0, 8000, 8)
    array([[1. , 0. ],
           [1. , 0. ],
           [0. , 1. ],
           [0. , 0.5],
           [0. , 0. ]])
    """
    bins_hz = np.arange(n_fft // 2 + 1) * (sr / n_fft)
    peaks = np.append(bands_hz, max(top_hz, np.nextafter(bands_hz[-1], np.inf)))
    return np.stack([np.interp(bins_hz, peaks, one) for one in np.eye(len(peaks))[:-1]], axis=1)


def masked(mixture: Samples, cells: Floats, times_s: Floats, step_s: float, shares: Floats, sr: int) -> Samples:
    """What a mask of cells leaves of a signal.

    Parameters
    ----------
    mixture : ndarray of float32, shape (n_channels, n_samples)
        Signal.
    cells : ndarray of float64, shape (n_frames, n_bands)
        Share of each cell that is left, 0 to 1.
    times_s : ndarray of float64, shape (n_frames,)
        Centres of the frames, in seconds from the signal's start.
    step_s : float
        Step between them.
    shares : ndarray of float64, shape (n_bins, n_bands)
        Share of each bin in the bands, see `bin_shares`.
    sr : int
        Sampling rate in Hz.
    """
    n_fft, n_samples = 2 * (len(shares) - 1), mixture.shape[1]
    hop = n_fft // _OVERLAP
    padded = np.pad(mixture, [(0, 0), (n_fft - hop, n_fft - hop + -n_samples % hop)])  # every sample in four frames
    n_frames = 1 + (padded.shape[1] - n_fft) // hop
    at_s = ((np.arange(n_frames) + 1) * hop - n_fft / 2) / sr
    lit = np.pad(cells, [(1, 1), (0, 0)])
    places = np.concatenate([[times_s[0] - step_s / 2], times_s, [times_s[-1] + step_s / 2]])
    within = np.clip(np.searchsorted(places, at_s, side="right") - 1, 0, len(places) - 2)
    share = np.clip((at_s - places[within]) / (places[within + 1] - places[within]), 0, 1)[:, None]
    mask = (((1 - share) * lit[within] + share * lit[within + 1]) @ shares.T).astype(np.float32)
    part = np.empty_like(mixture)
    for channel, own in enumerate(padded):  # one by one: a spectrum is eight times as large as its signal
        found = istft(mask * stft(own, n_fft=n_fft, hop_length=hop), hop_length=hop)
        part[channel] = found[n_fft - hop :][:n_samples]
    return part
