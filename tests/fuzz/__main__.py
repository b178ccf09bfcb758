"""Feed malformed inputs and print a table: ``python -m tests.fuzz``; exit code 1 where there was a fault."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from tqdm import tqdm

from audiolime_ext.text import text_table
from tests.fuzz.inputs import KINDS, inputs
from tests.fuzz.running import FAULTS, faults


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("-n", type=int, default=100, help="inputs of each kind (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=KINDS, default=list(KINDS), metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--minutes", type=float, default=20.0, help="the most that it may take (%(default)s)")
    parser.add_argument("--kept", type=Path, default=Path("fuzz-faults"), help="where faulty inputs go (%(default)s)")
    args = parser.parse_args()
    ends, rows, n_faulty = time.monotonic() + 60 * args.minutes, [], 0
    for kind in args.only:
        n_tried, found = 0, Counter[str]()
        for number, given in enumerate(tqdm(inputs(kind, args.n, args.seed), desc=kind, total=args.n, leave=False)):
            if time.monotonic() > ends:
                break
            n_tried += 1
            wrong = faults(given, kept=args.kept / f"{kind}-{args.seed}-{number}")
            found.update(wrong)
            n_faulty += bool(wrong)
        rows.append([kind, str(n_tried), *(str(found[fault]) for fault in FAULTS)])
    print(text_table(["kind", "inputs", *FAULTS], rows))
    if time.monotonic() > ends:
        print(f"stopped after {args.minutes:g} minutes; --minutes allows more")
    if n_faulty:
        print(f"{n_faulty} inputs ended wrongly; they are in {args.kept}, with a README each")
    return 1 if n_faulty else 0


if __name__ == "__main__":
    sys.exit(main())
