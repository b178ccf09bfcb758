"""A collection of two classes, one of which always holds a beep, and a network that hears it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from audiolime_ext import Audio
from tests.concepts.listener import N_BANDS, SR, Listener

BEEP_HZ, BEEP_S = 1000.0, 0.25


def collection(folder: Path, *, n_songs: int = 24, beep: bool = True) -> Path:
    """Noise in all songs; in those of class a a beep somewhere. A folder for each class."""
    for label in ("a", "b"):
        for i in range(n_songs):
            rng = np.random.default_rng([ord(label), i])
            sound = rng.normal(0, 0.02, SR).astype(np.float32)
            t = np.arange(round(BEEP_S * SR)) / SR
            tone = (0.3 * np.sin(2 * np.pi * BEEP_HZ * t) * np.hanning(len(t))).astype(np.float32)
            if label == "a" and beep:
                at = rng.integers(0, SR - len(t))
                sound[at : at + len(t)] += tone
            (folder / label).mkdir(parents=True, exist_ok=True)
            Audio(sound[None], SR).write(folder / label / f"{label}{i}.wav")
    return folder


def hears_the_beep(seed: int = 0) -> Listener:
    """Its first unit rises with the beep's band alone; the others hear all bands, and mean little."""
    rng = np.random.default_rng(seed)
    centres = np.linspace(0, 1, N_BANDS)
    inward = rng.normal(size=(N_BANDS, 8)) / N_BANDS
    mels = 2595 * np.log10(1 + np.array([BEEP_HZ, SR / 2]) / 700)
    inward[:, 0] = np.exp(-(((centres - mels[0] / mels[1]) / 0.06) ** 2)) / 3
    mixing = rng.normal(0, 0.05, (8, 3))
    mixing[0] = [3.0, 0, 0]
    least = np.eye(1, 8)[0] * 1.5  # more than noise has
    outward = np.array([[4.0, -4.0], [0.1, 0.1], [-0.1, 0.1]])
    return replace(Listener(inward, mixing, outward, least), fingerprint=f"planted {seed}")


MODEL = replace(hears_the_beep(), spec="tests.concepts.planted:MODEL")
