"""``make parity``: the genuine packages and ours on the bundled clips; exit code 1 if they differ too much."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.parity.environment import lay_out_models

CLIPS = ("audiolime_ext/data/ezer_ev.ogg", "examples/audio/feelings/guitar.ogg+examples/audio/feelings/rest.ogg")
GENUINE = "tests/parity/genuine.py"


def main() -> int:
    """Run both sides and compare."""
    parser = argparse.ArgumentParser(prog="python -m tests.parity", description=__doc__)
    parser.add_argument(
        "--genuine", required=True, metavar="PYTHON", help="of the environment with the genuine packages"
    )
    parser.add_argument("clips", nargs="*", default=CLIPS, metavar="CLIP", help="a file, or several joined by +")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        models = lay_out_models(Path(folder))
        results = [Path(folder) / f"{kind}.npz" for kind in ("taggrams", "stems")]
        for result, options in zip(results, ([], ["--models", models]), strict=True):
            print(f"the genuine packages: {result.stem} of {len(arguments.clips)} clip(s) …", file=sys.stderr)
            command = [arguments.genuine, GENUINE, result.stem, *options, "--out", result, *arguments.clips]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return subprocess.run([sys.executable, "-m", "tests.parity.compare", *results], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
