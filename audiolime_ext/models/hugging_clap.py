"""CLAP: sound and text in one space, so that any text is a label (``ClapModel`` of transformers).

``hf:DIR`` of such a model answers the embedding of the sound, a vector of length 1, without labels.
``'hf:DIR?prompts=sad piano;fast drums'`` has a label for each text, or for each line of ``prompts=@FILE``, and answers
the cosine of the angle between the sound's embedding and the text's, in −1…1, whatever the other texts are. (Where a
result says "score", all of them were in 0…1; below .05 a text then counts as not said.) With ``activation=softmax``
the cosines times the model's own scale go through a softmax over the texts, as in transformers' zero-shot
classification: the scores add up to 1, so each depends on the other texts, and there must be two or more.

CLAP hears ten seconds. Its feature extractor takes a random part of what is longer; here it is only given windows,
which are not. In batches of short signals it also marks a random one as long, where the model was trained with "fusion"
of long signals; here none is. So the same sound has the same answer, alone and beside others.

The folder holds the tokenizer's files, too, as ``tokenizer.save_pretrained(DIR)`` writes them. They are data.

References
----------
Y. Wu et al.: Large-scale Contrastive Language-Audio Pretraining with Feature Fusion and Keyword-to-Caption
Augmentation, ICASSP 2023.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from audiolime_ext.errors import CorruptError, MissingError, UsageError
from audiolime_ext.prediction.model_files import reason
from audiolime_ext.prediction.saved_model import Declared

_VOCABULARIES = ("tokenizer.json", "vocab.json")
_HOW = "tokenizer.save_pretrained(DIR) writes one"


def understood(
    transformers: Any, torch: Any, model: Any, declared: Declared
) -> tuple[Declared, Callable[[Mapping[str, Any]], Any]]:
    """What is known of a CLAP model, and its answer to the feature extractor's inputs.

    Parameters
    ----------
    transformers, torch : module
        Packages.
    model : transformers.ClapModel
        Model for inference, in single precision.
    declared : Declared
        Description of the spec string; its labels are the prompts, none for an embedding.

    Raises
    ------
    UsageError
        If the activation is none that CLAP has, or a prompt is too long.
    MissingError
        If the tokenizer's files are missing; `CorruptError` if they are damaged.
    """
    prompts, activation = declared.labels or (), declared.activation or "none"
    if activation == "sigmoid" or (activation == "softmax" and len(prompts) < 2):
        raise UsageError(
            f"{declared.path} is a CLAP model, whose answers are cosines; activation=softmax compares two or more "
            "prompts=TEXT;TEXT, else leave activation out"
        )

    def embedding(inputs: Mapping[str, Any]) -> Any:
        none_is_long = torch.zeros(len(inputs["input_features"]), 1, dtype=torch.bool)
        return _unit(torch, model.get_audio_features(inputs["input_features"].float(), is_longer=none_is_long))

    if not prompts:
        return replace(declared, labels=None), embedding
    with torch.inference_mode():
        texts = _unit(torch, model.get_text_features(**_tokens(transformers, model, declared.path, prompts)))
        scale = model.logit_scale_a.exp() if activation == "softmax" else 1.0
    return declared, lambda inputs: scale * embedding(inputs) @ texts.T


def text_files(folder: Path) -> list[Path]:
    """Files that prompts are read by and that are no JSON, sorted by name."""
    return sorted(folder.glob("*.txt"))


def _unit(torch: Any, answer: Any) -> Any:
    """Vectors of length 1; transformers 5 answers an object that holds them, 4 the vectors."""
    return torch.nn.functional.normalize(getattr(answer, "pooler_output", answer), dim=-1)


def _tokens(transformers: Any, model: Any, folder: Path, prompts: tuple[str, ...]) -> Any:
    if not any((folder / name).is_file() for name in _VOCABULARIES):
        raise MissingError(f"{folder} has no {_VOCABULARIES[0]}, by which prompts are read; {_HOW}")
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
        tokens = tokenizer(list(prompts), padding=True, return_tensors="pt", verbose=False)
    except Exception as error:
        raise CorruptError(f"transformers cannot load the tokenizer of {folder} ({reason(error)}); {_HOW}") from error
    config = model.config.text_config
    most = min(tokenizer.model_max_length, config.max_position_embeddings - config.pad_token_id - 1)
    if (longest := tokens["input_ids"].shape[1]) > most:
        raise UsageError(f"the longest prompt has {longest} tokens, and {folder} reads {most} at most; shorten it")
    return {name: tokens[name] for name in ("input_ids", "attention_mask")}
