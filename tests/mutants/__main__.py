"""Mutate, run the tests, print what survived: ``python -m tests.mutants``; exit code 1 where too many did."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.mutants.modules import EQUIVALENT, GUARDS, guarding, path_of
from tests.mutants.mutations import sample, sources
from tests.mutants.running import survivors

ROOT = Path(__file__).parents[2]
LEAST = 0.85  # of the mutations should be caught


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=60, metavar="N", help="mutations to try (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="which of them (%(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (%(default)s)")
    parser.add_argument(
        "--module", nargs="+", choices=GUARDS, default=list(GUARDS), metavar="MODULE", help="only these"
    )
    args = parser.parse_args()
    guards = {path_of(module): guarding(module) for module in args.module}
    drawn = sample(sources(ROOT, list(guards)), args.sample, args.seed)
    tried = [one for one in drawn if one.key not in EQUIVALENT]
    left = survivors(ROOT, tried, guards, jobs=args.jobs)
    print(*left, sep="\n")
    n_caught = len(tried) - len(left)
    equivalent = f"; {len(drawn) - len(tried)} more change nothing" if len(drawn) > len(tried) else ""
    print(f"{n_caught} of {len(tried)} mutants caught ({n_caught / max(1, len(tried)):.0%}){equivalent}")
    return 1 if n_caught < LEAST * len(tried) else 0


if __name__ == "__main__":
    sys.exit(main())
