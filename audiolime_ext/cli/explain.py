"""``audiolime explain``: which source makes the tag, as a table and as clips."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from audiolime_ext.cli.options import (
    add_factorization,
    add_files,
    add_json,
    add_tagger,
    for_each_file,
    output_folders,
    resolve_tagger,
    whole,
)


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "explain",
        help="which source makes the tag, as numbers and as a clip",
        description="Split each file into sources, switch them on and off, ask the model about every mix, and tell "
        "which source makes which tag. Without --start the window in which the first label is strongest is explained.",
    )
    add_files(parser)
    add_factorization(parser)
    add_tagger(parser)
    parser.add_argument("--labels", nargs="+", metavar="L", help="labels to explain, by name or number; put FILE first")
    parser.add_argument("--top-labels", type=whole(1), default=3, metavar="K", help="or the K highest ones (default 3)")
    parser.add_argument("--segments", type=whole(1), default=1, metavar="N", help="equal time segments (default 1)")
    parser.add_argument(
        "--method",
        default="auto",
        help="auto, shapley (exact Shapley values while all masks fit the budget) or lime (audioLIME's kernel)",
    )
    parser.add_argument(
        "--max-evals", type=whole(2), default=1024, metavar="N", help="most masks to ask about (default 1024)"
    )
    parser.add_argument("--seed", type=whole(0), default=0, metavar="N", help="of the sample beyond that (default 0)")
    parser.add_argument("-o", "--output", metavar="DIR", help="write clips and explanation.json to DIR/<file name>/")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Explain each file."""
    from audiolime_ext.errors import unknown
    from audiolime_ext.pipeline import METHODS, explain, resolve_factorization
    from audiolime_ext.prediction import label_indices

    if args.method not in METHODS:
        raise unknown("method", args.method, METHODS)
    folders = {} if args.output is None else output_folders(args.files, args.output)
    model, separator = resolve_tagger(args), resolve_factorization(args.factorization)
    labels = _labels(args.labels, model)
    if labels is not None and model.labels is not None:
        label_indices(labels, model.labels)  # wrong usage is said once, before any file is read

    def work(file: str) -> None:
        explanation = explain(
            file,
            model,
            factorization=separator,
            labels=labels,
            top_labels=args.top_labels,
            start_s=args.start,
            duration_s=args.duration,
            n_segments=args.segments,
            method=args.method,
            max_evals=args.max_evals,
            seed=args.seed,
        )
        show(explanation, folders.get(file), as_json=args.json)

    return for_each_file(args, work)


def _labels(given: list[str] | None, model: Any) -> list[str | int] | None:
    """Numbers count as positions unless the model has a label of that name."""
    if given is None:
        return None
    names = set(model.labels or ())
    return [int(label) if label.isdecimal() and label not in names else label for label in given]


def show(explanation: Any, folder: Path | None, *, as_json: bool) -> None:
    """Write the clips if a folder is given, then print the table or the JSON object."""
    from audiolime_ext.files import to_json

    clips = {} if folder is None else explanation.write(folder)
    if as_json:
        print(to_json(explanation.to_dict(clips)))
        return
    print(explanation)
    for label, clip in clips.items():
        print(f"listen to {label}: {clip}")
