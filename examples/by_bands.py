"""Why this song and not that one, by its stems and by bands: a map over what sounds, beside switching stems off.

The embedder is known: it hears how loud each eighth of 96 bands is beside the others, and nothing else. So the map must
have eight steps. Obsidian Shell's “Ezer Év” is asked why it is nearer to another song of the band than to Muldjord's
“Mutilated Mime”. The same for musicnn (with PyTorch), or for an embedder of yours::

    audiolime why song.ogg other.ogg third.ogg --gradients ig -o why.html
    python examples/by_bands.py [PAGE.html]
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext import why, write_page
from audiolime_ext.gradients.parts.nearness import nearness_map
from audiolime_ext.prediction.front_end import LogMel
from factorizations.oracle import OracleFactorization

ROOT = Path(__file__).parent.parent


class Eighths:
    """How loud each eighth of the bands is, less the mean of all: a model with its own derivative."""

    sr, window_s, hop_s, lead_s, min_s, n_channels, batch_size = 16000, 3.0, 3.0, 0.0, None, 1, 8
    labels, spec, fingerprint, references = None, None, None, ()
    front_end = LogMel(16000, 512, 256, 96)
    weights = np.repeat(np.eye(8) - 1 / 8, 12, axis=0) / 12

    def __call__(self, batch: Any) -> Any:
        return self.front_end(batch).mean(axis=1) @ self.weights

    def vjp(self, features: Any, cotangent_fn: Any, *, wrt: str | None = None) -> Any:
        outputs = features.mean(axis=1) @ self.weights
        slope = cotangent_fn(outputs) @ self.weights.T / features.shape[1]
        return outputs, features, slope[:, None] * np.ones_like(features)


def main(page: str = "by_bands.html") -> None:
    audio = ROOT / "examples" / "audio"
    mime = replace(OracleFactorization.from_folder(audio / "mime").mixture, name="Mutilated Mime")
    query, other = ROOT / "audiolime_ext" / "data" / "ezer_ev.ogg", audio / "vermocsar.ogg"
    answer = why(query, other, mime, model=Eighths(), factorization="hpss")
    found = nearness_map(answer)
    print(answer.sentence, found, sep="\n\n")
    print(f"\nlisten to the part that adds most: {write_page(answer, page, bands=found)}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
