"""Are the explanations true of the model? Play what they name, leave it out, and ask musicnn again.

Two bundled clips, three ways to split them (the guitar as it was recorded, Spleeter's voice, harmonic and percussive
sound in halves), two methods. First the figures that papers print, as means over the three highest labels of each clip;
then the same song explained while the network forgets, layer by layer, what it has learned: honest explanations forget
with it, so their rank correlation with the original ones falls to about 0. One clip is written to listen to.
("named" is the share of the components in the explanation: one that names them all is trivially faithful)::

    python examples/faithfulness.py [FILE.wav]
"""

from __future__ import annotations

import sys
from pathlib import Path

from audiolime_ext import Explanation, explain
from audiolime_ext.faithfulness.check import aggregate, faithfulness
from audiolime_ext.faithfulness.randomisation import randomisation_check
from audiolime_ext.models.musicnn import MusicnnModel
from audiolime_ext.text import text_table
from factorizations.oracle import OracleFactorization

ROOT = Path(__file__).parent.parent
METAL = ROOT / "audiolime_ext" / "data" / "ezer_ev.ogg"
COLUMNS = {
    "named": "explanation_share",
    "AI %": "average_increase",
    "AD %": "average_drop",
    "AG %": "average_gain",
    "FF": "score_drop",
    "Fid-In": "input_fidelity",
    "deletion": "deletion_area",
    "insertion": "insertion_area",
    "any order": "random_area",
}


def row(name: str, method: str, explanations: list[Explanation]) -> list[str]:
    seen = [one.attribute(method) for one in explanations]  # from the same answers of the model
    found = aggregate(label for one in seen for label in faithfulness(one, what="all").labels)
    means = [found["measures"][measure]["mean"] for measure in COLUMNS.values()]
    cells = ["–" if mean is None else f"{mean:.2f}" for mean in (*means, found["flips"])]
    return [name, method, str(found["n"]), *cells, str(found["n_abstained"])]


def main(file: str = "faithfulness.wav") -> None:
    model = MusicnnModel("MSD_musicnn")
    stems = {name: ROOT / "examples" / "audio" / "feelings" / f"{name}.ogg" for name in ("guitar", "rest")}
    oracle = OracleFactorization(stems)
    clips = (METAL, oracle.mixture)
    split = {
        "oracle": [explain(oracle.mixture, model, factorization=oracle)],
        "spleeter:2stems": [explain(clip, model, factorization="spleeter:2stems") for clip in clips],
        "hpss, halves": [explain(clip, model, factorization="hpss", segments=2) for clip in clips],
    }
    rows = [row(name, method, found) for name, found in split.items() for method in ("shapley", "lime")]
    print(text_table(["", "method", "labels", *COLUMNS, "flips", "abstains"], rows, left=(0, 1)))

    song = split["spleeter:2stems"][0]
    print(f"\n{faithfulness(song)}\n")
    place = {"start_s": song.components.start_s, "segments": 4, "method": "shapley"}
    check = randomisation_check(METAL, model, factorization="hpss", labels=song.labels, max_evals=24, **place)
    print(check)
    print(f"the explanations {'forget with the network' if check.passed else 'do not notice what it forgets'}")

    label = next((label for label in song.labels if song.top(label=label)), None)
    clip = song.mixture if label is None else song.listen(label)
    clip.write(file)
    print(f"listen to {label or 'the song'}: {file}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
