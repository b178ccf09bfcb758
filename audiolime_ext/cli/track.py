"""``audiolime explain --track`` and ``--at``: whole recordings, window by window."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audiolime_ext.cli.figure import draw, tell_figure
from audiolime_ext.cli.gradients import maps_beside, show_maps
from audiolime_ext.cli.numbers import seconds_from_start
from audiolime_ext.cli.options import (
    as_called,
    for_each_file,
    names_apart,
    output_folders,
)
from audiolime_ext.cli.question import MIN_SCORE, add_min_score, add_no_cache, how_asked
from audiolime_ext.files.names import legible

_OF_ONE_EXCERPT = ("segments", "settle", "donors", "shifts", "faithfulness", "cross_check")


def add_track(parser: ArgumentParser) -> None:
    """`--track`, `--at` and what belongs to them."""
    group = parser.add_argument_group("whole recordings")
    group.add_argument(
        "--track",
        action="store_true",
        help="explain every window of each file, or of the excerpt of --start and --duration: the top source of each "
        "label in each window",
    )
    group.add_argument(
        "--at",
        nargs="+",
        type=seconds_from_start,
        metavar="S",
        help="explain only the windows that begin at these seconds, as a table for the first label; put FILE first",
    )
    add_min_score(group)
    add_no_cache(group)


def refuse_contradictions(args: Namespace) -> None:
    """Raise `UsageError` for options that cannot be meant together."""
    from audiolime_ext.errors import UsageError

    if not args.track and args.at is None:
        if args.min_score is not None or args.no_cache:
            option = "--min-score" if args.min_score is not None else "--no-cache"
            raise UsageError(f"{option} is for whole recordings; add --track or --at, or leave it out")
        return
    if args.track and args.at is not None:
        raise UsageError("--track explains every window and --at some of them; give one of the two")
    if args.at is not None and (args.start is not None or args.duration is not None):
        raise UsageError("--at says where windows begin, each as long as the model's; leave out --start and --duration")
    defaults: dict[str, Any] = {"segments": 1, "donors": (), "shifts": False}
    for name in _OF_ONE_EXCERPT:
        if getattr(args, name) != defaults.get(name):
            option = name.replace("_", "-")
            raise UsageError(f"--{option} is for one excerpt; leave it out, or leave out --track and --at")


def run(args: Namespace, model: Any, separator: Any, labels: Any) -> int:
    """Explain each file."""
    from audiolime_ext.track.pipeline import explain_track

    folders = {} if args.output is None else output_folders(args.files, args.output)

    names = names_apart(args.files)

    def work(file: str) -> None:
        track = explain_track(
            as_called(file, names),
            model,
            factorization=separator,
            labels=labels,
            min_score=MIN_SCORE if args.min_score is None else args.min_score,
            top_labels=args.top_labels,
            start_s=args.start or 0.0,
            duration_s=args.duration,
            at=args.at,
            cache=not args.no_cache,
            **how_asked(args),
        )
        maps = maps_beside(args, [track], as_called(file, names), model)
        show(track, folders.get(file), args, maps)

    return for_each_file(args, work)


def show(track: Any, folder: Path | None, args: Namespace, maps: Sequence[Any] = ()) -> None:
    """Write ``track.json`` if a folder is given, then print the summary, the table of windows or the JSON object."""
    from audiolime_ext.files.plain import to_json

    written = None if folder is None else track.write(folder)
    drawn = draw(track, args)
    if args.json:
        print(to_json(track.to_dict() | drawn | show_maps(maps, track, folder, as_json=True)))
        return
    print(track if args.at is None else track.by_window())
    if written:
        print(f"all numbers: {legible(written)}")
    tell_figure(drawn)
    show_maps(maps, track, folder, as_json=False)
