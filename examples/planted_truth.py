"""Planted truths: three models whose reasons are known, and what LIME, Shapley values and interactions make of them.

No network and no separator: bass, guitar and drums are synthetic, so the sources are certain, and each model is one
line, so its reasons are. All columns come from the same eight predictions, every combination of three sources::

    python examples/planted_truth.py [FOLDER]
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import numpy as np

from audiolime_ext import explain, tagger
from audiolime_ext.attribution.interactions import shapley_interactions
from audiolime_ext.attribution.lime import lime
from factorizations.oracle import OracleFactorization

SR = 16000
TIME = np.arange(2 * SR) / SR
BEAT = np.exp(-20 * (TIME % 0.5))
STEMS = {
    "bass": 0.3 * np.sin(2 * np.pi * 80 * TIME),
    "guitar": 0.1 * np.sin(2 * np.pi * 440 * TIME),
    "drums": 0.5 * BEAT * np.sin(2 * np.pi * 3000 * TIME),
}
LESSONS = {
    "bass and drums": "Neither does anything alone: Shapley values share the score out, LIME looks near the full mix "
    "and gives out more than there is, and the positive pair says that they need each other.",
    "bass xor drums": "Both together cancel out, so the score of the mix and the Shapley values are 0: only the "
    "negative pair shows that the model listens at all, while LIME's weights are minus the gain from removing either.",
    "loudness": "It knows no instrument and still gets a top one, the loudest: a weight says what moves the score, not "
    "what the model knows; all pairs are negative, since the second sound adds less than the first.",
}


def hears(batch: np.ndarray, hz: float) -> np.ndarray:
    """Whether each signal holds a frequency."""
    at = np.exp(-2j * np.pi * hz * TIME)
    return np.abs(batch @ at) > 0.01 * batch.shape[1]


def judge(batch: np.ndarray) -> np.ndarray:
    bass, drums = hears(batch, 80), hears(batch, 3000)
    loudness = np.sqrt((batch**2).mean(axis=1)) / 0.25
    return np.stack([bass & drums, bass ^ drums, loudness], axis=1).astype(float)


def main(folder: str = "planted_truth") -> None:
    oracle = OracleFactorization({name: (signal.astype(np.float32), SR) for name, signal in STEMS.items()})
    e = explain(oracle.mixture, tagger(judge, sr=SR, labels=list(LESSONS)), factorization=oracle, labels=list(LESSONS))
    surrogate, shapley = lime(e.neighborhood).weights, e.attribution.weights.round(9) + 0.0
    pairs = shapley_interactions(e.neighborhood).round(9) + 0.0
    for row, (label, lesson) in enumerate(LESSONS.items()):
        full, empty = e.score(label)
        print(f"\n{label}: score {full:.2f}, silence {empty:.2f}")
        print(f"{'':8} {'LIME':>7} {'Shapley':>8}   together with " + " ".join(f"{name:>7}" for name in e.names))
        for i, name in enumerate(e.names):
            together = ["      ·" if i == j else f"{pair:+7.2f}" for j, pair in enumerate(pairs[row, i])]
            print(f"{name:8} {surrogate[row, i]:+7.2f} {shapley[row, i]:+8.2f}                 {' '.join(together)}")
        print(textwrap.fill(lesson, 100))
    Path(folder).mkdir(exist_ok=True)
    top = e.top(label="loudness")
    print(f"\nlisten to {top.components[0]}: {top.listen().write(Path(folder) / 'loudness.wav')}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
