"""``audiolime explain``: which sources give a label its score, as a table and as clips."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audiolime_ext.cli import track
from audiolime_ext.cli.figure import add_figure, draw, refuse_impossible_figure, tell_figure
from audiolime_ext.cli.gradients import add_gradients, map_asked, maps_beside, require_map_asked, show_maps
from audiolime_ext.cli.numbers import whole
from audiolime_ext.cli.options import (
    add_factorization,
    add_files,
    add_json,
    add_model,
    add_output,
    as_called,
    for_each_file,
    names_apart,
    output_folders,
    recordings,
    require_some,
    resolve_model,
)
from audiolime_ext.cli.question import add_question, how_asked, labels_asked, require_known_words


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "explain",
        help="which sources give a label its score, as numbers and as a clip",
        description="Split each file into sources, switch them on and off, ask the model about every mix, and show "
        "how much each source adds to the score of each label. Without --start, the window in which the first label "
        "is strongest is explained; with --track, every window.",
    )
    add_files(parser)
    add_factorization(parser)
    add_model(parser)
    add_question(parser, top_labels="default 3")
    parser.add_argument(
        "--donors",
        nargs="+",
        default=(),
        metavar="FILE",
        help="recordings that lend the excerpt sources it lacks: would one of them raise the score?",
    )
    parser.add_argument("--shifts", action="store_true", help="also explain a quarter of a second earlier and later")
    parser.add_argument(
        "--cross-check",
        metavar="SPEC",
        help="also explain with a second separator (twice the predictions), and say where the two agree",
    )
    separated = "stop sampling once the top K components are separated (95 %%)"
    parser.add_argument("--settle", type=whole(1), metavar="K", help=separated)
    parser.add_argument(
        "--faithfulness",
        nargs="?",
        const="default",
        choices=("default", "all"),
        help="also give the score of the top component alone and without it; all: every measure from the literature",
    )
    parser.add_argument(
        "--no-level-check", action="store_true", help="skip the check whether level alone explains the score"
    )
    add_gradients(parser, beside="of each label, and say where it and the sources disagree")
    add_figure(parser)
    what = (
        "folder for clips and explanation.json (with --track and --at: track.json), in DIR/<file name>/; maps of "
        "--gradients in <label>/ below it"
    )
    add_output(parser, "DIR", what)
    add_json(parser, "an object for each file")
    track.add_track(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Explain each file."""
    from audiolime_ext.explanation.pipeline import explain
    from audiolime_ext.factorization.loading import load_factorization

    require_known_words(args)
    track.refuse_contradictions(args)
    map_asked(args)
    args.files = recordings(args.files)
    refuse_impossible_figure(args)
    folders = {} if args.output is None else output_folders(args.files, args.output)
    require_some(args.files)
    model, separator = resolve_model(args), load_factorization(args.factorization)
    require_map_asked(args, model)
    second = args.cross_check and load_factorization(args.cross_check)
    labels = labels_asked(args, model)

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
            settle=args.settle,
            level_check=not args.no_level_check,
            donors=args.donors,
            shifts=args.shifts,
            cross_check=second,
            **how_asked(args),
        )
        faithful = args.faithfulness and _faithfulness(explanation, args.faithfulness)
        drawn = draw(explanation, args)
        maps = maps_beside(args, [explanation], as_called(file, names), model)
        show(explanation, folders.get(file), as_json=args.json, faithful=faithful, drawn=drawn, maps=maps)

    return for_each_file(args, work)


def _faithfulness(explanation: Any, what: Any) -> Any:
    from audiolime_ext.faithfulness.check import faithfulness

    return faithfulness(explanation, what=what)


def show(
    explanation: Any,
    folder: Path | None,
    *,
    as_json: bool,
    faithful: Any = None,
    drawn: dict[str, str] | None = None,
    maps: Sequence[Any] = (),
) -> None:
    """Write the clips if a folder is given, then print the table or the JSON object."""
    from audiolime_ext.files.names import legible
    from audiolime_ext.files.plain import to_json

    clips = {} if folder is None else explanation.write(folder)
    if as_json:
        checked = {"faithfulness": faithful.to_dict()} if faithful else {}
        mapped = show_maps(maps, explanation, folder, as_json=True)
        print(to_json(explanation.to_dict(clips) | checked | (drawn or {}) | mapped))
        return
    print(explanation)
    for label, clip in clips.items():
        print(f"listen to {label}: {legible(clip)}")
    tell_figure(drawn or {})
    if faithful:
        print(f"\n{faithful}")
    show_maps(maps, explanation, folder, as_json=False)
