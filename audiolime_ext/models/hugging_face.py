"""A Hugging Face audio model from a local folder: a classifier, an embedder, or CLAP with text prompts.

``hf:DIR``. The folder is what ``save_pretrained`` writes for model and feature extractor: ``config.json``,
``preprocessor_config.json`` and ``model.safetensors``. Nothing is downloaded, no code from the folder is run, and no
pickled weights are loaded; a model that transformers knows by code from its folder only (MERT) is refused. What the
model answers follows from the class that ``config.json`` names:

- A *classifier* (``…ForSequenceClassification``, ``…ForAudioClassification``): scores of the labels of its
  configuration. A sigmoid for several labels at once or a single output, nothing for regression, else softmax.
- An *encoder* (``ASTModel``, ``HubertModel``, ``Wav2Vec2Model``, ``WhisperModel``, …, or a ``…ForPreTraining``): an
  embedding without labels. It is the output of the model's own pooler where there is one (AST: mean of its two
  class tokens), else the mean over time of its last hidden state; of an encoder with a decoder the encoder is asked.
- ``ClapModel``: see `hugging_clap`. ``hf:DIR`` answers the embedding of the sound, ``'hf:DIR?prompts=sad piano;fast
  drums'`` how near the sound is to each of these texts, which are the labels.

The rate is the feature extractor's. One that cuts off what is longer than it can hear (AST: 10.24 s, CLAP: 10 s,
Whisper: 30 s) sets the window. Shorter recordings are given to the extractor as they are, and it fills them up: AST
with frames of 0, Whisper with silence, CLAP by repeating them. What it fills up is part of what an encoder's mean is
taken over. Options: ``window_s``, ``hop_s``, ``activation``, ``threads``, and ``prompts`` of CLAP.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import CorruptError, MissingError, UsageError
from audiolime_ext.extras import require
from audiolime_ext.files.plain import json_of
from audiolime_ext.files.reading import MOST_TEXT, contents
from audiolime_ext.models import hugging_clap
from audiolime_ext.prediction.function_model import FunctionModel
from audiolime_ext.prediction.model_files import digest, read, reason
from audiolime_ext.prediction.saved_model import Declared, torch_inference

VARIANTS: Mapping[str, None] = {"DIR": None, "DIR?prompts=TEXT;TEXT": None}
REQUIRES: Mapping[str, str] = {"transformers": "huggingface", "torch": "huggingface"}

_HOW = "model.save_pretrained(DIR) and feature_extractor.save_pretrained(DIR) write one"
_AST_FRAME_S = 0.01  # fixed in the feature extractor's code
_ENCODERS = ("Model", "ForPreTraining")

Answer = Callable[[Mapping[str, Any]], Any]


def make(argument: str) -> FunctionModel:
    """The model of ``hf:argument``.

    Raises
    ------
    UsageError
        If an option is wrong, or the model cannot be used.
    MissingError
        If a package or a file is missing; `CorruptError` if one is damaged or lacks weights.
    """
    declared = Declared.parse("hf", argument, facts=False, more=("prompts",))
    files = _files(declared.path)
    transformers, torch = (require(name, extra=extra) for name, extra in REQUIRES.items())
    _require_known(transformers, declared.path)
    extractor = _loaded(declared.path, transformers.AutoFeatureExtractor)
    known = replace(declared, sr=int(extractor.sampling_rate), window_s=_window_s(declared, extractor))
    known, answer = _understood(transformers, torch, known)
    files += hugging_clap.text_files(declared.path) if declared.labels else []

    def predict(batch: NDArray[np.float32]) -> NDArray[Any]:
        with torch_inference(torch, declared.threads):
            inputs = extractor(list(np.array(batch)), sampling_rate=known.sr, return_tensors="pt")
            return np.asarray(answer(inputs).numpy())

    return known.tagger(predict, contents=[digest(read(file)) for file in files], batch_size=8, fill="none")


def _understood(transformers: Any, torch: Any, declared: Declared) -> tuple[Declared, Answer]:
    """What is known of the model, and its answer to the feature extractor's inputs."""
    described = _description(declared.path)
    named = str((described.get("architectures") or [""])[0])
    if described.get("model_type") == "clap":
        model = _with_weights(declared.path, transformers.AutoModel, "saved as ClapModel")
        return hugging_clap.understood(transformers, torch, model, declared)
    if declared.labels:
        raise UsageError(f"{declared.path} is no CLAP model ({named or 'of no named class'}); leave out prompts=")
    if named.endswith(_ENCODERS):
        model = _with_weights(declared.path, transformers.AutoModel, "saved whole")
        return _embedder(model.get_encoder() if model.config.is_encoder_decoder else model, declared)
    model = _with_weights(declared.path, transformers.AutoModelForAudioClassification, "trained for classification")
    labels = tuple(name for _, name in sorted(model.config.id2label.items()))
    activation = declared.activation or _activation(model.config)
    return replace(declared, labels=labels, activation=activation), lambda inputs: model(**inputs).logits


def _embedder(model: Any, declared: Declared) -> tuple[Declared, Answer]:
    if declared.activation is not None:
        raise UsageError(f"{declared.path} answers an embedding, whose values are no logits; leave out activation=")

    def answer(inputs: Mapping[str, Any]) -> Any:
        found = model(**inputs)
        pooled = getattr(found, "pooler_output", None)
        return found.last_hidden_state.mean(dim=1) if pooled is None else pooled

    return replace(declared, labels=None), answer


def _loaded(folder: Path, kind: Any, **options: Any) -> Any:
    """What a class of transformers makes of the folder, without its code and without the network."""
    try:
        return kind.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False, **options)
    except Exception as error:
        raise CorruptError(f"transformers cannot load {folder} ({reason(error)}); {_HOW}") from error


def _with_weights(folder: Path, kind: Any, wanted: str) -> Any:
    """A model in single precision, for inference, all of whose weights are in the folder."""
    model, info = _loaded(folder, kind, use_safetensors=True, output_loading_info=True)
    if missing := sorted(info["missing_keys"]):
        raise CorruptError(
            f"{folder} lacks weights ({', '.join(map(str, missing[:3]))}), for which transformers would take random "
            f"ones; name a model that was {wanted}"
        )
    return model.float().eval()


def _files(folder: Path) -> list[Path]:
    """All files that the model is loaded from, sorted by name."""
    for needed in ("config.json", "preprocessor_config.json"):
        if not (folder / needed).is_file():
            raise MissingError(f"{folder} is no folder of an audio model: it has no {needed}; {_HOW}")
    if not list(folder.glob("*.safetensors")):
        raise MissingError(f"{folder} has no model.safetensors (pickled weights are not loaded); {_HOW}")
    for file in folder.glob("*.json"):
        _json(file)
    return sorted(file for pattern in ("*.json", "*.safetensors") for file in folder.glob(pattern))


def _json(file: Path) -> Any:
    try:
        return json_of(contents(file, MOST_TEXT))
    except (OSError, ValueError) as error:
        raise CorruptError(f"transformers cannot load {file} ({error}); {_HOW}") from error


def _description(folder: Path) -> Mapping[str, Any]:
    """What ``config.json`` holds."""
    if not isinstance(found := _json(folder / "config.json"), dict):
        raise CorruptError(f"transformers cannot load {folder / 'config.json'} (it is no object); {_HOW}")
    return found


def _require_known(transformers: Any, folder: Path) -> None:
    """Raise `UsageError` if the model is one that transformers knows by code from the folder only."""
    described = _description(folder)
    kind = described.get("model_type")
    if "auto_map" in described and kind not in transformers.CONFIG_MAPPING:
        raise UsageError(
            f"{folder} is a model of type {kind!r}, which transformers {transformers.__version__} knows by Python code "
            "in the folder only, and such code is not run; export the model to ONNX and name it as onnx:FILE, or make "
            "a model of it in Python with audiolime_ext.tagger(…) and name it as package.module:name"
        )


def _activation(config: Any) -> str:
    if config.problem_type == "regression":
        return "none"
    return "sigmoid" if config.problem_type == "multi_label_classification" or config.num_labels == 1 else "softmax"


def _window_s(declared: Declared, extractor: Any) -> float | None:
    """The declared window, else the longest that is heard; None: any."""
    longest = None
    if type(extractor).__name__ == "ASTFeatureExtractor":
        longest = extractor.max_length * _AST_FRAME_S
    elif type(extractor).__name__ == "WhisperFeatureExtractor":
        longest = extractor.n_samples / extractor.sampling_rate
    elif type(extractor).__name__ == "ClapFeatureExtractor":
        longest = extractor.nb_max_samples / extractor.sampling_rate
    if longest is not None and (declared.window_s or 0) > longest:
        raise UsageError(f"window_s={declared.window_s:g}, but {declared.path} hears {longest:g} s at most")
    return declared.window_s or longest
