"""Run what is not there yet, print the table; status 1 where a sentence was wrong or a rate was missed."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.studies.planted import __doc__ as about
from tests.studies.planted import table
from tests.studies.planted.songs import gathered, sketch
from tests.studies.planted.study import FACTORIZATIONS, SETTINGS, records, run


def main() -> int:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where results are kept, a file for each song")
    parser.add_argument("--data", type=Path, help="songs rendered by examples.cerberus.dataset")
    parser.add_argument("--songs", type=int, default=6, help="at most so many of each rendered split (default: 6)")
    parser.add_argument("--skip", type=int, default=0, help="leave out so many first ones of each split (default: 0)")
    parser.add_argument("--true", metavar="DIR", type=Path, nargs="*", default=[], help="folders of true stems")
    parser.add_argument("--factorizations", nargs="+", default=list(FACTORIZATIONS))
    parser.add_argument("--settings", nargs="+", default=["plain"], choices=list(SETTINGS))
    parser.add_argument("--quick", action="store_true", help="one song made on the spot")
    parser.add_argument("--sentences", type=int, default=1, help="wrong ones to print of each kind (default: 1)")
    chosen = parser.parse_args()
    songs = [sketch(0)] if chosen.quick else gathered(chosen.data, chosen.true, chosen.songs, chosen.skip)
    run(songs, chosen.factorizations, chosen.settings, chosen.folder)
    found = records(chosen.folder)
    for setting in dict.fromkeys(record["setting"] for record in found):
        print(f"\n{setting}: right / wrong / no answer\n")
        print(table.as_text([record for record in found if record["setting"] == setting]))
    print("", *table.sentences(found, chosen.sentences), sep="\n")
    print(f"\nrates of the development songs, less the margin: {table.to_freeze(found)}; frozen: {table.FROZEN}")
    failures = table.missed(found)
    print("", *failures, sep="\n", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
