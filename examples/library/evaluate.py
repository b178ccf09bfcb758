"""Does a song find the others of its soundtrack? ``python -m examples.library.evaluate LIBRARY``.

LIBRARY holds the ``manifest.csv`` that ``python -m examples.library LIBRARY`` writes. The middle half minute of ten
songs at most of each soundtrack is compared by every method that is there (see `methods`), as it is and made alike
(see `excerpts`); `judging` says what is measured. What is computed from a file is kept in LIBRARY/kept, so that a run
that was stopped goes on. It ends by writing ``LIBRARY/retrieval.md``, the tables, and ``LIBRARY/retrieval.csv``, which
has every method with every treatment.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from tqdm import tqdm

from audiolime_ext.errors import AudiolimeError
from audiolime_ext.files.fresh import write_bytes
from examples.library.excerpts import CONDITIONS, MOST, Excerpt, excerpts_of
from examples.library.judging import Judged, anchors, halves, judged, shuffled
from examples.library.kept import kept_array
from examples.library.methods import OWN, Method, available
from examples.library.tables import Found, as_csv, as_markdown
from examples.library.treatments import CENTRED, similarities

Arrays = dict[str, list[NDArray[Any]]]  # by condition


def heard(method: Method, excerpts: Sequence[Excerpt], kept: Path) -> Arrays:
    """The arrays of all excerpts, by condition."""
    folder = kept / method.name.strip(":").replace(" ", "-")
    found: Arrays = {}
    for condition in CONDITIONS:
        files = tqdm([excerpt.files[condition] for excerpt in excerpts], unit="song", disable=None, leave=False)
        files.set_description(f"{method.name}, {condition}")
        found[condition] = [
            kept_array(folder, method.version, file, lambda file=file: method.extract(file)) for file in files
        ]
    return found


def evaluate(library: Path, *, most: int = MOST) -> Found:
    """Measure every method that is there."""
    kept = library / "kept"
    excerpts = excerpts_of(library / "manifest.csv", kept, most=most)
    methods, notes = available()
    notes += [f"{method.name}: version {method.version}" for method in methods if method not in OWN]
    soundtracks = [excerpt.soundtrack for excerpt in excerpts]
    artists = [excerpt.artist for excerpt in excerpts]
    everything: list[Judged] = []
    filtered: list[Judged] = []
    ceilings, floor = {}, {}
    for method in methods:
        arrays = heard(method, excerpts, kept)
        for condition in CONDITIONS:
            everything += judged(condition, method, arrays[condition], soundtracks)
            filtered += judged(condition, method, arrays[condition], soundtracks, artists)
        if method is methods[0]:
            ceilings = anchors(arrays)
            near = dict(similarities(method, arrays[CONDITIONS[0]]))[CENTRED]
            floor = shuffled(near, soundtracks)
    return Found(everything, filtered, soundtracks, artists, halves(soundtracks), ceilings, floor, tuple(notes))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", metavar="LIBRARY", type=Path)
    parser.add_argument("--most", metavar="N", type=int, default=MOST, help=f"songs of a soundtrack (default: {MOST})")
    args = parser.parse_args(argv)
    try:
        found = evaluate(args.library, most=args.most)
        write_bytes(as_csv(found).encode(), args.library / "retrieval.csv")
        write_bytes(as_markdown(found).encode(), args.library / "retrieval.md")
    except AudiolimeError as error:
        print(f"evaluate: error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    print(as_markdown(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
