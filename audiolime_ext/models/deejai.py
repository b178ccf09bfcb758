"""Deej-AI: an embedding for each five seconds of music, near for songs that share playlists.

``deejai:PATH`` is MP3ToVec, the network of Robert Dargavel Smith's Deej-AI: PATH is its ``speccy_model`` as Keras saved
it (HDF5 or ``.keras``), or the safetensors file of the author's PyTorch conversion ``audio-encoder``, or its folder.
All are read without Keras and PyTorch, and run on ONNX Runtime. Nothing is downloaded. It answers 100 values without
labels; songs are compared by the cosine between the means of their windows.

What it hears, as MP3ToVec does: mono at 22,050 Hz; frames of 2048 samples every 512, the first centred on the window's
beginning, so there is a lead of 1024 samples; the power in 96 mel bands (Slaney's, up to 11,025 Hz); windows of 216
frames, a window after another; each in dB below its own loudest band, no less than −80; and that scaled so that the
window's least is 0 and its largest 1. Silence is 0 throughout. The last frame ends 512 samples behind the step to the
next window, so windows are 5.04 s long, every 5.02 s. A recording that is shorter is filled up with silence.

The conversion's own program differs in details: it cuts the sound before it makes frames, scales by 80 dB whatever the
least is, and rounds to 256 steps. Here both kinds of files are given what the network was trained on.

``deejai:PATH?layer=NAME`` reads a layer, averaged over time and frequency: ``conv1`` to ``conv3``, the separable
convolutions as they are (n_batch, n_features, n_bands, n_frames); ``block1`` to ``block3``, behind the leaky ReLU, the
batch normalisation and the maximum; ``penultimate``, the dense layer behind its normalisation (n_batch, n_features).

It can be differentiated, by PyTorch, up to the spectra between 0 and 1: that each is scaled by its own loudest and
least value is not differentiated.

References
----------
R. D. Smith: Deej-AI, https://github.com/teticio/Deej-AI, 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.spectrogram import mel_spectrogram
from audiolime_ext.errors import UsageError
from audiolime_ext.models.deejai_weights import LAYERS, N_FRAMES, N_MELS, Weights, graph_of, network_of, weights_of
from audiolime_ext.networks.graph import Network
from audiolime_ext.networks.runtime import MOST_THREADS
from audiolime_ext.networks.tensor_bundle import content_hash
from audiolime_ext.networks.torch_graph import TorchGraph
from audiolime_ext.prediction.autograd import averaged, of_graph
from audiolime_ext.prediction.capabilities import CotangentFn, Derivative
from audiolime_ext.prediction.front_end import MelSpectra
from audiolime_ext.prediction.function import tagger
from audiolime_ext.prediction.function_model import differentiable
from audiolime_ext.prediction.layers import Inside, LayeredModel, layered
from audiolime_ext.prediction.option_values import positive
from audiolime_ext.registry import options

SR, N_FFT, HOP_LENGTH = 22050, 2048, 512
LEAD, STEP = N_FFT // 2, N_FRAMES * HOP_LENGTH
WINDOW = (N_FRAMES - 1) * HOP_LENGTH + N_FFT - LEAD  # behind its beginning
FAINTEST, RANGE_DB = 1e-10, 80.0
PUBLISHED = "diffusion_pytorch_model.safetensors"
VARIANTS: Mapping[str, None] = {"PATH": None}
REQUIRES: Mapping[str, str] = {"safetensors": "deejai"}
_VERSION = 1  # of this module's arithmetic

_SMITH = """@misc{smith2019deejai,
  author = {Smith, Robert Dargavel},
  title = {Deej-AI: Create Automatic Playlists by Using Deep Learning to Listen to the Music},
  year = {2019},
  howpublished = {https://github.com/teticio/Deej-AI}
}"""

Floats = NDArray[np.float32]


def make(argument: str) -> LayeredModel:
    """The model of ``deejai:PATH``; the options are ``layer`` and ``threads``.

    It answers float32, (n_batch, 100), without labels; of a layer, (n_batch, n_features).

    Raises
    ------
    UsageError
        If no file is named, it holds another network or pickled objects, or there is no such option or layer.
    MissingError
        If the file or a package is missing; `CorruptError` if the file is damaged.
    """
    place, given = options(argument, ["layer", "threads"])
    if not place:
        raise UsageError("deejai: names no file; write deejai:PATH, of Deej-AI's speccy_model or its conversion")
    path = Path(place)
    weights = weights_of(path / PUBLISHED if path.is_dir() else path)
    threads = cast("int | None", positive(given, "threads", int, MOST_THREADS))
    network = _Network(weights, threads)
    return _model(network, Inside(LAYERS, network.read, channels=1), place, given)


def log_mel(batch: Floats) -> Floats:
    """Input of the network: mel spectra in 0…1, shape (n_batch, n_frames, 96), float32.

    Parameters
    ----------
    batch : ndarray of float32, shape (n_batch, n_samples)
        Signals, mono at 22,050 Hz; the first frame starts at the first sample. 112,128 samples are 216 frames.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(0, 0.1, (1, LEAD + WINDOW)).astype(np.float32)
    >>> spectra = log_mel(noise)
    >>> spectra.shape, float(spectra.min()), float(spectra.max())
    ((1, 216, 96), 0.0, 1.0)
    """
    mel = mel_spectrogram(batch, sr=SR, n_fft=N_FFT, hop_length=HOP_LENGTH, n_mels=N_MELS)
    db = np.float32(10) * np.log10(np.maximum(mel, np.float32(FAINTEST)))
    largest = db.max(axis=(1, 2), keepdims=True)
    above = np.maximum(db - largest, np.float32(-RANGE_DB))
    least = above.min(axis=(1, 2), keepdims=True)
    return np.asarray(np.where(least < 0, (above - least) / np.where(least < 0, -least, 1), 0), np.float32)


class _Network:
    """The network, built anew for each layer that is read."""

    def __init__(self, weights: Weights, threads: int | None) -> None:
        self._weights, self._threads = weights, threads
        self._networks: dict[str | None, Network] = {}
        self.version = content_hash(weights)[:16]

    def read(self, spectra: Floats, layer: str | None = None) -> Floats:
        """The embedding, or a layer's activations, of spectra (n_batch, 216, 96)."""
        if layer not in self._networks:
            self._networks[layer] = graph_of(self._weights, layer).network(threads=self._threads)
        return self._networks[layer](np.asarray(spectra, np.float32))[0]

    def vjp(self, spectra: Floats, cotangent_fn: CotangentFn, wrt: str | None, layer: str | None = None) -> Derivative:
        """The embedding, or a layer's activations averaged, differentiated by the spectra or by a layer before it."""
        graph, tensors = self._in_torch
        names = {tensor: name for name, tensor in tensors.items() if name is not None}
        pool = None if layer is None else partial(averaged, channels=1)
        network = of_graph(lambda: graph, tensors[layer], who="deejai", pool=pool, layers=names, threads=self._threads)
        return network(spectra, cotangent_fn, wrt)

    @cached_property
    def _in_torch(self) -> tuple[TorchGraph, Mapping[str | None, str]]:
        graph, tensors = network_of(self._weights)
        graph.output(tensors[None], "answers", None)
        return graph.in_torch(), tensors


def _model(network: _Network, inside: Inside, place: str, given: Mapping[str, str]) -> LayeredModel:
    layer = inside.named(given["layer"]) if "layer" in given else None
    made = tagger(
        network.read if layer is None else lambda spectra: inside.vectors(spectra, layer, None),
        sr=SR,
        front_end=MelSpectra(log_mel, SR, N_FFT, HOP_LENGTH, N_MELS),
        batch_size=16,
        window_s=WINDOW / SR,
        hop_s=STEP / SR,
        lead_s=LEAD / SR,
        version=f"deejai {network.version}-{_VERSION} {layer}",
    )
    said = "&".join(f"{key}={value}" for key, value in given.items())
    named = replace(made, spec=f"deejai:{place}?{said}" if said else f"deejai:{place}", references=(_SMITH,))
    made = differentiable(named, partial(network.vjp, layer=layer))
    return layered(made, inside, lambda other: _model(network, inside, place, {**given, "layer": other}))
