"""The trained networks as models that can be explained: ``-m examples.genre_classifier.models:masked``, ``…:plain``.

``masked`` was trained on pictures with black bars, ``plain`` is its twin that never saw one. Both hear 30 s at 44.1 kHz
and answer probabilities of styles; a shorter recording is followed by silence. Their layers can be read and
differentiated by torchvision's names, from ``conv1`` to ``fc``; concepts are sought in ``layer4``, or, as the founding
recipe has it, in ``layer4.2.conv2``.

Weights are committed, in half precision, with their SHA-256, which is compared before they are used, and with their
answers to the middle of the bundled song.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import audiolime_ext
from audiolime_ext import tagger
from audiolime_ext.audio.recording import load_audio
from audiolime_ext.errors import CorruptError, UsageError
from audiolime_ext.files.fresh import write_bytes
from audiolime_ext.files.names import legible
from audiolime_ext.files.plain import from_json, to_json
from audiolime_ext.files.reading import text_of
from audiolime_ext.prediction.layers import Inside, LayeredModel, layered
from examples.genre_classifier.network import Plan, ResNet
from examples.genre_classifier.pictures import FRONT_END, SR, WINDOW_S, windows

CLIP = Path(audiolime_ext.__file__).with_name("data") / "ezer_ev.ogg"
WEIGHTS = Path(__file__).with_name("weights")
ABOUT = "weights.json"
_CHANNELS = 1  # axis of the features


def __getattr__(name: str) -> LayeredModel:
    """A model by its name; it is loaded when it is asked for, so that one of them does not cost all."""
    if name.startswith("_") or name not in about():
        raise AttributeError(f"no model {name!r}; there are {', '.join(about())}")
    return model_of(load(name))


def about(folder: Path = WEIGHTS) -> dict[str, Any]:
    """What is known of each file of weights: its hash, labels, size, recipe, and how good it is."""
    found: dict[str, Any] = from_json(text_of(folder / ABOUT)) if (folder / ABOUT).exists() else {}
    return found


def load(name: str, folder: Path = WEIGHTS) -> ResNet:
    """A network with its committed weights.

    Raises
    ------
    UsageError
        If there is none of that name.
    CorruptError
        If the file is another than that which was committed.
    """
    known = about(folder)
    if name not in known:
        raise UsageError(f"no weights {name!r} in {legible(folder)}; there are {', '.join(known) or 'none'}")
    path, facts = folder / f"{name}.npz", known[name]
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != facts["sha256"]:
        raise CorruptError(f"{legible(path)} is damaged or was changed; fetch it again (git checkout -- {path.name})")
    network = ResNet(Plan(tuple(facts["labels"]), facts["width"], facts["size"]))
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        state = {key: torch.from_numpy(np.array(file[key])) for key in file.files}
    network.load_state_dict({key: one.float() if one.is_floating_point() else one for key, one in state.items()})
    return network.eval()


def save(network: ResNet, name: str, facts: Mapping[str, Any], folder: Path = WEIGHTS) -> Path:
    """Write a network's weights, convolutions in half precision, and note what they are."""
    arrays = {key: _halved(one.numpy()) for key, one in network.state_dict().items()}
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    content, plan = file.getvalue(), network.plan
    own = {"sha256": hashlib.sha256(content).hexdigest(), "labels": plan.labels, "width": plan.width, "size": plan.size}
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(content, folder / f"{name}.npz")
    write_bytes(to_json({**about(folder), name: {**own, **facts}}, indent=1).encode(), folder / ABOUT)
    answers = model_of(load(name, folder))(windows(load_audio(CLIP), 1))[0]
    told = {**own, "answers": [round(float(one), 6) for one in answers], **facts}
    write_bytes(to_json({**about(folder), name: told}, indent=1).encode(), folder / ABOUT)
    return folder / f"{name}.npz"


def _halved(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(np.float16) if values.ndim > 1 else values


def model_of(network: ResNet) -> LayeredModel:
    """A network as a model whose layers can be read and differentiated."""
    return _model(network, network, "softmax", network.plan.labels)


def _model(network: ResNet, answering: nn.Module, activation: Any, labels: tuple[str, ...] | None) -> LayeredModel:
    """What answers, the network or a layer of it, with the layers of the network."""
    made = tagger(
        answering,
        sr=SR,
        labels=labels,
        front_end=FRONT_END,
        activation=activation,
        window_s=WINDOW_S,
        batch_size=8,
    )
    names = [name for name, _ in network.named_modules() if name]

    def read(given: NDArray[np.float32], layer: str) -> NDArray[Any]:
        with torch.no_grad():
            return np.asarray(_activations(network.eval(), torch.from_numpy(np.array(given)), layer).numpy())

    inside = Inside(names, read, channels=_CHANNELS)
    return layered(made, inside, lambda layer: _model(network, _Layer(network, layer), None, None))


class _Layer(nn.Module):
    """A layer of a network, its mean over time and frequency."""

    def __init__(self, network: ResNet, layer: str) -> None:
        super().__init__()
        self.network, self.layer = network, layer

    def forward(self, spectra: Tensor) -> Tensor:
        found = _activations(self.network, spectra, self.layer)
        return found.flatten(2).mean(dim=2) if found.ndim > 2 else found


def _activations(network: ResNet, spectra: Tensor, layer: str) -> Tensor:
    kept: list[Tensor] = []
    hook = network.get_submodule(layer).register_forward_hook(lambda _, __, answer: kept.append(answer))
    try:
        network(spectra)
    finally:
        hook.remove()
    return kept[0]
