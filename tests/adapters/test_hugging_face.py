"""Local folders of audio models: against what transformers itself answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext.errors import CorruptError, MissingError, UsageError
from audiolime_ext.extras import require
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.taggram import tag
from audiolime_ext.registry import build
from tests.adapters.suite import *  # noqa: F403 - the suite of all taggers, on the listener below

torch = require("torch", extra="huggingface")
transformers = require("transformers", extra="huggingface")

SR, LABELS = 16000, {0: "rock", 1: "jazz", 2: "hum"}
NOISE = np.random.default_rng(1).normal(0, 0.1, (2, SR)).astype(np.float32)
SMALL = {"layers": 1, "attention_heads": 2, "ffn_dim": 8}
SIZES = (
    *("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "initializer_range"),
    *("conv_dim", "conv_stride", "conv_kernel", "num_conv_pos_embeddings", "num_conv_pos_embedding_groups"),
)
Parts = tuple[Any, Any]


def wav2vec2(seed: int = 0, problem_type: str | None = None, labels: dict[int, str] = LABELS) -> Parts:
    torch.manual_seed(seed)
    config = transformers.Wav2Vec2Config(
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        conv_dim=(8, 8),
        conv_stride=(20, 16),
        conv_kernel=(20, 16),
        num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2,
        classifier_proj_size=8,
        initializer_range=0.5,
        id2label=labels,
        problem_type=problem_type,
    )
    return transformers.Wav2Vec2ForSequenceClassification(config), transformers.Wav2Vec2FeatureExtractor()


def ast(seed: int = 0) -> Parts:
    torch.manual_seed(seed)
    config = transformers.ASTConfig(
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        max_length=96,
        num_mel_bins=32,
        initializer_range=0.5,
        id2label=LABELS,
        problem_type="multi_label_classification",
    )
    return transformers.ASTForAudioClassification(config), transformers.ASTFeatureExtractor(
        num_mel_bins=32, max_length=96
    )


def whisper(seed: int = 0) -> Parts:
    torch.manual_seed(seed)
    size = {f"{side}_{name}": n for side in ("encoder", "decoder") for name, n in SMALL.items()}
    config = transformers.WhisperConfig(
        **size,
        d_model=8,
        vocab_size=8,
        pad_token_id=0,
        num_mel_bins=20,
        max_source_positions=50,
        classifier_proj_size=8,
        init_std=0.5,
        id2label=LABELS,
    )
    return transformers.WhisperForAudioClassification(config), transformers.WhisperFeatureExtractor(
        feature_size=20, chunk_length=1
    )


def hubert() -> Parts:
    torch.manual_seed(0)
    config = transformers.HubertConfig(**{name: getattr(wav2vec2()[0].config, name) for name in SIZES})
    return transformers.HubertModel(config), transformers.Wav2Vec2FeatureExtractor()


def pretraining() -> Parts:
    torch.manual_seed(0)
    config = transformers.Wav2Vec2Config(
        **{name: getattr(wav2vec2()[0].config, name) for name in SIZES}, num_codevectors_per_group=4, codevector_dim=8
    )
    return transformers.Wav2Vec2ForPreTraining(config), transformers.Wav2Vec2FeatureExtractor()


def whisper_whole() -> Parts:
    torch.manual_seed(0)
    model, extractor = whisper()
    return transformers.WhisperModel(model.config), extractor


def change(file: Path, **entries: Any) -> None:
    """Change entries of a JSON file."""
    file.write_text(json.dumps(json.loads(file.read_text()) | entries))


def saved(folder: Path, parts: Parts) -> Path:
    for part in parts:
        part.save_pretrained(folder)
    return folder


def expected(parts: Parts, batch: np.ndarray = NOISE) -> Any:
    model, extractor = parts
    with torch.no_grad():
        return model.eval()(**extractor(list(batch), sampling_rate=SR, return_tensors="pt")).logits


@pytest.fixture(scope="module", params=["wav2vec2", "wav2vec2 in windows", "ast", "hubert"])
def listener(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    parts = {"ast": ast, "hubert": hubert}.get(request.param, wav2vec2)()
    folder = saved(tmp_path_factory.mktemp("hf"), parts)
    return load_model(f"hf:{folder}{'?window_s=1' if 'windows' in request.param else ''}")


@pytest.mark.parametrize("parts", [wav2vec2, ast, whisper])
def test_it_answers_what_transformers_answers(tmp_path: Path, parts: Callable[[], Parts]) -> None:
    made = build("model", f"hf:{saved(tmp_path, parts())}")
    logits = expected(parts())
    wanted = torch.sigmoid(logits) if parts is ast else torch.softmax(logits, dim=1)
    np.testing.assert_allclose(made(NOISE), wanted, atol=1e-5)
    assert made.labels == ("rock", "jazz", "hum")
    assert made.sr == SR


@pytest.mark.parametrize(
    ("problem_type", "more", "wanted"),
    [
        (None, "", lambda logits: torch.softmax(logits, dim=1)),
        ("single_label_classification", "", lambda logits: torch.softmax(logits, dim=1)),
        ("multi_label_classification", "", torch.sigmoid),
        ("regression", "", lambda logits: logits),
        (None, "?activation=sigmoid", torch.sigmoid),
        (None, "?activation=none", lambda logits: logits),
    ],
)
def test_the_problem_sets_the_activation_unless_it_is_said(
    tmp_path: Path, problem_type: str | None, more: str, wanted: Callable[[Any], Any]
) -> None:
    parts = wav2vec2(problem_type=problem_type)
    made = build("model", f"hf:{saved(tmp_path, parts)}{more}")
    np.testing.assert_allclose(made(NOISE), wanted(expected(parts)), atol=1e-5)


def test_a_single_output_is_a_probability(tmp_path: Path) -> None:
    parts = wav2vec2(labels={0: "music"})
    made = build("model", f"hf:{saved(tmp_path, parts)}")
    np.testing.assert_allclose(made(NOISE), torch.sigmoid(expected(parts)), atol=1e-5)


def test_what_a_feature_extractor_would_cut_is_never_given_to_it(tmp_path: Path) -> None:
    folder = saved(tmp_path, ast())
    assert build("model", f"hf:{folder}").window_s == pytest.approx(0.96)
    assert build("model", f"hf:{saved(tmp_path / 'whisper', whisper())}").window_s == 1
    assert build("model", f"hf:{folder}?window_s=0.5&hop_s=0.25").window_s == 0.5
    with pytest.raises(UsageError, match=r"window_s=2, but .* hears 0\.96 s at most"):
        build("model", f"hf:{folder}?window_s=2")


@pytest.mark.parametrize("parts", [ast, whisper])
def test_what_is_shorter_is_filled_up_by_the_feature_extractor(tmp_path: Path, parts: Callable[[], Parts]) -> None:
    """Not with silence in front of it: frames of 0 are not the frames of silence."""
    made = load_model(f"hf:{saved(tmp_path, parts())}")
    short = NOISE[0, : round(0.8 * SR)]
    found = tag((short, SR), made)
    logits = expected(parts(), short[None])
    np.testing.assert_allclose(found.mean, (torch.sigmoid if parts is ast else _softmax)(logits)[0], atol=1e-5)
    (note,) = found.notes
    assert note.endswith("given to the model as it is")
    filled = np.pad(short, (0, round((made.window_s or 0) * SR) - len(short)))
    assert np.allclose(made(filled[None]), found.scores, atol=1e-4) is (parts is whisper)


def _softmax(logits: Any) -> Any:
    return torch.softmax(logits, dim=1)


def test_the_fingerprint_notices_retraining_and_options_but_not_a_move(tmp_path: Path) -> None:
    before = build("model", f"hf:{saved(tmp_path / 'one', wav2vec2())}")
    moved = (tmp_path / "one").rename(tmp_path / "two")
    prints = [
        before.fingerprint,
        build("model", f"hf:{moved}?activation=sigmoid").fingerprint,
        build("model", f"hf:{saved(tmp_path / 'three', wav2vec2(seed=1))}").fingerprint,
    ]
    assert build("model", f"hf:{moved}?threads=1").fingerprint == before.fingerprint
    assert len(set(prints)) == 3


def test_a_classifier_without_a_trained_head_is_refused(tmp_path: Path) -> None:
    model, extractor = wav2vec2()
    saved(tmp_path, (model.wav2vec2, extractor))
    change(tmp_path / "config.json", architectures=["Wav2Vec2ForSequenceClassification"])
    with pytest.raises(CorruptError, match=r"lacks weights \(classifier\.bias"):
        build("model", f"hf:{tmp_path}")


ENCODERS: dict[str, Callable[[], Parts]] = {
    "wav2vec2": lambda: (wav2vec2()[0].wav2vec2, wav2vec2()[1]),
    "hubert": lambda: hubert(),
    "pretraining": lambda: pretraining(),
    "ast": lambda: (ast()[0].audio_spectrogram_transformer, ast()[1]),
    "whisper": lambda: whisper_whole(),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_answers_its_pooler_or_the_mean_over_time(tmp_path: Path, name: str) -> None:
    model, extractor = ENCODERS[name]()
    made = load_model(f"hf:{saved(tmp_path, (model, extractor))}")
    inputs = extractor(list(NOISE), sampling_rate=SR, return_tensors="pt")
    encoder = {"whisper": "encoder", "pretraining": "wav2vec2"}.get(name)
    with torch.no_grad():
        states = (getattr(model, encoder) if encoder else model).eval()(**inputs).last_hidden_state
    wanted = states[:, :2].mean(dim=1) if name == "ast" else states.mean(dim=1)  # AST: of its two class tokens
    assert made.labels is None
    np.testing.assert_allclose(made(NOISE), wanted, atol=1e-5)
    assert not np.allclose(made(NOISE)[0], made(NOISE)[1], atol=1e-3)


def test_an_embedding_takes_neither_an_activation_nor_prompts(tmp_path: Path) -> None:
    folder = saved(tmp_path, ENCODERS["wav2vec2"]())
    with pytest.raises(UsageError, match=r"answers an embedding, .* leave out activation="):
        build("model", f"hf:{folder}?activation=softmax")
    with pytest.raises(UsageError, match=r"is no CLAP model \(Wav2Vec2Model\); leave out prompts="):
        build("model", f"hf:{folder}?prompts=sad piano")


def test_an_encoder_is_another_model_than_the_classifier_on_it(tmp_path: Path) -> None:
    model, extractor = wav2vec2()
    embedder = build("model", f"hf:{saved(tmp_path / 'one', (model.wav2vec2, extractor))}")
    classifier = build("model", f"hf:{saved(tmp_path / 'two', (model, extractor))}")
    assert embedder.fingerprint != classifier.fingerprint


def test_a_model_whose_code_lies_in_its_folder_is_refused_and_none_of_it_runs(tmp_path: Path) -> None:
    """As MERT is published: a type that transformers does not know, and Python files beside it."""
    folder = saved(tmp_path, ENCODERS["hubert"]())
    code = {"AutoConfig": "configuration_own.OwnConfig", "AutoModel": "modeling_own.OwnModel"}
    change(folder / "config.json", model_type="mert_model", auto_map=code, architectures=["MERTModel"])
    for name in ("configuration_own.py", "modeling_own.py"):
        (folder / name).write_text("import pathlib\npathlib.Path('ran').touch()\n")
    with pytest.raises(UsageError, match=r"of type 'mert_model', .* such code is not run; export the model to ONNX"):
        build("model", f"hf:{folder}")
    change(folder / "config.json", model_type="hubert")  # known: transformers' own code is taken
    assert build("model", f"hf:{folder}").labels is None
    assert not Path("ran").exists()


def test_labels_that_do_not_fit_the_weights_are_refused(tmp_path: Path) -> None:
    saved(tmp_path, wav2vec2())
    config = json.loads((tmp_path / "config.json").read_text())
    config["id2label"], config["label2id"] = {"0": "rock", "1": "jazz"}, {"rock": 0, "jazz": 1}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CorruptError, match=r"transformers cannot load"):
        build("model", f"hf:{tmp_path}")


def test_pickled_weights_are_not_loaded(tmp_path: Path) -> None:
    saved(tmp_path, wav2vec2())
    (tmp_path / "model.safetensors").rename(tmp_path / "pytorch_model.bin")
    with pytest.raises(MissingError, match=r"no model\.safetensors \(pickled weights are not loaded\)"):
        build("model", f"hf:{tmp_path}")


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_damaged_and_missing_files_are_told(tmp_path: Path, name: str) -> None:
    saved(tmp_path, wav2vec2())
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(CorruptError, match=r"transformers cannot load"):
        build("model", f"hf:{tmp_path}")
    (tmp_path / name).unlink()
    with pytest.raises(MissingError, match=name.replace(".", r"\.")):
        build("model", f"hf:{tmp_path}")


def test_options_that_the_model_states_itself_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown option 'labels'"):
        build("model", f"hf:{tmp_path}?labels=a;b")
