"""``make parity``: the genuine packages and ours on the bundled clips; exit code 1 if they differ too much.

Where the published weights come with a package of the index they are compared with these, otherwise with random ones.
A part can be run alone: ``make parity ARGS="--only derivatives"``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.parity.compare import load_clip
from tests.parity.environment import lay_out_models
from tests.parity.random_models import random_models

CLIPS = ("audiolime_ext/data/ezer_ev.ogg", "examples/audio/feelings/guitar.ogg+examples/audio/feelings/rest.ogg")
GENUINE = "tests/parity/genuine.py"
PARTS = ("attributes", "taggrams", "derivatives", "stems")
RANDOM = ("taggrams", "stems")  # of which some are of random weights


def main() -> int:
    """Run both sides and compare."""
    parser = argparse.ArgumentParser(prog="python -m tests.parity", description=__doc__)
    parser.add_argument(
        "--genuine", required=True, metavar="PYTHON", help="of the environment with the genuine packages"
    )
    parser.add_argument("--only", choices=PARTS, help="one part (default: all)")
    parser.add_argument("clips", nargs="*", default=CLIPS, metavar="CLIP", help="a file, or several joined by +")
    arguments = parser.parse_args()
    parts = PARTS if arguments.only is None else (arguments.only,)
    with tempfile.TemporaryDirectory() as folder:
        models = lay_out_models(Path(folder))
        genuine: list[str | Path] = [arguments.genuine, GENUINE]
        needed = not {*RANDOM}.isdisjoint(parts)
        for prefix, weights in random_models(models, [load_clip(clip) for clip in arguments.clips]) if needed else ():
            print(f"random weights for {prefix} …", file=sys.stderr)
            np.savez(models / "weights.npz", **weights)
            bundle = [*genuine, "bundle", "--out", f"{models}/{prefix}", models / "weights.npz"]
            subprocess.run(bundle, check=True, stdout=subprocess.DEVNULL)
        results = [Path(folder) / f"{kind}.npz" for kind in parts]
        for result in results:
            print(f"the genuine packages: {result.stem} of {len(arguments.clips)} clip(s) …", file=sys.stderr)
            command = [*genuine, result.stem, "--models", models, "--out", result, *arguments.clips]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        compare: list[str | Path] = [sys.executable, "-m", "tests.parity.compare", "--models", models, *results]
        return subprocess.run(compare, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
