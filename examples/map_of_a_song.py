"""A map of gradients over the spectrogram, beside what switching sounds off does: one is right, and one misleads.

The model is known, so one knows what a map must show. "middle" is the more, the louder the bands between 0.3 and 2.5
kHz are. "enough" says yes as soon as they are loud enough, and adds a little for what is above 4 kHz. Where they have
long been loud enough, more of them changes nothing: there its slope sees the little alone, and so does a map by
SmoothGrad. Integrated Gradients go all the way from silence, and do not miss what is heard on it. The page shows a map
of each kind, and what becomes of the score where bands of the song are switched off::

    python examples/map_of_a_song.py [PAGE.html]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext import explain_track, write_page
from audiolime_ext.gradients.parts.beside import map_beside
from audiolime_ext.prediction.front_end import LogMel
from factorizations.oracle import OracleFactorization

SONG = Path(__file__).parent / "audio" / "feelings"
METHODS = {"middle": "integrated", "enough": "gradients"}


class Known:
    sr, window_s, hop_s, lead_s, min_s, n_channels, batch_size = 16000, 3.0, 3.0, 0.0, None, 1, 8
    labels, spec, fingerprint, references = list(METHODS), None, None, ()
    front_end = LogMel(16000, 512, 256, 96)
    middle = np.repeat([0, 1 / 50, 0], [10, 50, 36])
    high = np.repeat([0, 1 / 20], [76, 20])

    def scores(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        loud, shrill = ((features @ bands).mean(axis=1) for bands in (self.middle, self.high))
        on = 1 / (1 + np.exp(12 - 12 * loud))
        return np.stack([loud / 3, 0.8 * on + 0.05 * shrill], axis=1), loud, on

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        return self.scores(self.front_end(batch))[0]

    def vjp(self, features: Any, cotangent_fn: Any, *, wrt: str | None = None) -> Any:
        scores, _, on = self.scores(features)
        asked = cotangent_fn(scores.astype(np.float32)) / features.shape[1]
        by_band = asked[:, :1] * self.middle / 3
        by_band = by_band + asked[:, 1:] * (9.6 * (on * (1 - on))[:, None] * self.middle + 0.05 * self.high)
        return scores, features, by_band[:, None, :] * np.ones_like(features)


def main(page: str = "map_of_a_song.html") -> None:
    song, model = OracleFactorization.from_folder(SONG).mixture, Known()
    track = explain_track(song, model, factorization="bands:mel-4", labels=model.labels, cache=False)
    maps = [map_beside(track, song, model, label=label, method=METHODS[label]) for label in model.labels]
    for found in maps:
        print(f"{found}\n")
    print(f"listen to {write_page(track, page, maps=maps, title='A map beside the sources')}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
