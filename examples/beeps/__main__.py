"""What has a classifier learnt? Songs with a planted beep, and a model that is known to hear it.

Soft three-second excerpts of real songs are dealt to two classes, and one class gets a beep of 1 kHz, at any time. The
model has a layer of eight units, one of which hears the bands around 1 kHz; the others hear all bands, and mean little.
So a concept of the class "beeps" should be the beep, be significant, and be missed when it is taken out. The same for
musicnn (with PyTorch), or for a model of yours::

    audiolime concepts songs.csv -m musicnn:MSD_musicnn --layer penultimate
    audiolime concepts report songs.concepts -o page
    python -m examples.beeps [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext import Audio, load_audio, tagger
from audiolime_ext.concepts import find_concepts, measure_concepts
from audiolime_ext.prediction.front_end import LogMel
from audiolime_ext.report.concepts.page import write_concepts_page

ROOT = Path(__file__).parents[2]
CLIPS = ("audiolime_ext/data/ezer_ev.ogg", "examples/audio/vermocsar.ogg", "examples/audio/slow_motion_dream.mp3")
N_SONGS, LENGTH_S = 48, 3.0
BEEP_HZ, BEEP_S, BEEP_BAND = 1000.0, 0.3, 31


class HearsBeeps:
    """Log-mel → eight units with a ReLU, frame by frame ("hidden") → mean over time → tanh → two scores."""

    labels, layers = ("beeps", "no beeps"), ("hidden",)
    sr, window_s, hop_s, lead_s, min_s, n_channels, batch_size = 16000, 3.0, 3.0, 0.0, None, 1, 8
    spec, fingerprint, references = None, "hears beeps, 1", ()
    front_end = LogMel(16000, 512, 256, 96)

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.inward = rng.normal(size=(96, 8)) / 96
        self.inward[:, 0] = np.exp(-(((np.arange(96) - BEEP_BAND) / 2) ** 2)) / 3
        self.least = np.array([3.4, *[0.0] * 7])
        self.mixing = np.vstack([[6.0, 0, 0], rng.normal(0, 0.05, (7, 3))])
        self.outward = np.array([[4.0, -4.0], [0.1, 0.1], [-0.1, 0.1]])

    def activations(self, features: Any, layer: str) -> Any:
        return np.maximum(features @ self.inward - self.least, 0).astype(np.float32)

    def at(self, layer: str) -> Any:
        return tagger(lambda batch: self.activations(self.front_end(batch), layer).mean(axis=1), sr=16000, window_s=3.0)

    def __call__(self, batch: Any) -> Any:
        mixed = np.tanh(self.activations(self.front_end(batch), "hidden").mean(axis=1) @ self.mixing)
        return (1 / (1 + np.exp(-mixed @ self.outward))).astype(np.float32)

    def vjp(self, features: Any, cotangent_fn: Any, *, wrt: str | None = None) -> Any:
        hidden = self.activations(features, "hidden")
        mixed = np.tanh(hidden.mean(axis=1) @ self.mixing)
        scores = 1 / (1 + np.exp(-mixed @ self.outward))
        slope = (cotangent_fn(scores) * scores * (1 - scores)) @ self.outward.T * (1 - mixed**2) @ self.mixing.T
        inside = np.repeat(slope[:, None] / hidden.shape[1], hidden.shape[1], axis=1)
        return (scores, hidden, inside) if wrt else (scores, features, (inside * (hidden > 0)) @ self.inward.T)


def lay_out(folder: Path) -> None:
    """A folder for each class."""
    clips = [load_audio(ROOT / path) for path in CLIPS]
    for i in range(N_SONGS):
        rng, clip = np.random.default_rng(i), clips[i % len(clips)]
        first, end = clip.span(rng.uniform(0, clip.duration_s - LENGTH_S), LENGTH_S)
        samples = 0.1 * clip.samples[:, first:end]
        label = "beeps" if i // len(clips) % 2 else "no beeps"
        if label == "beeps":
            t = np.arange(round(BEEP_S * clip.sr)) / clip.sr
            at = rng.integers(0, samples.shape[1] - len(t))
            samples[:, at : at + len(t)] += 0.2 * np.sin(2 * np.pi * BEEP_HZ * t) * np.hanning(len(t))
        (folder / label).mkdir(parents=True, exist_ok=True)
        Audio(samples, clip.sr, f"{clip.name} {i}").write(folder / label / f"{i} {clip.name}.wav")


def main(folder: str = "beeps") -> None:
    songs, model = Path(folder, "songs"), HearsBeeps()
    lay_out(songs)
    store = measure_concepts(
        songs, model, "hidden", store=Path(folder, "beeps.concepts"), splits=["slic:15"], duration_s=LENGTH_S
    )
    found = find_concepts(store, n_clusters=8, n_null=2000)
    print(found)
    page = write_concepts_page(
        found, store, folder, title="What a model that hears beeps has learnt", model=model, features=None
    )
    print(f"\nlook at the concepts, and listen to them: {page}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
