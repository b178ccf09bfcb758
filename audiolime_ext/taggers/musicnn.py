"""musicnn and its VGG baseline: 50 tags for every three seconds of music.

Two networks by Jordi Pons, each trained on MagnaTagATune (MTT) and on the Million Song Dataset (MSD), rebuilt from the
checkpoints in the PyPI package ``musicnn`` 0.1.0 and run on ONNX Runtime. The taggrams equal the package's to 1e-5.

A signal goes through these steps:

1. Frames of 512 samples every 256 at 16 kHz. The package centres its frames, so the first frame of a window that
   starts at sample s begins at s − 256: the tagger asks for 256 samples of lead. A window is 187 frames.
2. Power in 96 mel bands, *rounded to float16*, as it was stored for training, then log10(10000·S + 1) in float32.
   (Under NumPy 2 the package's own expression stays in float16 and overflows on loud music; the networks never saw
   that.)
3. ``musicnn``: wide convolutions over 38 and 67 of the bands (timbre) and long ones over time (rhythm), each reduced to
   its maximum over frequency; three convolutions over time with residual connections; maximum and mean over time; two
   dense layers. ``vgg``: five 3×3 convolutions with pooling, one dense layer.

Weights and label names are read from the package's files. Its code is never run: labels are literals in
``configuration.py``, which ``ast`` reads.

References
----------
J. Pons, X. Serra: musicnn: Pre-trained convolutional neural networks for music audio tagging, 2019, arXiv:1909.06654.
"""

from __future__ import annotations

import ast
import copy
import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext import spectrogram
from audiolime_ext.checkpoints import Checkpoint, locate
from audiolime_ext.errors import CorruptError, unknown
from audiolime_ext.onnx_graph import Affine, Floats, Graph, Network
from audiolime_ext.tensor_bundle import read_tensor_bundle

Weights = Mapping[str, NDArray[Any]]

SR, N_FFT, HOP_LENGTH, N_MELS, N_FRAMES = 16000, 512, 256, 96, 187
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

VARIANTS = dict.fromkeys(["MSD_musicnn", "MTT_musicnn", "MSD_vgg", "MTT_vgg"], CHECKPOINT)


class MusicnnTagger:
    """One of the published taggers.

    Parameters
    ----------
    variant
        ``MSD_musicnn``, ``MTT_musicnn``, ``MSD_vgg`` or ``MTT_vgg``.
    folder
        Holds the files of `CHECKPOINT` at their paths inside the wheel; None: they are looked up, or fetched.
    threads
        Threads within the network; None lets the runtime choose.

    Raises
    ------
    UsageError
        If there is no such variant.
    MissingError
        If the checkpoint cannot be had; `CorruptError` if it is damaged.

    Examples
    --------
    >>> import numpy as np
    >>> tagger = MusicnnTagger("MTT_musicnn")
    >>> silence = np.zeros((1, round((tagger.lead_s + tagger.window_s) * tagger.sr)), np.float32)
    >>> scores = tagger(silence)[0]
    >>> scores.shape, tagger.labels[int(scores.argmax())]
    ((50,), 'guitar')
    """

    sr = SR
    n_channels = 1
    lead_s = LEAD / SR
    window_s = hop_s = WINDOW / SR
    min_s: float | None = None
    references = (
        """@inproceedings{pons2019musicnn,
  author = {Pons, Jordi and Serra, Xavier},
  title = {musicnn: Pre-trained Convolutional Neural Networks for Music Audio Tagging},
  booktitle = {Late-Breaking/Demo of the 20th International Society for Music Information Retrieval Conference (ISMIR)},
  year = {2019},
  eprint = {1909.06654}
}""",
        """@inproceedings{pons2018end,
  author = {Pons, Jordi and Nieto, Oriol and Prockup, Matthew and Schmidt, Erik and Ehmann, Andreas and Serra, Xavier},
  title = {End-to-end Learning for Music Audio Tagging at Scale},
  booktitle = {Proc. of the 19th International Society for Music Information Retrieval Conference (ISMIR)},
  year = {2018}
}""",
    )

    def __init__(self, variant: str, *, folder: Path | None = None, threads: int | None = None) -> None:
        if variant not in VARIANTS:
            raise unknown("musicnn model", variant, VARIANTS)
        package = (folder or locate(CHECKPOINT)) / "musicnn"
        dataset, self._architecture = variant.split("_")
        self.spec: str | None = f"musicnn:{variant}"
        self.labels = _labels(package / "configuration.py", dataset)
        self.batch_size = 16  # 0.5 GB; larger batches are not faster
        self._weights: Weights = read_tensor_bundle(package / variant)
        self._threads = threads
        published = CHECKPOINT.files[f"musicnn/{variant}/.data-00000-of-00001"]
        self.fingerprint = hashlib.sha256(f"{self.spec} {_VERSION} {published}".encode()).hexdigest()[:16]

    @cached_property
    def _network(self) -> Network:
        build = _vgg if self._architecture == "vgg" else _musicnn
        return build(self._weights).network(threads=self._threads)

    def __call__(self, batch: NDArray[np.float32]) -> Floats:
        """Scores of signals that each are a window with its lead in front.

        Parameters
        ----------
        batch
            Shape (n_batch, 256 + 47872), float32, mono at 16 kHz.

        Returns
        -------
        Shape (n_batch, 50), float32, in 0…1, in the order of `labels`.
        """
        return self._network(log_mel(batch))[0]

    @property
    def layers(self) -> tuple[str, ...]:
        """What `randomised` replaces, the output first; the five parallel convolutions of musicnn are one."""
        return tuple(_trained(self._architecture))

    def randomised(self, layers: Sequence[str], *, seed: int = 0) -> MusicnnTagger:
        """The same network with some of its `layers` as they may have been before training.

        Kernels are normal with variance 1 / fan-in, biases zero, and the batch normalisations behind them do nothing:
        so signals keep their level from layer to layer, where trained statistics would silence a network that they no
        longer fit. A layer is drawn the same whichever others are. The result has no spec.

        Raises
        ------
        UsageError
            If there is no such layer.
        """
        weights, groups = dict(self._weights), _trained(self._architecture)
        for layer in layers:
            if layer not in groups:
                raise unknown("layer", layer, groups)
            rng = np.random.default_rng([seed, list(groups).index(layer)])
            names, norms = groups[layer]
            for name in names:
                shape = weights[f"{name}/kernel"].shape
                weights[f"{name}/kernel"] = rng.normal(0, np.prod(shape[:-1]) ** -0.5, shape).astype(np.float32)
                weights[f"{name}/bias"] = np.zeros(shape[-1], np.float32)
            for norm in (f"batch_normalization_{index}" for index in norms):
                for kind, value in {"gamma": 1, "beta": 0, "moving_mean": 0, "moving_variance": 1}.items():
                    weights[f"{norm}/{kind}"] = np.full_like(weights[f"{norm}/{kind}"], value)
        other = copy.copy(self)
        other.__dict__.pop("_network", None)  # built from the trained weights
        other._weights, other.spec = weights, None
        state = f"{self.fingerprint} {sorted(set(layers))} {seed}"
        other.fingerprint = hashlib.sha256(state.encode()).hexdigest()[:16]
        return other


def make(argument: str) -> MusicnnTagger:
    """The tagger of ``musicnn:argument``."""
    return MusicnnTagger(argument)


def log_mel(batch: NDArray[np.float32]) -> Floats:
    """What the networks are given: shape (n_batch, 1, n_frames, 96), float32.

    Parameters
    ----------
    batch
        Shape (n_batch, n_samples), float32, mono at 16 kHz; the first frame starts at the first sample.
    """
    spectrum = spectrogram.stft(batch, n_fft=N_FFT, hop_length=HOP_LENGTH)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    mel = power @ spectrogram.mel_filterbank(SR, N_FFT, N_MELS).T
    largest = np.finfo(np.float16).max  # reached by signals some 20 dB above full scale; infinite without the limit
    stored = np.minimum(mel, largest).astype(np.float16).astype(np.float32)
    logarithm: Floats = np.log10(np.float32(10000) * stored + np.float32(1))
    return logarithm[:, None]


def _labels(configuration: Path, dataset: str) -> tuple[str, ...]:
    wanted = f"{dataset}_LABELS"
    for statement in ast.parse(configuration.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == wanted:
            return tuple(ast.literal_eval(statement.value))
    raise CorruptError(f"{configuration} does not define {wanted}; fetch the checkpoint again")


def _trained(architecture: str) -> dict[str, tuple[list[str], list[int]]]:
    """Layer → names of its kernels, numbers of the normalisations behind them; the output first."""
    if architecture == "vgg":
        return {"dense": (["dense"], []), **{f"{i}CNN": ([f"{i}CNN"], [i]) for i in range(5, 0, -1)}}
    late = {f"conv2d_{i}": ([f"conv2d_{i}"], [8, 9] if i == 7 else [i + 1]) for i in (7, 6, 5)}
    front = [_name("conv2d", i) for i in range(5)]
    return {"dense_1": (["dense_1"], []), "dense": (["dense"], [10]), **late, "front end": (front, [1, 2, 3, 4, 5])}


def _name(kind: str, index: int) -> str:
    """Names as TensorFlow numbers them: ``conv2d``, ``conv2d_1``, …"""
    return f"{kind}_{index}" if index else kind


def _layer(weights: Weights, name: str) -> tuple[Floats, Floats]:
    return weights[f"{name}/kernel"], weights[f"{name}/bias"]


def _norm(weights: Weights, index: int) -> Affine:
    return Affine.from_batch_norm(weights, _name("batch_normalization", index))


def _same(length: int) -> tuple[int, int]:
    """Zeros before and after, for as many results as inputs: TensorFlow puts the odd one at the end."""
    return (length - 1) // 2, length // 2


def _dense_after(norm: Affine, kernel: Floats, bias: Floats) -> tuple[Floats, Floats]:
    """A dense layer with the normalisation in front of it folded in: exact, for nothing is padded in between."""
    return norm.scale[:, None] * kernel, bias + norm.shift @ kernel


def _start(name: str, weights: Weights) -> tuple[Graph, str]:
    graph = Graph(name)
    return graph, graph.affine(graph.input("log_mel", ["n_batch", 1, N_FRAMES, N_MELS]), _norm(weights, 0))


def _musicnn(weights: Weights) -> Graph:
    graph, x = _start("musicnn", weights)
    front = graph.node("Concat", *(_front_layer(graph, x, weights, i) for i in range(5)), axis=1)
    late = _late_layers(graph, _conv_over_time(graph, front, *_layer(weights, "conv2d_5")), weights)
    everything = graph.node("Concat", front, *late, axis=1)
    maximum, mean = (graph.node(kind, everything) for kind in ("GlobalMaxPool", "GlobalAveragePool"))
    return _tag_layers(graph, [maximum], [mean], weights)


def _front_layer(graph: Graph, x: str, weights: Weights, i: int) -> str:
    """Convolution i over the normalised input: two timbral ones, valid over frequency, then three temporal ones."""
    kernel, bias = _layer(weights, _name("conv2d", i))
    before, after = _same(kernel.shape[0])
    pool = {"kernel_shape": [1, N_MELS - kernel.shape[1] + 1]}
    return graph.pooled_block(x, kernel, bias, _norm(weights, i + 1), pool=pool, pads=[before, 0, after, 0])


def _conv_over_time(graph: Graph, h: str, kernel: Floats, bias: Floats) -> str:
    """A kernel (7, n_features, 1, 64) over time: features are channels here, not the width."""
    return graph.conv(h, kernel.transpose(0, 2, 1, 3), bias, pads=[3, 0, 3, 0])


def _late_layers(graph: Graph, convolved: str, weights: Weights) -> list[str]:
    """The features of the three convolutions over time, of which `convolved` is the first."""
    features = [graph.affine(graph.node("Relu", convolved), _norm(weights, 6))]
    for i in (6, 7):
        rectified = graph.node("Relu", _conv_over_time(graph, features[-1], *_layer(weights, f"conv2d_{i}")))
        features.append(graph.node("Add", graph.affine(rectified, _norm(weights, i + 1)), features[-1]))
    return features


def _tag_layers(graph: Graph, maxima: Sequence[str], means: Sequence[str], weights: Weights) -> Graph:
    """Two dense layers over the maxima and means over time of all features, and the finished graph."""
    flat = graph.node("Flatten", graph.node("Concat", *maxima, *means, axis=1))
    kernel, bias = _dense_after(_norm(weights, 9), *_layer(weights, "dense"))
    apart = np.concatenate([kernel[0::2], kernel[1::2]])  # in the checkpoint maximum and mean take turns
    hidden = graph.node("Relu", graph.node("Gemm", flat, graph.constant(apart), graph.constant(bias)))
    return _finish(graph, hidden, *_dense_after(_norm(weights, 10), *_layer(weights, "dense_1")))


def _vgg(weights: Weights) -> Graph:
    graph, h = _start("vgg", weights)
    pools = [([4, 1], [2, 2]), ([2, 2], [2, 2]), ([2, 2], [2, 2]), ([2, 2], [2, 2]), ([4, 4], [4, 4])]
    for i, (size, strides) in enumerate(pools, start=1):
        pool = {"kernel_shape": size, "strides": strides}
        h = graph.pooled_block(h, *_layer(weights, f"{i}CNN"), _norm(weights, i), pool=pool, pads=[1, 1, 1, 1])
    flat = graph.node("Flatten", graph.node("Transpose", h, perm=[0, 2, 3, 1]))  # channels last, as in TensorFlow
    return _finish(graph, flat, *_layer(weights, "dense"))


def _finish(graph: Graph, features: str, kernel: Floats, bias: Floats) -> Graph:
    logits = graph.node("Gemm", features, graph.constant(kernel), graph.constant(bias))
    graph.output(graph.node("Sigmoid", logits), "scores", ["n_batch", len(bias)])
    return graph
