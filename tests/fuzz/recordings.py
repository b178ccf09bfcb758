"""Recordings: damaged files, and files whose form is right and whose sound is not."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import soundfile

from tests.fuzz.damage import MODEL, WINDOWED, Input, mutated

SR = 22050
AUDIO = frozenset({0, 4})


@cache
def sound(n_channels: int = 1, seconds: float = 1.2) -> np.ndarray:
    """A tone and noise, shape (n_samples, n_channels)."""
    times = np.arange(round(SR * seconds)) / SR
    noise = np.random.default_rng(0).normal(0, 0.05, (len(times), n_channels))
    return np.asarray(noise + 0.3 * np.sin(2 * np.pi * 440 * times)[:, None], np.float32)


FORMATS = {
    "pcm.wav": ("WAV", "PCM_16"),
    "deep.wav": ("WAV", "PCM_24"),
    "float.wav": ("WAV", "FLOAT"),
    "double.wav": ("WAV", "DOUBLE"),
    "law.wav": ("WAV", "ULAW"),
    "x.w64": ("W64", "PCM_16"),
    "x.rf64": ("RF64", "PCM_16"),
    "x.aiff": ("AIFF", "PCM_16"),
    "x.caf": ("CAF", "PCM_16"),
    "x.au": ("AU", "PCM_16"),
    "x.flac": ("FLAC", "PCM_16"),
    "x.ogg": ("OGG", "VORBIS"),
    "x.opus": ("OGG", "OPUS"),
    "x.mp3": ("MP3", "MPEG_LAYER_III"),
}


@cache
def encoded(name: str, n_channels: int = 1) -> bytes:
    """The sound in one of `FORMATS`."""
    file = io.BytesIO()
    container, subtype = FORMATS[name]
    sr = 24000 if subtype == "OPUS" else SR
    soundfile.write(file, sound(n_channels), sr, format=container, subtype=subtype)
    return file.getvalue()


def audio(rng: random.Random, _number: int) -> Input:
    """Damaged, joined, cut and swapped audio files, sometimes under another ending."""
    name = rng.choice([*FORMATS])
    how, content = mutated(encoded(name, rng.choice((1, 2))), rng)
    ending = rng.choice([*FORMATS]) if rng.random() < 0.1 else name
    command: Sequence[str] = rng.choice((
        ("tag", ending, "-t", MODEL),
        ("explain", ending, "-f", "bands:2", "-t", MODEL, "-o", "out"),
        ("separate", ending, "-f", "bands:2", "-o", "out"),
    ))  # fmt: skip
    return Input(f"{name} {how}", {ending: content}, command, AUDIO)


def values(rng: random.Random, _number: int) -> Input:
    """Files whose form is right and whose sound is not: NaN, huge, silent, one sample, many channels, odd rates."""
    samples = sound(rng.choice((1, 2, 3, 8))).copy()
    ways: dict[str, Callable[[], np.ndarray]] = {
        "nan": lambda: np.where(rng.random() < 2, np.nan, samples),
        "one nan": lambda: np.concatenate([samples, np.full_like(samples[:1], np.nan)]),
        "infinite": lambda: samples / np.float32(0.0),
        "huge": lambda: samples * np.float32(10.0 ** rng.randrange(2, 38)),
        "tiny": lambda: samples * np.float32(10.0 ** -rng.randrange(5, 44)),
        "silent": lambda: samples * 0,
        "short": lambda: samples[: rng.choice((0, 1, 2, 10, 300))],
        "constant": lambda: np.ones_like(samples),
    }
    how = rng.choice([*ways])
    file = io.BytesIO()
    sr = rng.choice((SR, 1, 2, 7, 8000, 192000, 768000, 2**31 - 1))
    with np.errstate(all="ignore"):
        soundfile.write(file, ways[how](), sr, format="WAV", subtype=rng.choice(("FLOAT", "DOUBLE")))
    model = rng.choice((MODEL, WINDOWED))
    command: Sequence[str] = rng.choice((
        ("tag", "x.wav", "-t", model),
        ("explain", "x.wav", "-f", rng.choice(("bands:2", "hpss")), "-t", model, "-o", "out"),
        ("separate", "x.wav", "-f", "bands:2", "-o", "out"),
    ))  # fmt: skip
    return Input(f"{how} at {sr} Hz", {"x.wav": file.getvalue()}, command, AUDIO | {2})
