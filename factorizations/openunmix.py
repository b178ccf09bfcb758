"""Open-Unmix: vocals, drums, bass and other of any recording, or speech and noise, by the package openunmix.

``openunmix:umxhq``, ``umx`` (trained on music without what lies above 16 kHz), ``umxl`` (trained on more music; its
weights are not for commercial use) and ``umxse`` (speech and noise, 16 kHz); ``openunmix:DIR`` is a model of your own.
The extra ``openunmix`` brings PyTorch and torchaudio. Weights are fetched at first use, but never with
``AUDIOLIME_OFFLINE=1``: see `openunmix_weights` for where they lie, and for what a folder of your own must hold.

1. The recording is resampled to the networks' rate. Stereo networks hear mono as two equal channels.
2. Chunks of 900 frames (20.9 s at 44.1 kHz) start every 600. The package's `Separator` treats each as it treats a
   recording of that length: a network for each source, and one step of its Wiener filter (also for a single network:
   the other source is then what it leaves). Chunks are faded into each other by triangles.
3. Back to the recording's rate and channels; what the sources miss of it is `residual`.

The package itself takes a recording as a whole, which needs 30 MB of memory per second. Up to 20.9 s the stems are the
package's own. In longer recordings its networks remember what was further away, ours only what is in the chunk; the
filter is fitted to the same 300 frames at a time in both. On 60 s of music, with networks of random weights, the stems
agree to 93 dB SNR or better where one chunk stands alone, and to 57 dB where two are faded. Trained networks remember
longer, so theirs will differ more; that was not measured.

Invariant: *the same second gives the same stems*, as chunks are counted from the recording's start. They depend on the
sound up to 20.9 s away.

References: Stöter, Uhlich, Liutkus and Mitsufuji, "Open-Unmix - a reference implementation for music source
separation", Journal of Open Source Software 4(41), 2019, doi:10.21105/joss.01667.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.audio.resampling import resample_span, resampled_length
from audiolime_ext.errors import unknown
from audiolime_ext.extras import require
from audiolime_ext.factorization.chunks import faded
from audiolime_ext.factorization.contract import Scope
from audiolime_ext.factorization.own_rate import separated_at
from audiolime_ext.factorization.stems import Stems
from audiolime_ext.networks.checkpoints import ForeignWeights
from audiolime_ext.prediction.saved_model import torch_inference
from factorizations.openunmix_weights import RECORDS, WIENER_FRAMES, kept, own, published

CHUNK, STEP = 3, 2  # of what the Wiener filter is fitted to at once, so that both grids meet
_VERSION = "1"  # of this module's arithmetic

VARIANTS: Mapping[str, ForeignWeights | None] = {
    **{
        name: ForeignWeights(f"{name} of Zenodo's record {record.number}", partial(kept, name), record.download_mb)
        for name, record in RECORDS.items()
    },
    "DIR": None,
}
REQUIRES: Mapping[str, str] = {"openunmix": "openunmix"}

_REFERENCES = (
    """@article{stoter2019open,
  author = {St{\\"o}ter, Fabian-Robert and Uhlich, Stefan and Liutkus, Antoine and Mitsufuji, Yuki},
  title = {Open-Unmix - A Reference Implementation for Music Source Separation},
  journal = {Journal of Open Source Software},
  volume = {4},
  number = {41},
  pages = {1667},
  year = {2019},
  doi = {10.21105/joss.01667}
}""",
)


class OpenUnmixFactorization:
    """Stems of a recording by the networks of a separator.

    Parameters
    ----------
    separator : openunmix.model.Separator
        Separator, such as ``openunmix.umxhq()`` returns.
    spec : str or None
        Spec string that builds it again; None: it exists in memory only.
    """

    scope: Scope = "blocks"
    references: tuple[str, ...] = _REFERENCES

    def __init__(self, separator: Any, *, spec: str | None = None) -> None:
        self._torch = require("torch", extra="openunmix")
        self.separator, self.spec = separator.eval(), spec
        self.names, self.sr = tuple(separator.target_models), int(separator.sample_rate)
        self._stereo = not separator.complexnorm.mono
        n_fft, hop_length, n_frames = separator.stft.n_fft, separator.stft.n_hop, separator.wiener_win_len
        self._shortest = n_fft // 2 + 1  # of what the STFT can reflect
        self._window = (n_frames or WIENER_FRAMES) * hop_length
        about = (self.names, self.sr, self._stereo, n_fft, hop_length, n_frames, separator.niter, separator.softmask)
        content = hashlib.sha256(repr((_VERSION, CHUNK, STEP, about, separator.residual)).encode())
        for name, tensor in separator.target_models.state_dict().items():
            content.update(name.encode() + tensor.contiguous().numpy().tobytes())
        self.fingerprint = content.hexdigest()[:16]

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        """Stems of one excerpt of `audio`, at its own rate and channels; what they miss is `residual`.

        Raises
        ------
        AudioError
            If the excerpt does not lie within the recording.
        """
        length, stride = CHUNK * self._window, STEP * self._window
        last = resampled_length(audio.n_samples, audio.sr, self.sr) - (length - stride)
        stop = max(last, 1)  # what would start later lies within the chunk before
        estimate = partial(faded, partial(self._chunk, audio), length=length, stride=stride, stop=stop)
        return separated_at(self.sr, estimate, self.names, audio, start_s=start_s, duration_s=duration_s)

    def _chunk(self, audio: Audio, at: int) -> Samples:
        """Sources of the chunk that starts at sample `at`, shape (n_stems, n_channels, n_samples)."""
        stop = min(at + CHUNK * self._window, resampled_length(audio.n_samples, audio.sr, self.sr))
        heard = resample_span(audio.samples, audio.sr, self.sr, at, max(stop, at + self._shortest))
        n_channels = 2 if self._stereo else audio.n_channels
        wave = self._torch.from_numpy(np.array(np.broadcast_to(heard, (1, n_channels, heard.shape[1]))))
        with torch_inference(self._torch, None):
            sources = self.separator(wave)[0, : len(self.names), :, : stop - at]
        return np.asarray(sources.numpy())


def confusion(_argument: str) -> None:
    """Not measured: the weights are not available where the package is made."""


def make(argument: str) -> OpenUnmixFactorization:
    """The factorization of ``openunmix:argument``: a published model, or the folder of one's own.

    Raises
    ------
    UsageError
        If there is no such model, or the folder does not hold one that can be used.
    MissingError
        If the package or the weights cannot be had; `CorruptError` if they are damaged.
    """
    spec = f"openunmix:{argument}"
    if argument in RECORDS:
        return OpenUnmixFactorization(published(argument), spec=spec)
    if not argument or not (os.sep in argument or "/" in argument or Path(argument).exists()):
        raise unknown("Open-Unmix model", argument, VARIANTS)
    return OpenUnmixFactorization(own(Path(argument)), spec=spec)
