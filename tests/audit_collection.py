"""A small collection with a planted truth, and models to audit on it: what the audit's tests share.

"guitar" recordings are a low tone, a tone around 500 Hz and clicks above 2 kHz; "piano" recordings a low tone and one
around 1 kHz. `confounded` calls a guitar whatever clicks; `clean` hears the tones; `arbitrary` answers anything, but
the same to the same; `forgetful` makes a model that hears the tones with its dropout left on.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import wavfile

from audiolime_ext import Audio, Stems, tagger
from audiolime_ext.factorization.contract import Scope
from audiolime_ext.prediction.function_model import FunctionModel
from factorizations.bands import make as make_bands

SR = 8000
POISON = 0.123


def make_collection(folder: Path, n: int, *, duration_s: float = 1.0, poisoned: int | None = None) -> Path:
    """Write `n` recordings of as many songs with their true stems, and the manifest; its path.

    One may be `poisoned`: it crashes the process that separates it by `bomb`.
    """
    rng = np.random.default_rng(0)
    clock = np.arange(round(duration_s * SR)) / SR
    lines = ["path,label,song,stems"]
    for i in range(n):
        label = ("guitar", "piano")[i % 2]
        stems = {"bass": 0.2 * np.sin(2 * np.pi * rng.uniform(60, 90) * clock)}
        tone = rng.uniform(480, 520) if label == "guitar" else rng.uniform(950, 1050)
        stems[label] = 0.2 * np.sin(2 * np.pi * tone * clock)
        if label == "guitar":
            clicks = rng.normal(size=clock.size) * (np.sin(2 * np.pi * 4 * clock) > 0.8)
            stems["drums"] = 0.2 * clicks
        place = folder / f"{i:03d}-stems"
        place.mkdir(parents=True)
        if i == poisoned:
            stems["bass"][0] = POISON - sum(stem[0] for name, stem in stems.items() if name != "bass")
        for name, stem in stems.items():
            wavfile.write(place / f"{name}.wav", SR, stem.astype(np.float32))  # unlike soundfile, without the time
        wavfile.write(folder / f"{i:03d}.wav", SR, np.sum(list(stems.values()), axis=0).astype(np.float32))
        lines.append(f"{i:03d}.wav,{label},song {i},{i:03d}-stems")
    manifest = folder / "manifest.csv"
    manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return manifest


def _share(batch: NDArray[np.float32], low_hz: float, high_hz: float) -> NDArray[np.float64]:
    power = np.abs(np.fft.rfft(batch, axis=-1)) ** 2
    frequencies = np.fft.rfftfreq(batch.shape[-1], 1 / SR)
    inside = (frequencies >= low_hz) & (frequencies < high_hz)
    return np.asarray(power[:, inside].sum(axis=1) / (power.sum(axis=1) + 1e-9))


def _two(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    guitar = 1 / (1 + np.exp(-odds))
    return np.stack([guitar, 1 - guitar], axis=1)


def _clicks(batch: NDArray[np.float32]) -> NDArray[np.float64]:
    return _two((_share(batch, 2000, SR) - 0.02) * 200)


def _tones(batch: NDArray[np.float32]) -> NDArray[np.float64]:
    return _two((_share(batch, 400, 600) - _share(batch, 900, 1100)) * 30)


def _hash(batch: NDArray[np.float32]) -> NDArray[np.float64]:
    digests = [hashlib.sha256(np.ascontiguousarray(signal).tobytes()).digest()[:4] for signal in batch]
    return _two(np.array([int.from_bytes(digest, "little") / 2**32 for digest in digests]) * 8 - 4)


LABELS = ["guitar", "piano"]
confounded = tagger(_clicks, sr=SR, labels=LABELS, version="clicks 1")
retrained = tagger(_clicks, sr=SR, labels=LABELS, version="clicks 2")
clean = tagger(_tones, sr=SR, labels=LABELS, version="tones 1")
arbitrary = tagger(_hash, sr=SR, labels=LABELS, version="hash 1")


def forgetful(noise: float, *, seed: int = 0) -> FunctionModel:
    """Hears the tones, but its log-odds have noise of this deviation, other each time."""
    rng = np.random.default_rng(seed)

    def answer(batch: NDArray[np.float32]) -> NDArray[np.float64]:
        return _two((_share(batch, 400, 600) - _share(batch, 900, 1100)) * 5 + rng.normal(0, noise, len(batch)))

    return tagger(answer, sr=SR, labels=LABELS, version=f"dropout {noise} {seed}")


class _Bomb:
    """Frequency bands; the process dies where the recording is poisoned."""

    spec = "tests.audit_collection:bomb"
    scope: Scope = "blocks"
    references = ()
    fingerprint = "bomb 1"

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        if abs(float(audio.samples[0, 0]) - POISON) < 1e-6:
            os.abort()
        return make_bands("2").factorize(audio, start_s=start_s, duration_s=duration_s)


bomb = _Bomb()


class _Sleeper(_Bomb):
    """Falls asleep instead."""

    spec, fingerprint = "tests.audit_collection:sleeper", "sleeper 1"

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        if abs(float(audio.samples[0, 0]) - POISON) < 1e-6:
            time.sleep(600)
        return make_bands("2").factorize(audio, start_s=start_s, duration_s=duration_s)


sleeper = _Sleeper()


class _Duo(_Bomb):
    """Two stems, as of music in which nobody sings: what is taken for vocals is a hundredth of everything."""

    spec, fingerprint = "tests.audit_collection:duo", "duo 1"

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        split = make_bands("2").factorize(audio, start_s=start_s, duration_s=duration_s)
        shares = np.array([0.01, 0.99], np.float32)[:, None, None]
        return Stems(("vocals", "accompaniment"), split.samples.sum(axis=0, keepdims=True) * shares, split.sr)


duo = _Duo()


class _Greedy(_Bomb):
    """Needs more memory than there is."""

    spec, fingerprint = "tests.audit_collection:greedy", "greedy 1"

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        return Stems(("all",), np.empty((1, 1, 10**14), np.float32), audio.sr)


greedy = _Greedy()
