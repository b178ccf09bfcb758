"""CLAP from a local folder: against what transformers itself answers, with random weights in the published format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext.errors import CorruptError, MissingError, UsageError
from audiolime_ext.explanation.pipeline import explain
from audiolime_ext.extras import require
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.taggram import tag
from tests.adapters.suite import *  # noqa: F403 - the suite of all taggers, on the listener below

torch = require("torch", extra="huggingface")
transformers = require("transformers", extra="huggingface")

SR, PROMPTS = 48000, ("sad piano", "fast drums")
NOISE = np.random.default_rng(1).normal(0, 0.1, (2, SR)).astype(np.float32)
NOISE[1] = np.convolve(NOISE[1], np.ones(20) / 5, "same")
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")


def tokenizer(folder: Path) -> Any:
    """One token for each letter, as byte pairs without a merge."""
    letters = [*SPECIAL, "Ġ", *"abcdefghijklmnopqrstuvwxyz"]
    (folder / "vocab.json").write_text(json.dumps({letter: i for i, letter in enumerate(letters)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return transformers.RobertaTokenizer.from_pretrained(str(folder), model_max_length=20)


def model(*, fusion: bool = False, seed: int = 0) -> Any:
    torch.manual_seed(seed)
    small = {"hidden_size": 16, "num_hidden_layers": 2, "projection_dim": 8, "initializer_factor": 20.0}
    audio = {"num_mel_bins": 16, "spec_size": 64, "window_size": 4, "patch_size": 2, "patch_stride": [2, 2]}
    audio |= {"depths": [1, 1], "num_attention_heads": [2, 2], "patch_embeds_hidden_size": 8}
    audio |= {"enable_fusion": fusion, "enable_patch_fusion": fusion, "freq_ratio": 2}
    text = {"vocab_size": 40, "num_attention_heads": 2, "intermediate_size": 16, "max_position_embeddings": 24}
    config = transformers.ClapConfig(audio_config={**small, **audio}, text_config={**small, **text}, projection_dim=8)
    return transformers.ClapModel(config).eval()


def extractor(*, fusion: bool = False) -> Any:
    truncation = "fusion" if fusion else "rand_trunc"
    return transformers.ClapFeatureExtractor(feature_size=16, max_length_s=1, truncation=truncation)


def saved(folder: Path, *, fusion: bool = False, seed: int = 0) -> Path:
    folder.mkdir(exist_ok=True)
    for part in (model(fusion=fusion, seed=seed), extractor(fusion=fusion), tokenizer(folder)):
        part.save_pretrained(folder)
    return folder


def expected(folder: Path, *, fusion: bool = False) -> Any:
    """Cosines (2, 2), probabilities (2, 2) and sounds (2, 8) by transformers' own processing."""
    inputs = extractor(fusion=fusion)(list(NOISE), sampling_rate=SR, return_tensors="pt")
    inputs["is_longer"] = torch.zeros(2, 1, dtype=torch.bool)
    text = tokenizer(folder)(list(PROMPTS), padding=True, return_tensors="pt")
    text = {name: text[name] for name in ("input_ids", "attention_mask")}
    with torch.no_grad():
        found = model(fusion=fusion)(**text, **inputs)
    return found.audio_embeds @ found.text_embeds.T, found.logits_per_audio.softmax(dim=1), found.audio_embeds


@pytest.fixture(scope="module", params=["?prompts=sad piano;fast drums", "", "?window_s=0.5"])
def listener(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load_model(f"hf:{saved(tmp_path_factory.mktemp('clap'))}{request.param}")


@pytest.mark.parametrize("fusion", [False, True])
def test_it_answers_what_transformers_answers(tmp_path: Path, fusion: bool) -> None:
    folder = saved(tmp_path, fusion=fusion)
    cosines, probabilities, sounds = expected(folder, fusion=fusion)
    by_text = load_model(f"hf:{folder}?prompts={';'.join(PROMPTS)}")
    assert by_text.labels == PROMPTS
    np.testing.assert_allclose(by_text(NOISE), cosines, atol=1e-5)
    compared = load_model(f"hf:{folder}?prompts={';'.join(PROMPTS)}&activation=softmax")
    np.testing.assert_allclose(compared(NOISE), probabilities, atol=1e-5)
    embedder = load_model(f"hf:{folder}")
    assert embedder.labels is None
    np.testing.assert_allclose(embedder(NOISE), sounds, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(embedder(NOISE), axis=1), 1, atol=1e-5)
    assert np.ptp(cosines.numpy(), axis=0).max() > 1e-3


def test_a_text_has_its_cosine_whatever_the_others_are_and_its_probability_not(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    for activation, same in (("none", True), ("softmax", False)):
        more = f"&activation={activation}"
        two = load_model(f"hf:{folder}?prompts=sad piano;fast drums{more}")(NOISE)
        three = load_model(f"hf:{folder}?prompts=choir in a hall;sad piano;fast drums{more}")(NOISE)
        assert np.allclose(two, three[:, 1:], atol=1e-5) is same
    assert np.all(np.abs(two.sum(axis=1) - 1) < 1e-6)


def test_its_window_is_all_that_it_hears_so_nothing_is_left_to_chance(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    made = load_model(f"hf:{folder}?prompts=sad piano")
    assert (made.sr, made.window_s) == (SR, 1.0)
    song = np.random.default_rng(2).normal(0, 0.1, 3 * SR).astype(np.float32)
    np.random.seed(0)  # noqa: NPY002 - the feature extractor's
    first = tag((song, SR), made).scores
    np.testing.assert_array_equal(first, tag((song, SR), made).scores)
    assert first.shape == (3, 1)
    with pytest.raises(UsageError, match=r"window_s=2, but .* hears 1 s at most"):
        load_model(f"hf:{folder}?window_s=2")


def test_a_short_recording_is_repeated_by_the_feature_extractor(tmp_path: Path) -> None:
    made = load_model(f"hf:{saved(tmp_path)}")
    short = NOISE[0, : SR // 2]
    found = tag((short, SR), made)
    np.testing.assert_allclose(found.scores, made(np.tile(short, 2)[None]), atol=1e-5)
    assert found.notes[0].endswith("given to the model as it is")


def test_prompts_are_labels_of_an_explanation(tmp_path: Path) -> None:
    made = load_model(f"hf:{saved(tmp_path)}?prompts=sad piano;fast drums")
    e = explain((NOISE[1], SR), made, factorization="hpss", labels=["fast drums"])
    assert tuple(e.labels) == ("fast drums",)


def test_the_fingerprint_notices_prompts_retraining_and_the_tokenizer(tmp_path: Path) -> None:
    folder = saved(tmp_path / "one")
    prints = [load_model(f"hf:{folder}{more}").fingerprint for more in ("", "?prompts=a", "?prompts=b", "?prompts=a;b")]
    prints.append(load_model(f"hf:{folder}?prompts=a;b&activation=softmax").fingerprint)
    prints.append(load_model(f"hf:{saved(tmp_path / 'two', seed=1)}?prompts=a").fingerprint)
    assert load_model(f"hf:{folder.rename(tmp_path / 'three')}?prompts=a").fingerprint == prints[1]
    (tmp_path / "three" / "merges.txt").write_text("#version: 0.1\n")
    prints.append(load_model(f"hf:{tmp_path / 'three'}?prompts=a").fingerprint)
    assert len(set(prints)) == len(prints)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("?prompts=sad piano&activation=softmax", "activation=softmax compares two or more"),
        ("?activation=softmax", "activation=softmax compares two or more"),
        ("?prompts=a;b&activation=sigmoid", "whose answers are cosines"),
        ("?prompts=a;a", "repeats 'a'"),
        ("?prompts=a slow and very sad old piano;b", r"the longest prompt has 31 tokens, and .* reads 20 at most"),
        ("?labels=a;b", "unknown option 'labels'"),
    ],
)
def test_what_cannot_be_asked_is_refused(tmp_path: Path, more: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_model(f"hf:{saved(tmp_path)}{more}")


def test_a_missing_or_damaged_tokenizer_is_told_where_prompts_need_it(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(CorruptError, match=r"transformers cannot load the tokenizer"):
        load_model(f"hf:{folder}?prompts=sad piano")
    for name in ("tokenizer.json", "vocab.json"):
        (folder / name).unlink(missing_ok=True)
    with pytest.raises(MissingError, match=r"no tokenizer\.json, by which prompts are read"):
        load_model(f"hf:{folder}?prompts=sad piano")
    assert load_model(f"hf:{folder}").labels is None
