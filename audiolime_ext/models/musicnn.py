"""musicnn and its VGG baseline: 50 tags for every three seconds of music.

Two networks by Jordi Pons, each trained on MagnaTagATune (MTT) and on the Million Song Dataset (MSD), rebuilt from the
checkpoints in the PyPI package ``musicnn`` 0.1.0 and run on ONNX Runtime. The taggrams equal the package's to 1e-5.

A signal goes through these steps:

1. Frames of 512 samples every 256 at 16 kHz. The package centres its frames, so the first frame of a window that
   starts at sample s begins at s − 256: the model needs 256 samples of lead. A window is 187 frames.
2. Power in 96 mel bands, *rounded to float16*, as it was stored for training, then log10(10000·S + 1) in float32.
   (Under NumPy 2 the package's own expression stays in float16 and overflows on loud music; the networks were not
   trained on that.)
3. The networks: see `musicnn_network`.

A recording that is shorter than a window is repeated until it fills one. The package itself fails on such recordings;
Essentia, which runs the same networks, can repeat the last frames.

Weights and label names are read from the package's files. Its code is never run: the labels are literals in its
``configuration.py``, read with ``ast``.

``MSD_musicnn_big`` is a wider ``musicnn`` that its authors published in their repository only:
``musicnn:MSD_musicnn_big?weights=DIR``, where DIR is the folder ``musicnn/MSD_musicnn_big`` of a copy, with the files
``.index`` and ``.data-00000-of-00001``. Its labels are those of the package.

``?layer=NAME`` makes an embedder of any of them: ``musicnn:MSD_musicnn?layer=penultimate`` answers 200 values per
window in place of 50 scores. The layers are those of the package's ``extractor``, from the input to the output; those
with axes for time or frequency are averaged over them. For a window of 187 frames their activations have the shapes:

=============== ============================ ===========================================================
layer           (n_frames, n_features)       what it is
=============== ============================ ===========================================================
``timbral``     (187, 408)                   convolutions over 38 and 67 of the bands
``temporal``    (187, 153)                   convolutions over 32, 64 and 128 frames
``cnn1–3``      (187, 64), big: (187, 512)   convolutions over time
``mean_pool``   (753,), big: (2097,)         mean over time of all the above
``max_pool``    (753,), big: (2097,)         maximum over time
``penultimate`` (200,), big: (500,)          hidden layer, after its batch normalisation
=============== ============================ ===========================================================

Those of ``vgg`` are ``pool1`` to ``pool5``: (n_frames, n_bands, 128) of 92 × 48, 46 × 24, 23 × 12, 11 × 6 and 2 × 1.
`musicnn_network` says exactly which tensor each of them is.

References
----------
J. Pons, X. Serra: musicnn: Pre-trained convolutional neural networks for music audio tagging, 2019, arXiv:1909.06654.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.spectrogram import mel_spectrogram
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.models.musicnn_files import REFERENCES, big_weights, labels_in
from audiolime_ext.models.musicnn_network import (
    ANSWER,
    MUSICNN_LAYERS,
    N_FRAMES,
    N_MELS,
    SCORES,
    THROUGH,
    VGG_LAYERS,
    Weights,
    musicnn_graph,
    vgg_graph,
)
from audiolime_ext.models.musicnn_random import trained_layers, with_random
from audiolime_ext.networks.checkpoints import Checkpoint, locate
from audiolime_ext.networks.graph import Floats, Graph, Network
from audiolime_ext.networks.tensor_bundle import content_hash, read_tensor_bundle
from audiolime_ext.prediction.autograd import TorchNetwork, averaged, of_graph
from audiolime_ext.prediction.capabilities import CotangentFn, Derivative
from audiolime_ext.prediction.front_end import MelSpectra
from audiolime_ext.prediction.labels import described
from audiolime_ext.prediction.layers import pooled, require_layer
from audiolime_ext.registry import options

SR, N_FFT, HOP_LENGTH = 16000, 512, 256
LEAD, WINDOW = HOP_LENGTH, N_FRAMES * HOP_LENGTH
_VERSION = "1"  # of this module's arithmetic

CHECKPOINT = Checkpoint(
    name="musicnn",
    project="musicnn",
    version="0.1.0",
    sha256="f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa",
    download_mb=29.3,
    licence="ISC",
    files={
        "musicnn/configuration.py": "00fd595eb16bad3a605e10bb6eaf0152cb8125bed6e2c884a636f679ae100419",
        "musicnn/MSD_musicnn/.index": "87f3e0f3550c8d3bafc840374003e5c8af5eeb5ecf6add61af09a7822d3282c8",
        "musicnn/MSD_musicnn/.data-00000-of-00001": "8579734ee6388f799ed0def4bbd0d1fdcbeaf213ef2a9dc860917bd76a303de6",
        "musicnn/MTT_musicnn/.index": "da2d7bb670b2b31e9bc441bb1bd75eca31b5b061f963cc1f9630c1aff3238f57",
        "musicnn/MTT_musicnn/.data-00000-of-00001": "041f3935e981a65cea739842d30c188d3a7d2adf4410955c8668eb3de4a5acab",
        "musicnn/MSD_vgg/.index": "50e499238457558bba9f34f8b84d4afb8279afd43520cdf0a4fdf805a49c9ca3",
        "musicnn/MSD_vgg/.data-00000-of-00001": "9683d756b8311146534f333502ebf4a2a78a3e320c54ab0411dff6186d8375fc",
        "musicnn/MTT_vgg/.index": "4b0d3d2d02bbe0919c063c1fb74bfa9018ac3517e362d681b07444d4207a5f5f",
        "musicnn/MTT_vgg/.data-00000-of-00001": "458f5c8bcecc086a3bba3dce83809df6da6e0a3560a59ddd84711bf3d5fd8303",
    },
)

BIG = "MSD_musicnn_big"
PUBLISHED = ("MSD_musicnn", "MTT_musicnn", "MSD_vgg", "MTT_vgg")
VARIANTS = dict.fromkeys([*PUBLISHED, f"{BIG}?weights=DIR"], CHECKPOINT)


class MusicnnModel:
    """One of the published models.

    Parameters
    ----------
    variant : str
        Name from `PUBLISHED`, or `BIG`.
    folder : Path or None
        Folder with the files of `CHECKPOINT` at their paths inside the wheel; None: they are looked up, or fetched.
    weights : str, Path or None
        Folder of the checkpoint of `BIG`, which no package brings; None for the others.
    threads : int or None
        Number of threads within the network; None: the runtime's choice.

    Raises
    ------
    UsageError
        If there is no such variant, or `weights` is missing, holds no checkpoint, or goes with another variant.
    MissingError
        If the checkpoint cannot be had; `CorruptError` if it is damaged or another network's.

    Examples
    --------
    >>> import numpy as np
    >>> tagger = MusicnnModel("MTT_musicnn")
    >>> silence = np.zeros((1, round((tagger.lead_s + tagger.window_s) * tagger.sr)), np.float32)
    >>> scores = tagger(silence)[0]
    >>> scores.shape, tagger.labels[int(scores.argmax())]
    ((50,), 'guitar')
    """

    sr, n_channels = SR, 1
    lead_s = LEAD / SR
    window_s = hop_s = WINDOW / SR
    min_s: float | None = None
    fill = "repeat"
    references = REFERENCES
    channels = -1  # the axis of activations that holds their features

    def __init__(
        self,
        variant: str,
        *,
        folder: Path | None = None,
        weights: str | Path | None = None,
        threads: int | None = None,
    ) -> None:
        if variant not in (*PUBLISHED, BIG):
            raise unknown("musicnn model", variant, VARIANTS)
        package = (folder or locate(CHECKPOINT)) / "musicnn"
        dataset, self._architecture = variant.split("_")[:2]
        self._source = f"musicnn:{variant}"
        self.labels: tuple[str, ...] | None = labels_in(package / "configuration.py", dataset)
        self.layer: str | None = None
        self.batch_size, self.vjp_batch_size = 16, 2  # .5 GB; larger ones are not faster, and slower on the way back
        if variant == BIG:
            self._weights: Weights = big_weights(weights, BIG)
            self._source += f"?weights={weights}"
            content = f"musicnn:{variant} {_VERSION} {content_hash(self._weights)}"
        elif weights:
            raise UsageError(f"{variant} comes with the package musicnn; weights= goes with {BIG} only")
        else:
            self._weights = read_tensor_bundle(package / variant)
            content = f"{self._source} {_VERSION} {CHECKPOINT.files[f'musicnn/{variant}/.data-00000-of-00001']}"
        self.spec: str | None = self._source
        self._threads = threads
        self._networks: dict[str | None, Network] = {}
        self._vjps: dict[str | None, TorchNetwork] = {}
        self._trained = hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def fingerprint(self) -> str:
        """Identity of the weights, of the arithmetic, and of the layer that answers."""
        state = f"{self._trained} {self.layer}"
        return self._trained if self.layer is None else hashlib.sha256(state.encode()).hexdigest()[:16]

    def __call__(self, batch: NDArray[np.float32]) -> Floats:
        """Scores of signals that each are a window with its lead in front; or a layer's activations, pooled.

        Parameters
        ----------
        batch : ndarray of float32, shape (n_batch, 256 + 47872)
            Signals, mono at 16 kHz.

        Returns
        -------
        Shape (n_batch, 50), float32, in 0…1, in the order of `labels`; of a `layer`, (n_batch, n_features), the mean
        over time and frequency.
        """
        answer = self._network(self.layer)(log_mel(batch))[0]
        return answer if self.layer is None else pooled(answer)

    def _network(self, layer: str | None) -> Network:
        if layer not in self._networks:
            self._networks[layer] = self._graph(layer).network(threads=self._threads)
        return self._networks[layer]

    def _graph(self, layer: str | None, through: str | None = None) -> Graph:
        build = vgg_graph if self._architecture == "vgg" else musicnn_graph
        return build(self._weights, layer, through=through)

    __repr__ = described

    @property
    def front_end(self) -> MelSpectra:
        """Log-mel spectrograms of signals, shape (n_batch, n_frames, 96), float32; see `log_mel`."""
        return MelSpectra(lambda batch: log_mel(batch)[:, 0], SR, N_FFT, HOP_LENGTH, N_MELS)

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers that can be read, from the input to the output."""
        return VGG_LAYERS if self._architecture == "vgg" else MUSICNN_LAYERS

    def at(self, layer: str) -> MusicnnModel:
        """The same network answering a layer's activations, averaged over time and frequency.

        Raises
        ------
        UsageError
            If there is no such layer.

        Examples
        --------
        >>> embedder = MusicnnModel("MTT_musicnn").at("penultimate")
        >>> embedder.spec, embedder.labels
        ('musicnn:MTT_musicnn?layer=penultimate', None)
        >>> embedder(np.zeros((1, LEAD + WINDOW), np.float32)).shape
        (1, 200)
        """
        require_layer(layer, self.layers)
        other = copy.copy(self)
        other.layer, other.labels, other._vjps = layer, None, {}
        if self.spec is not None:
            other.spec = f"{self._source}{'&' if '?' in self._source else '?'}layer={layer}"
        return other

    def activations(self, features: NDArray[np.float32], layer: str) -> Floats:
        """Activations of a layer, not pooled.

        Parameters
        ----------
        features : ndarray of float32, shape (n_batch, 187, 96)
            Log-mel spectrograms, (n_batch, n_frames, n_bands), as `front_end` makes them.
        layer : str
            Name from `layers`.

        Returns
        -------
        float32; shape (n_batch, n_features), (n_batch, n_frames, n_features) or, of ``vgg``, (n_batch, n_frames,
        n_bands, n_features).

        Raises
        ------
        UsageError
            If there is no such layer.

        Examples
        --------
        >>> model = MusicnnModel("MTT_vgg")
        >>> model.activations(model.front_end(np.zeros((1, LEAD + WINDOW), np.float32)), "pool4").shape
        (1, 11, 6, 128)
        """
        require_layer(layer, self.layers)
        return self._network(layer)(np.asarray(features, np.float32)[:, None])[0]

    def vjp(self, features: Floats, cotangent_fn: CotangentFn, *, wrt: str | None = None) -> Derivative:
        """Outputs, values and the derivative by these; see `audiolime_ext.prediction.capabilities.Differentiable.vjp`.

        Parameters
        ----------
        features : ndarray of float32, shape (n_batch, 187, 96)
            Log-mel spectrograms, as `front_end` makes them.
        cotangent_fn : callable
            Function from the outputs (n_batch, n_outputs) to the derivative of what is asked for by each of them.
        wrt : str or None
            Name from `layers`, by whose activations is differentiated; None: the features.

        Raises
        ------
        UsageError
            If there is no such layer, the outputs do not depend on it, or the vector has another shape.
        MissingError
            If PyTorch is not installed, which the extra ``torch`` brings.
        """
        if wrt is not None:
            require_layer(wrt, self.layers)
        if wrt not in self._vjps:
            answer = SCORES if self.layer is None else THROUGH if self.layer == wrt else ANSWER
            graph, named = self._graph(self.layer, wrt).in_torch(), {THROUGH: wrt or ""}
            how: dict[str, Any] = {"who": self._source, "threads": self._threads, "layers": named}
            self._vjps[wrt] = of_graph(lambda: graph, answer, fitted=lambda x: x.unsqueeze(1), pool=averaged, **how)
        return self._vjps[wrt](features, cotangent_fn, wrt)

    @property
    def trained_layers(self) -> tuple[str, ...]:
        """Names of what `randomised` replaces, the output first; of an embedder, of what its layer depends on."""
        return trained_layers(self._architecture, self.layer)

    def randomised(self, layers: Sequence[str], *, seed: int = 0) -> MusicnnModel:
        """The same network with some of its `trained_layers` as they may have been before training.

        See `musicnn_random`. A layer is drawn the same whichever others are. The result has no spec.

        Raises
        ------
        UsageError
            If there is no such layer.
        """
        weights = with_random(self._weights, self._architecture, layers, seed=seed)
        other = copy.copy(self)
        other._networks, other._vjps = {}, {}
        other._weights, other.spec = weights, None
        state = f"{self._trained} {sorted(set(layers))} {seed}"
        other._trained = hashlib.sha256(state.encode()).hexdigest()[:16]
        return other


def make(argument: str) -> MusicnnModel:
    """The model of ``musicnn:argument``, with the options ``weights`` and ``layer``."""
    variant, given = options(argument, ["weights", "layer"])
    model = MusicnnModel(variant, weights=given.get("weights"))
    return model.at(given["layer"]) if "layer" in given else model


def log_mel(batch: NDArray[np.float32]) -> Floats:
    """Input of the networks: log-mel spectrograms, shape (n_batch, 1, n_frames, 96), float32.

    Parameters
    ----------
    batch : ndarray of float32, shape (n_batch, n_samples)
        Signals, mono at 16 kHz; the first frame starts at the first sample.
    """
    mel = mel_spectrogram(batch, sr=SR, n_fft=N_FFT, hop_length=HOP_LENGTH, n_mels=N_MELS)
    largest = np.finfo(np.float16).max  # reached by signals some 20 dB above full scale; infinite without the limit
    stored = np.minimum(mel, largest).astype(np.float16).astype(np.float32)
    logarithm: Floats = np.log10(np.float32(10000) * stored + np.float32(1))
    return logarithm[:, None]
