"""What does an embedder call similar? Songs that share one thing tell: ``python -m examples.known_similarity DIR``.

Renders sets of songs in versions whose likeness is known (see `design`), lets embedders hear them, and writes
``DIR/known_similarity.csv`` and ``DIR/known_similarity.md``. What is there is kept, so the command goes on where it was
stopped.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from audiolime_ext import load_model
from audiolime_ext.errors import AudiolimeError, MissingError
from audiolime_ext.extras import require
from audiolime_ext.files.fresh import write_bytes
from examples.known_similarity.comparing import compare
from examples.known_similarity.embedding import USUAL, nearness, vectors_of
from examples.known_similarity.tables import Found, as_csv, as_markdown, from_csv

N_SETS, DURATION_S = 12, 20


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR", type=Path)
    parser.add_argument("-m", "--model", metavar="SPEC", action="append", default=[],
                        help="another embedder, such as 'onnx:FILE?sr=16000&layer=NAME'; may be repeated")  # fmt: skip
    parser.add_argument("--only", action="store_true", help=f"without the usual ones: {', '.join(USUAL)}")
    parser.add_argument("--sets", type=int, default=N_SETS, help="of three songs each (default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=DURATION_S, help="length of a song (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    specs = list(dict.fromkeys([*(() if args.only else USUAL), *args.model]))
    if not specs or args.sets < 1 or args.seconds < 4 or args.seconds % 4:
        parser.error("needs an embedder (-m), a set, and seconds that are a multiple of 4")
    try:
        found = measure(args.folder, specs, n_sets=args.sets, duration_s=args.seconds, seed=args.seed)
        every_number = as_csv(found, args.sets)
        told = as_markdown(from_csv(every_number), args.sets)  # of the numbers as they are written
        write_bytes(every_number.encode(), args.folder / "known_similarity.csv")
        write_bytes(told.encode(), args.folder / "known_similarity.md")
    except AudiolimeError as error:
        print(f"known-similarity: error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    print(told)
    return 0


def measure(folder: Path, specs: Sequence[str], *, n_sets: int, duration_s: int, seed: int) -> Found:
    """Render what is missing, and compare all versions by every embedder.

    Raises
    ------
    MissingError
        If a package, a checkpoint, MMA, FluidSynth or a SoundFont is missing.
    """
    models = {spec: load_model(spec) for spec in specs}  # first, so that a misspelt one is known at once
    sets = [folder / f"songs-of-{duration_s}-s" / f"{seed}-{number:02d}" for number in range(n_sets)]
    render(sets, duration_s=duration_s)
    found = {}
    for spec, model in models.items():
        vectors = vectors_of(sets, model, spec, keep_in=folder / "vectors")
        found[spec] = compare(nearness(vectors, model.labels))
    return found


def render(sets: Sequence[Path], *, duration_s: int) -> None:
    """The sets that are not there yet."""
    missing = [folder for folder in sets if not folder.exists()]
    if not missing:
        return
    require("mido", extra="rendering")
    from examples.cerberus.rendering import require_tools
    from examples.known_similarity.rendering import make
    from examples.known_similarity.songs import FONTS

    try:
        require_tools(FONTS)
    except FileNotFoundError as error:
        raise MissingError(str(error)) from error
    for folder in tqdm(missing, desc="songs", unit="set", disable=None, leave=False):
        make(folder, f"known similarity {folder.name}", duration_s=duration_s)


if __name__ == "__main__":
    sys.exit(main())
