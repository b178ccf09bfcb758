"""True stems: what does a model hear in the guitar, and what in everything else?

Sectoid's “Feelings” was released as two tracks, the guitar and the rest, so nothing needs to be separated: the
explanation cannot be wrong about the sources, only the model can. The table is printed and the clips are written::

    python examples/feelings.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

from audiolime_ext import explain
from factorizations.oracle import OracleFactorization

AUDIO = Path(__file__).parent / "audio"
LABELS = ["instrumental", "folk", "rock"]


def main(folder: str = "feelings") -> None:
    oracle = OracleFactorization.from_folder(AUDIO / "feelings")
    explanation = explain(oracle.mixture, "musicnn:MSD_musicnn", factorization=oracle, labels=LABELS)
    print(explanation)
    for label, clip in explanation.write(folder).items():
        print(f"listen to {label}: {clip}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
