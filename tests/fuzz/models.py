"""Models: functions that answer what no model should, and files that are none."""

from __future__ import annotations

import random
import re
from pathlib import Path

from tests.fuzz.damage import Input, mutated
from tests.fuzz.recordings import encoded

MODELS = Path(__file__).parent / "fuzzed_models.py"


def models(rng: random.Random, number: int) -> Input:
    """Functions that answer what no model should, and files that are no models."""
    if number % 2:
        names = re.findall(r"^def (\w+)", MODELS.read_text(encoding="utf-8"), re.MULTILINE)
        name = rng.choice([*names, "no_function", "text"])
        spec, files = f"fuzzed_models:{name}", {}
    else:
        ending = rng.choice(("onnx", "keras", "pt2", "ts", "pt", "h5", "tflite"))
        base = rng.choice(
            (encoded("pcm.wav"), b"PK\x03\x04" + bytes(200), bytes(range(256)) * 8, b"\x08\x08\x12\x04test:")
        )
        files = {f"model.{ending}": mutated(base, rng)[1]}
        spec = f"{rng.choice(('onnx', 'keras', 'torch', 'hf'))}:model.{ending}?sr=16000"
    how = rng.choice((("tag", "0.wav"), ("explain", "0.wav", "-f", "bands:2", "-o", "out", "--json")))
    return Input(spec, {"0.wav": encoded("pcm.wav"), **files}, (*how, "-t", spec), frozenset({0, 1, 2, 3, 4}))
