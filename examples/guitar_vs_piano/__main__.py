"""Train classifiers of guitar and piano that listen to something else: ``python -m examples.guitar_vs_piano DIR``.

Renders songs, writes test sets, trains a confounded and a clean model for each confounder, class and seed, finds by
intervention what each of them is, audits them by true stems, Cerberus and HPSS, and prints both; ``DIR/pages`` holds a
page of each model to listen to. What is there is kept, so the command goes on where it was interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from audiolime_ext.errors import MissingError
from audiolime_ext.files.fresh import write_bytes
from examples.cerberus.rendering import TRAINING, require_tools
from examples.guitar_vs_piano.confounders import CONFOUNDERS
from examples.guitar_vs_piano.experiment import QUICK, SIZES, Experiment, Sizes
from examples.guitar_vs_piano.making import audit_all, make_all
from examples.guitar_vs_piano.outcome import told


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR", type=Path)
    parser.add_argument("--confounders", nargs="+", choices=CONFOUNDERS, default=["drums-guitar"], metavar="NAME",
                        help=f"of {', '.join(CONFOUNDERS)} (default: drums-guitar)")  # fmt: skip
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--quick", action="store_true", help="only a few songs, to see it work")
    parser.add_argument("--no-audits", dest="audits", action="store_false", help="make songs and models only")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    args = parser.parse_args()
    experiment = Experiment(args.folder, QUICK if args.quick else Sizes())
    try:
        require_same_sizes(experiment)
        require_tools(TRAINING)
        make_all(experiment, args.confounders, args.seeds, n_jobs=args.jobs)
        if args.audits:
            audit_all(args.folder, n_jobs=args.jobs)
    except (FileNotFoundError, FileExistsError, MissingError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    print(table(experiment.folder))
    if args.audits:
        print(*told(experiment.folder), sep="\n")
        print(f"listen to {experiment.folder / 'pages'}")
    return 0


def require_same_sizes(experiment: Experiment) -> None:
    """Raise `FileExistsError` where the folder holds an experiment of another size."""
    path, sizes = experiment.folder / SIZES, asdict(experiment.sizes)
    if not path.exists():
        experiment.folder.mkdir(parents=True, exist_ok=True)
        write_bytes(json.dumps(sizes, indent=1).encode(), path)
    elif json.loads(path.read_text()) != sizes:
        raise FileExistsError(f"{experiment.folder} holds an experiment of another size; name another folder")


def table(folder: Path) -> str:
    """One line a model."""
    lines = [f"{'model':34} {'std':>6} {'bad':>6} {'changed':>8}  verdict"]
    for path in sorted((folder / "models").glob("[!.]*/model.json")):
        about = json.loads(path.read_text())
        accuracy, truth = about["accuracy"], about["truth"]
        numbers = f"{accuracy['std']:6.3f} {accuracy['bad']:6.3f} {truth['share_changed']:8.3f}"
        lines.append(f"{about['name']:34} {numbers}  {truth['verdict']}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
