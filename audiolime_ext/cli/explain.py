"""``audiolime explain``: which source makes the tag, as a table and as clips."""

from __future__ import annotations

import argparse
from argparse import Namespace
from pathlib import Path
from typing import Any

from audiolime_ext.cli import track
from audiolime_ext.cli.options import (
    add_factorization,
    add_files,
    add_json,
    add_tagger,
    as_called,
    for_each_file,
    label_numbers,
    load_model,
    names_apart,
    output_folders,
    recordings,
    require_some,
    whole,
)


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "explain",
        help="which source makes the tag, as numbers and as a clip",
        description="Split each file into sources, switch them on and off, ask the model about every mix, and tell "
        "which source makes which tag. Without --start the window in which the first label is strongest is explained, "
        "with --track every window.",
    )
    add_files(parser)
    add_factorization(parser)
    add_tagger(parser)
    parser.add_argument("--labels", nargs="+", metavar="L", help="labels to explain, by name or number; put FILE first")
    parser.add_argument("--top-labels", type=whole(1), metavar="K", help="or the K highest ones (default 3)")
    parser.add_argument(
        "--segments",
        type=_segments,
        default=1,
        metavar="N",
        help="time segments: N equal ones (default 1), beats, onsets, or boundaries in seconds such as 0.5,1.2,2.0",
    )
    parser.add_argument(
        "--method",
        default="auto",
        help="shapley (Shapley values, exact while all masks fit the budget), owen (stems exactly, then the segments "
        "within those that matter), auto (default: owen where there are too many segments for exact Shapley values), "
        "lime (audioLIME's kernel), banzhaf, leave-one-out",
    )
    parser.add_argument("--target", default="score", help="what is explained: score (default) or log-odds")
    parser.add_argument("--contrast", nargs=2, metavar=("L", "M"), help="or why label L and not M")
    parser.add_argument(
        "--baseline",
        default="silence",
        metavar="B",
        help="what 'off' sounds like: silence (default), noise, floor (noise at -80 dBFS) or another recording",
    )
    parser.add_argument(
        "--donors", nargs="+", default=(), metavar="FILE", help="recordings whose sources may be what is missing here"
    )
    parser.add_argument("--moments", action="store_true", help="also explain a quarter of a second earlier and later")
    parser.add_argument(
        "--cross-check",
        metavar="SPEC",
        help="also explain by a second separator, with as many predictions again, and say where the two agree",
    )
    parser.add_argument(
        "--settle",
        type=whole(1),
        metavar="K",
        help="stop asking when the K heaviest components of the first label are told apart from the others",
    )
    parser.add_argument(
        "--faithfulness",
        nargs="?",
        const="default",
        choices=("default", "all"),
        help="also the score of the top component alone and without it; all: every measure of the literature",
    )
    parser.add_argument("--no-level-check", action="store_true", help="do not ask about the whole mix at other levels")
    parser.add_argument(
        "--max-evals", type=whole(2), default=1024, metavar="N", help="most masks to ask about (default 1024)"
    )
    parser.add_argument("--seed", type=whole(0), default=0, metavar="N", help="of the sample beyond that (default 0)")
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        help="write clips and explanation.json to DIR/<file name>/ (track.json with --track and --at)",
    )
    add_json(parser)
    track.add_track(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Explain each file."""
    from audiolime_ext.attribution.methods import method_named
    from audiolime_ext.components.segments import require_known
    from audiolime_ext.explanation.pipeline import explain
    from audiolime_ext.factorization.loading import load_factorization
    from audiolime_ext.faithfulness.check import faithfulness
    from audiolime_ext.prediction.targets import make_target

    method_named(args.method)
    require_known(args.segments)
    track.refuse_contradictions(args)
    args.files = recordings(args.files)
    folders = {} if args.output is None else output_folders(args.files, args.output)
    require_some(args.files)
    model, separator = load_model(args), load_factorization(args.factorization)
    second = args.cross_check and load_factorization(args.cross_check)
    labels = label_numbers(args.labels, model)  # wrong usage is said once, before any file is read
    if model.labels is not None:
        make_target(args.contrast or args.target, model.labels)

    if args.track or args.at is not None:
        return track.run(args, model, separator, labels)

    names = names_apart(args.files)

    def work(file: str) -> None:
        explanation = explain(
            as_called(file, names),
            model,
            factorization=separator,
            labels=labels,
            top_labels=args.top_labels or 3,
            start_s=args.start,
            duration_s=args.duration,
            segments=args.segments,
            target=args.contrast or args.target,
            baseline=args.baseline,
            method=args.method,
            max_evals=args.max_evals,
            seed=args.seed,
            settle=args.settle,
            level_check=not args.no_level_check,
            donors=args.donors,
            moments=args.moments,
            cross_check=second,
        )
        faithful = args.faithfulness and faithfulness(explanation, what=args.faithfulness)
        show(explanation, folders.get(file), as_json=args.json, faithful=faithful)

    return for_each_file(args, work)


def _segments(text: str) -> int | str | list[float]:
    """``4``, ``beats``, ``0.5,1.2,2.0``; a number with a point is one boundary."""
    parts = text.split(",")
    try:
        inner_s = [float(part) for part in parts]
    except ValueError:
        if len(parts) > 1:
            raise argparse.ArgumentTypeError(f"boundaries are seconds such as 0.5,1.2,2.0, not {text!r}") from None
        return text
    return inner_s if len(parts) > 1 or "." in text else whole(1)(text)


def show(explanation: Any, folder: Path | None, *, as_json: bool, faithful: Any = None) -> None:
    """Write the clips if a folder is given, then print the table or the JSON object."""
    from audiolime_ext.files import legible, to_json

    clips = {} if folder is None else explanation.write(folder)
    if as_json:
        print(to_json(explanation.to_dict(clips) | ({"faithfulness": faithful.to_dict()} if faithful else {})))
        return
    print(explanation)
    for label, clip in clips.items():
        print(f"listen to {label}: {legible(clip)}")
    if faithful:
        print(f"\n{faithful}")
