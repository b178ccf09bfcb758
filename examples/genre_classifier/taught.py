"""Has the training with bars left a concept? ``python -m examples.genre_classifier.taught MANIFEST FOLDER``.

MANIFEST names songs of known grooves (``FOLDER/grooves/manifest.csv`` of ``python -m examples.genre_classifier``). Each
twin hears them with and without bars in the sound, as its training had them on pictures. A concept towards which bars
move the layer more than towards random concepts is flagged "what the augmentation does". Stores stay in FOLDER, so that
a run that was stopped goes on. Prints what is found of each twin.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.concepts import find_concepts, measure_concepts
from audiolime_ext.errors import AudiolimeError
from examples.genre_classifier.bars import drawn, silenced

LAYER, STYLES = "layer4.2.conv2", ("ballad", "blues", "latin", "waltz")
SPLIT, N_SONGS, N_CLUSTERS, SIZE, N_MELS = "slic:15", 14, 10, 112, 128
TWINS = ("plain", "masked")


def bars(samples: NDArray[np.float32], sr: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """A window without what a bar in time and one of bands cover, each at most a tenth."""
    return silenced(samples, drawn("both", SIZE, rng), sr=sr, n_mels=N_MELS).astype(np.float32)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", metavar="MANIFEST", type=Path)
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    parser.add_argument("--styles", nargs="+", default=STYLES, help="classes (default: %(default)s)")
    parser.add_argument("--songs", type=int, default=N_SONGS, help="of each (default: %(default)s)")
    args = parser.parse_args(argv)
    asked: dict[str, Any] = {"labels": args.styles, "n_songs": args.songs, "splits": [SPLIT], "controls": False}
    try:
        for twin in TWINS:
            model = getattr(import_module("examples.genre_classifier.models"), twin)
            store = args.folder / f"{twin}.concepts"
            measure_concepts(
                args.manifest, model, LAYER, store=store, augmentation=bars, workers=0, ignore=("split",), **asked
            )
            found = find_concepts(store, n_clusters=N_CLUSTERS)
            flagged = [name for name, flags in found.flags.items() for flag in flags if "augmentation" in flag.kind]
            print(f"== {twin}: {len(found.kept)} concepts, {len(flagged)} flagged as the augmentation's: {flagged}")
            print(found)
    except AudiolimeError as error:
        print(f"taught: error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
