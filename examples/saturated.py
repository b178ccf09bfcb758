"""A saturated model: the drums are enough, and so is the bass. What do gradients, integrals and interventions say?

Its score is 1 − relu(1 − d − b) for the levels d and b of the bands where drums and bass sound: with either of them it
is full, and more changes nothing. So there is no slope where the recording is, and SmoothGrad finds nothing. Integrated
Gradients from silence pass through where the score rises: they name both, in the proportion of their levels.
Leave-one-out asks what is lost without one of the two, which is nothing. Shapley values also ask about each without the
other, and share the score out evenly. The guitar, which is the loudest, does nothing. No network, no separator::

    python examples/saturated.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from audiolime_ext import explain, relevance
from audiolime_ext.gradients.parts.agreement import agreement
from audiolime_ext.prediction.front_end import LogMel
from factorizations.oracle import OracleFactorization

SR = 16000
TIME = np.arange(2 * SR) / SR
HZ = {"bass": 80, "guitar": 700, "drums": 4000}
LEVELS = {"bass": 0.05, "guitar": 0.2, "drums": 0.1}
BANDS = {"bass": slice(0, 4), "guitar": slice(5, 10), "drums": slice(22, 28)}


class Saturated:
    """Full as soon as there is bass or drums."""

    sr, window_s, hop_s, lead_s, min_s, n_channels, batch_size = SR, 2.0, 2.0, 0.0, None, 1, 8
    labels, spec, fingerprint, references = ["groove"], None, None, ()
    front_end = LogMel(SR, 1024, 512, 32)

    def level(self, features: np.ndarray) -> np.ndarray:
        """Mean level of the two bands, each above 1 where its sound plays; shape (n_batch, 1)."""
        return sum(features[:, :, BANDS[name]].mean((1, 2)) for name in ("bass", "drums"))[:, None]

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        return 1 - np.maximum(0, 1 - self.level(self.front_end(batch)))

    def vjp(self, features, cotangent_fn, *, wrt=None):
        level, slope = self.level(features), np.zeros_like(features)
        outputs = (1 - np.maximum(0, 1 - level)).astype(np.float32)
        for name in ("bass", "drums"):
            slope[:, :, BANDS[name]] = (level < 1)[:, :, None] / slope[0, :, BANDS[name]].size
        return outputs, features, cotangent_fn(outputs)[:, :, None] * slope


def main(folder: str = "saturated") -> None:
    sounds = {name: LEVELS[name] * np.sin(2 * np.pi * hz * TIME) for name, hz in HZ.items()}
    oracle = OracleFactorization({name: (one.astype(np.float32), SR) for name, one in sounds.items()})
    model, song = Saturated(), oracle.mixture
    maps = {"SmoothGrad": relevance(song, model, method="gradients"), "integrated gradients": relevance(song, model)}
    rows = {name: {own: one.values[:, BANDS[own]].sum() for own in HZ} for name, one in maps.items()}
    shapley = explain(song, model, factorization=oracle)
    rows["leave one out"] = explain(song, model, factorization=oracle, method="leave-one-out").weights()
    rows["Shapley values"] = shapley.weights()
    print(f"{'':22}" + "".join(f"{name:>8}" for name in HZ))
    for name, row in rows.items():
        print(f"{name:22}" + "".join(f"{round(float(row[own]), 2) + 0.0:8.2f}" for own in HZ))
    for name, found in maps.items():
        print(f"\n{name}, beside the Shapley values:", *agreement(found, shapley).sentences(), sep="\n- ")
    Path(folder).mkdir(exist_ok=True)
    part = maps["integrated gradients"].listen().write(Path(folder) / "relevant.wav")
    print(f"\nlisten to the most relevant part: {part}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
