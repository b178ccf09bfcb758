"""Networks: checkpoints of TensorFlow and ONNX models that were whole, damaged."""

from __future__ import annotations

import json
import random
import tempfile
from functools import cache
from pathlib import Path

from factorizations.spleeter_network import SpleeterConfig
from tests.fuzz.damage import Input, mutated
from tests.fuzz.recordings import encoded
from tests.models.test_onnx_model import saved as saved_onnx
from tests.models.test_onnx_model import spec
from tests.random_checkpoints import NARROW, configuration, write_checkpoint

CONFIG = SpleeterConfig(("voice", "rest"), n_bins=128, down="ReLU", up="LeakyReLU", filters=NARROW)


@cache
def whole() -> dict[str, bytes]:
    """A separator of somebody's own, and a model."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_checkpoint(folder / "own", CONFIG)
        (folder / "own" / "own.json").write_text(configuration(CONFIG, model_dir="."))
        saved_onnx(folder)
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def networks(rng: random.Random, number: int) -> Input:
    """A separator one of whose files is damaged or gone, or a model."""
    files = {"0.wav": encoded("pcm.wav"), **whole()}
    names = ("model.onnx",) if number % 2 else tuple(name for name in whole() if name.startswith("own/"))
    chosen = rng.choice(names)
    how, files[chosen] = mutated(files[chosen], rng)
    if chosen.endswith(".json") and rng.random() < 0.5:
        how, files[chosen] = "setting", _with_another_setting(whole()[chosen], rng)
    if rng.random() < 0.05:
        how = "gone"
        del files[chosen]
    asked = (
        ("tag", "0.wav", "-t", spec(Path("model.onnx")))
        if number % 2
        else ("separate", "0.wav", "-f", "spleeter:own", "-o", "out")
    )
    return Input(f"{chosen} {how}", files, asked, frozenset({0, 1, 2, 3, 4}))


def _with_another_setting(content: bytes, rng: random.Random) -> bytes:
    settings = json.loads(content)
    inside = rng.choice((settings, *(value for value in settings.values() if isinstance(value, dict))))
    inside[rng.choice(list(inside))] = rng.choice((None, "", -1, 0, 1e308, 10**9, [], {}, ["x"] * 3, True, "../.."))
    return json.dumps(settings).encode()
