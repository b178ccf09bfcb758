"""A Hugging Face audio classifier from a local folder; nothing is downloaded.

``hf:DIR``. The folder is what ``save_pretrained`` writes for model and feature extractor: ``config.json``,
``preprocessor_config.json`` and ``model.safetensors``. No code from the folder is run. Labels, rate and activation are
those of the configuration: sigmoid for several labels at once or a single output, none for regression, else softmax. A
feature extractor that cuts off what is longer than it can hear (AST: 10.24 s, Whisper: 30 s) sets the window. Shorter
recordings are given to the extractor as they are, and it fills them up: AST with frames of 0, Whisper with silence.
Options: ``window_s``, ``hop_s``, ``activation``, ``threads``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import CorruptError, MissingError, UsageError
from audiolime_ext.extras import require
from audiolime_ext.files.plain import json_of
from audiolime_ext.files.reading import MOST_TEXT, contents
from audiolime_ext.prediction.function import FunctionModel
from audiolime_ext.prediction.saved_model import Declared, digest, read, reason, torch_inference

VARIANTS: Mapping[str, None] = {"DIR": None}
REQUIRES: Mapping[str, str] = {"transformers": "huggingface", "torch": "huggingface"}

_HOW = "model.save_pretrained(DIR) and feature_extractor.save_pretrained(DIR) write one"
_AST_FRAME_S = 0.01  # fixed in the feature extractor's code


def make(argument: str) -> FunctionModel:
    """The model of ``hf:argument``.

    Raises
    ------
    UsageError
        If an option is wrong, or the model cannot be used.
    MissingError
        If a package or a file is missing; `CorruptError` if one is damaged or lacks weights.
    """
    declared = Declared.parse("hf", argument, facts=False)
    files = _files(declared.path)
    transformers, torch = (require(name, extra=extra) for name, extra in REQUIRES.items())
    local = {"local_files_only": True, "trust_remote_code": False}
    try:
        extractor = transformers.AutoFeatureExtractor.from_pretrained(str(declared.path), **local)
        model, info = transformers.AutoModelForAudioClassification.from_pretrained(
            str(declared.path), use_safetensors=True, output_loading_info=True, **local
        )
    except Exception as error:
        raise CorruptError(f"transformers cannot load {declared.path} ({reason(error)}); {_HOW}") from error
    if missing := sorted(info["missing_keys"]):
        raise CorruptError(
            f"{declared.path} lacks weights ({', '.join(map(str, missing[:3]))}), for which transformers would take "
            "random ones; name a model that was trained for audio classification"
        )
    model = model.float().eval()
    known = replace(
        declared,
        sr=int(extractor.sampling_rate),
        labels=tuple(name for _, name in sorted(model.config.id2label.items())),
        activation=declared.activation or _activation(model.config),
        window_s=_window_s(declared, extractor),
    )

    def predict(batch: NDArray[np.float32]) -> NDArray[Any]:
        with torch_inference(torch, declared.threads):
            inputs = extractor(list(np.array(batch)), sampling_rate=known.sr, return_tensors="pt")
            return np.asarray(model(**inputs).logits.numpy())

    return known.tagger(predict, contents=[digest(read(file)) for file in files], batch_size=8, fill="none")


def _files(folder: Path) -> list[Path]:
    """All files that the model is loaded from, sorted by name."""
    for needed in ("config.json", "preprocessor_config.json"):
        if not (folder / needed).is_file():
            raise MissingError(f"{folder} is no folder of an audio classifier: it has no {needed}; {_HOW}")
    if not list(folder.glob("*.safetensors")):
        raise MissingError(f"{folder} has no model.safetensors (pickled weights are not loaded); {_HOW}")
    for file in folder.glob("*.json"):
        try:
            json_of(contents(file, MOST_TEXT))
        except (OSError, ValueError) as error:
            raise CorruptError(f"transformers cannot load {file} ({error}); {_HOW}") from error
    return sorted(file for pattern in ("*.json", "*.safetensors") for file in folder.glob(pattern))


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
    if longest is not None and (declared.window_s or 0) > longest:
        raise UsageError(f"window_s={declared.window_s:g}, but {declared.path} hears {longest:g} s at most")
    return declared.window_s or longest
