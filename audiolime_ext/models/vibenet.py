"""vibenet: seven attributes of music, such as energy and valence, of any length of audio.

An EfficientNet-B0 that Jaeheon Shim trained on the Free Music Archive, from the PyPI package ``vibenet`` 0.1.0. The
weights are under the GPL (3 or later): they are fetched from the publisher at first use, and never bundled. The
package's code is not run; its answers are met within 1e-5. All seven attributes lie in 0…1, in this order:

================  ===========  =====================================================================
name              what it is   of what
================  ===========  =====================================================================
acousticness      probability  played on acoustic instruments, not made electronically
danceability      degree       how well one can dance to it
energy            degree       fast, loud, powerful music has much, calm and soft music little
instrumentalness  probability  nobody sings or speaks
liveness          probability  recorded in front of an audience
speechiness       degree       how much of it is spoken: between music and speech where it is both
valence           degree       how happy it sounds: cheerful music has much, sad or angry music little
================  ===========  =====================================================================

A probability is a sigmoid of the network's output; a degree is the output itself, cut to 0…1.

``vibenet`` hears an excerpt of any length from one second on as a whole (the network's last mean is over time; it was
trained on half a minute); ``vibenet?window_s=30`` (and ``hop_s=``) makes windows of a song, and ``threads=`` limits the
threads within it. Signals are mono at 16 kHz. A frame has 640 samples, every 320, not centred, in a Hann window and
with zeros up to 1024. Its power in 128 mel bands (Slaney's, 0 to 8 kHz) is given in dB, no less than 80 dB below the
loudest band of the excerpt and than −100 dB.

Two things to know. Silence has −100 dB everywhere, and attributes as well, which depend on its length: its energy is
.70 for a second and .09 for thirty. And what is heard of music depends on how much of it is heard: valence is .90 for
the first three seconds of the bundled clip, and .49 for all twenty. Compare excerpts of one length.

``vibenet?layer=penultimate`` is an embedder. The layers, from the input to the output, with the shapes of their
activations for n frames; where time and frequency are left, an embedder answers the mean over both:

===============  =======================================  ==============================================
layer            (n_features, n_bands, n_frames)          what it is
===============  =======================================  ==============================================
``stem``         (32, 64, n/2)                            the first convolution
``stage1–7``     (16, 64, n/2), (24, 32, n/4),            the seven stages of EfficientNet-B0
                 (40, 16, n/8), (80, 8, n/16),
                 (112, 8, n/16), (192, 4, n/32),
                 (320, 4, n/32)
``top``          (1280, 4, n/32)                          the last convolution
``pooled``       (1280,)                                  its mean over time and frequency
``penultimate``  (256,)                                   hidden layer, after its GELU
===============  =======================================  ==============================================

It can be differentiated, by PyTorch, up to the spectra in dB: that each is cut 80 dB below its own loudest band is not
differentiated. A degree beyond 0…1 has the derivative 0, for there it is cut.

References
----------
J. Shim: vibenet, https://github.com/jaeheonshim/vibenet, 2025.
M. Tan, Q. V. Le: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, ICML 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.spectrogram import mel_spectrogram
from audiolime_ext.errors import UsageError
from audiolime_ext.files.reading import contents
from audiolime_ext.networks.checkpoints import Checkpoint, locate
from audiolime_ext.networks.runtime import MOST_THREADS, answering, run, session
from audiolime_ext.networks.torch_graph import TorchGraph
from audiolime_ext.prediction.autograd import averaged, of_graph
from audiolime_ext.prediction.capabilities import CotangentFn, Derivative
from audiolime_ext.prediction.front_end import MelSpectra
from audiolime_ext.prediction.function import tagger
from audiolime_ext.prediction.function_model import differentiable
from audiolime_ext.prediction.layers import Inside, LayeredModel, layered
from audiolime_ext.prediction.option_values import positive
from audiolime_ext.registry import options

SR, N_FFT, WIN_LENGTH, HOP_LENGTH, N_MELS = 16000, 1024, 640, 320, 128
MIN_S = 1.0  # the last layers have one column for every 32 frames, .64 s
FAINTEST, RANGE_DB = 1e-10, 80.0
LABELS = ("acousticness", "danceability", "energy", "instrumentalness", "liveness", "speechiness", "valence")
PROBABILITIES = ("acousticness", "instrumentalness", "liveness")
LAYERS: Mapping[str, str] = {  # and the tensors in the file
    "stem": "silu",
    "stage1": "getitem_6",
    "stage2": "add_157",
    "stage3": "add_262",
    "stage4": "add_426",
    "stage5": "add_590",
    "stage6": "add_813",
    "stage7": "getitem_141",
    "top": "silu_48",
    "pooled": "view",
    "penultimate": "gelu",
}
_PROBABLE = np.isin(LABELS, PROBABILITIES)
_VERSION = 1  # of this module's arithmetic
_OUTPUT = "out"
_FILE = "vibenet/artifacts/efficientnet_model.onnx"

CHECKPOINT = Checkpoint(
    name="vibenet",
    project="vibenet",
    version="0.1.0",
    sha256="3474fd65a9723f0f58f511e77d1641ea937f11b8d75e906bcda2da9cad3094f5",
    download_mb=16.4,
    licence="GPL-3.0-or-later",
    files={_FILE: "efa88450153863a1461989a00846526ac9230665b19fbf82f33e46fdeef7d275"},
)
VARIANTS = {"": CHECKPOINT}

_REFERENCES = (
    """@misc{shim2025vibenet,
  author = {Shim, Jaeheon},
  title = {vibenet: Music Emotion Prediction},
  year = {2025},
  howpublished = {https://github.com/jaeheonshim/vibenet}
}""",
    """@inproceedings{tan2019efficientnet,
  author = {Tan, Mingxing and Le, Quoc V.},
  title = {EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks},
  booktitle = {Proc. of the 36th International Conference on Machine Learning (ICML)},
  year = {2019}
}""",
)

Floats = NDArray[np.float32]


def make(argument: str) -> LayeredModel:
    """The model of ``vibenet?options``; the options are ``layer``, ``window_s``, ``hop_s`` and ``threads``.

    It answers float32, (n_batch, 7), in 0…1, in the order of `LABELS`; of a layer, (n_batch, n_features).

    Raises
    ------
    UsageError
        If there is no such option or layer, or a window is shorter than a second.
    MissingError
        If the checkpoint cannot be had; `CorruptError` if it is damaged.

    Examples
    --------
    >>> model = make("")
    >>> noise = np.random.default_rng(0).normal(0, 0.1, (1, 3 * SR)).astype(np.float32)
    >>> model.labels[int(model(noise).argmax())]
    'instrumentalness'
    >>> make("?layer=penultimate")(noise).shape
    (1, 256)
    """
    other, given = options(argument, ["layer", "window_s", "hop_s", "threads"])
    if other:
        raise UsageError(f"there is one vibenet, and no {other!r}; write vibenet, or vibenet?layer=penultimate")
    window_s = positive(given, "window_s", float)
    if window_s is not None and window_s < MIN_S:
        raise UsageError(f"window_s is {window_s:g}; vibenet needs {MIN_S:g} s at least")
    threads = positive(given, "threads", int, MOST_THREADS)
    network = _Network(None if threads is None else int(threads))
    return _model(network, Inside(list(LAYERS), network.read, channels=1), given)


def log_mel(batch: Floats) -> Floats:
    """Input of the network: mel spectra in dB, shape (n_batch, n_frames, 128), float32.

    Parameters
    ----------
    batch : ndarray of float32, shape (n_batch, n_samples)
        Signals, mono at 16 kHz; silence is added behind those that are shorter than a frame of 640 samples.

    Examples
    --------
    >>> log_mel(np.zeros((1, SR), np.float32)).shape, round(float(log_mel(np.zeros((1, SR), np.float32)).max()), 3)
    ((1, 49, 128), -100.0)
    """
    whole = np.pad(batch, [(0, 0), (0, max(0, WIN_LENGTH - batch.shape[1]))])
    mel = mel_spectrogram(whole, sr=SR, n_fft=N_FFT, hop_length=HOP_LENGTH, n_mels=N_MELS, win_length=WIN_LENGTH)
    db = np.float32(10) * np.log10(np.maximum(mel, np.float32(FAINTEST)))
    return np.asarray(np.maximum(db, db.max(axis=(1, 2), keepdims=True) - np.float32(RANGE_DB)), np.float32)


@dataclass(frozen=True)
class Attributes:
    """The seven attributes, in 0…1, of what the network answers: a step that knows its derivative.

    Examples
    --------
    >>> outputs = np.array([[0, 1.5, -1, 0, 0, 0.5, 0.25]], np.float32)
    >>> attributes(outputs)[0].tolist()
    [0.5, 1.0, 0.0, 0.5, 0.5, 0.5, 0.25]
    >>> attributes.pullback(outputs, np.ones_like(outputs))[0].tolist()
    [0.25, 0.0, 0.0, 0.25, 0.25, 1.0, 1.0]
    """

    def __call__(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """Attributes (n_batch, 7) in the order of `LABELS`."""
        return np.asarray(np.where(_PROBABLE, 1 / (1 + np.exp(-outputs)), np.clip(outputs, 0, 1)))

    def pullback(self, outputs: NDArray[Any], vector: NDArray[Any]) -> NDArray[Any]:
        """A vector by the attributes, times their derivatives by the network's outputs."""
        p = 1 / (1 + np.exp(-outputs))
        return np.asarray(vector * np.where(_PROBABLE, p * (1 - p), (outputs >= 0) & (outputs <= 1)))


attributes = Attributes()


class _Network:
    """The published network, run by a session for the scores and by one for each layer that is read."""

    def __init__(self, threads: int | None) -> None:
        self._content, self._threads = contents(locate(CHECKPOINT) / _FILE), threads
        self._sessions: dict[str, Any] = {}

    def read(self, spectra: Floats, layer: str) -> Floats:
        """Activations of a layer for spectra (n_batch, n_frames, n_bands)."""
        return self.answers(spectra, LAYERS[layer])

    def answers(self, spectra: Floats, tensor: str = _OUTPUT) -> Floats:
        """A tensor's values; the file was exported for one signal at a time."""
        if tensor not in self._sessions:
            content = self._content if tensor == _OUTPUT else answering(self._content, tensor)
            self._sessions[tensor] = session(content, threads=self._threads)
        given = np.ascontiguousarray(np.moveaxis(spectra, 1, 2), np.float32)
        running = self._sessions[tensor]
        return np.concatenate([run(running, [tensor], {"x": one[None]})[0] for one in given])

    def vjp(self, spectra: Floats, cotangent_fn: CotangentFn, wrt: str | None, layer: str | None = None) -> Derivative:
        """Its answer, or a layer's activations averaged, differentiated by the spectra or by a layer before it."""
        network = of_graph(
            lambda: self._in_torch,
            _OUTPUT if layer is None else LAYERS[layer],
            who="vibenet",
            fitted=lambda x: x.transpose(1, 2),
            pool=None if layer is None else partial(averaged, channels=1),
            single=True,
            layers={tensor: name for name, tensor in LAYERS.items()},
            threads=self._threads,
        )
        return network(spectra, cotangent_fn, wrt)

    @cached_property
    def _in_torch(self) -> TorchGraph:
        return TorchGraph(self._content)


def _model(network: _Network, inside: Inside, given: Mapping[str, str]) -> LayeredModel:
    layer = inside.named(given["layer"]) if "layer" in given else None
    said = {key: value for key, value in given.items() if key != "threads"}
    made = tagger(
        network.answers if layer is None else lambda spectra: inside.vectors(spectra, layer, None),
        sr=SR,
        labels=LABELS if layer is None else None,
        front_end=MelSpectra(log_mel, SR, N_FFT, HOP_LENGTH, N_MELS, WIN_LENGTH),
        activation=attributes if layer is None else None,
        batch_size=16,
        window_s=positive(given, "window_s", float),
        hop_s=positive(given, "hop_s", float),
        min_s=MIN_S,
        fill="none",
        version=f"vibenet {CHECKPOINT.version}-{_VERSION} {sorted(said.items())}",
    )
    spec = "&".join(f"{key}={value}" for key, value in given.items())
    named = replace(made, spec=f"vibenet?{spec}" if spec else "vibenet", references=_REFERENCES)
    made = differentiable(named, partial(network.vjp, layer=layer))
    return layered(made, inside, lambda other: _model(network, inside, {**given, "layer": other}))
