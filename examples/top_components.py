"""Do the components that an explanation names keep the model's label when nothing else plays?

The test of the audioLIME paper: of 50 components, only the k most positive for the model's top label sound, and it
should still be on top. Two splits, sources (two stems × 25 pieces of time) and frequency bands (five × ten, as in
SoundLIME), two methods, beside k components at random. The table has the shares of windows whose label stays; one
explanation is written to listen to. One window of each clip and few evaluations only show how it is done::

    python examples/top_components.py [WINDOWS [EVALUATIONS [FILE.wav]]]

Fewer than k sound where fewer are positive. A residual that is too faint to be a component plays on. Expect little:
musicnn hears music in shreds as "electronic", whichever they are (``tests/studies/top_k.py`` has all windows).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from audiolime_ext import Audio, explain, load_audio, tag
from audiolime_ext.components.game import Game
from audiolime_ext.models.musicnn import MusicnnModel
from audiolime_ext.text import text_table
from factorizations.oracle import OracleFactorization

ROOT = Path(__file__).parent.parent
SPLITS = {
    "sources": {"factorization": "spleeter:2stems", "segments": 25},
    "bands": {"factorization": "bands:mel-5", "segments": 10},
}
SIZES = (3, 5, 7, 9, 11)
N_RANDOM = 8


def clips() -> list[Audio]:
    stems = {name: ROOT / "examples" / "audio" / "feelings" / f"{name}.ogg" for name in ("guitar", "rest")}
    return [load_audio(ROOT / "audiolime_ext" / "data" / "ezer_ev.ogg"), OracleFactorization(stems).mixture]


def most_positive(weights: np.ndarray) -> np.ndarray:
    """Masks of the heaviest components, one for each of SIZES."""
    rank = np.argsort(np.argsort(-weights, kind="stable"))
    return np.array([(rank < k) & (weights > 0) for k in SIZES])


def at_random(n: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.array([rng.permutation(n) < k for _ in range(N_RANDOM) for k in SIZES])


def main(n_windows: str = "1", max_evals: str = "128", file: str = "top_components.wav") -> None:
    model = MusicnnModel("MSD_musicnn")
    stays: dict[tuple[str, str], list[np.ndarray]] = {}
    for clip in clips():
        taggram = tag(clip, model)
        whole = ~taggram.padded
        for start_s, scores in list(zip(taggram.times_s[whole], taggram.scores[whole], strict=True))[: int(n_windows)]:
            label = model.labels[int(scores.argmax())]
            place = {"start_s": float(start_s), "labels": label, "max_evals": int(max_evals), "level_check": False}
            for split, how in SPLITS.items():
                for method in ("shapley", "lime"):
                    song = explain(clip, model, method=method, **place, **how)
                    if (split, method) == ("sources", "shapley"):
                        heard = song
                    masks = {method: most_positive(song.attribution.weights[song.column(label)])}
                    if method == "lime":
                        masks["at random"] = at_random(len(song.names))
                    for name, alone in masks.items():
                        same = Game.of(song.components, model)(alone).argmax(axis=1) == song.column(label)
                        stays.setdefault((split, name), []).append(same.reshape(-1, len(SIZES)).mean(axis=0))
    rows = [[*key, *(f"{share:.2f}" for share in np.mean(found, axis=0))] for key, found in stays.items()]
    print(text_table(["", "", *(f"k = {k}" for k in SIZES)], rows, left=(0, 1)))
    heaviest = [name for name, weight in sorted(heard.weights().items(), key=lambda one: -one[1])[:3] if weight > 0]
    print(f"listen to {heard.labels[0]}: {heard.audio(heaviest).write(file)}")


if __name__ == "__main__":
    main(*sys.argv[1:4])
