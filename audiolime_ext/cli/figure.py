"""``--figure`` and ``--kind``: a figure of what was explained, for a paper."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

KINDS = ("bars", "time", "spectrogram")


def add_figure(parser: ArgumentParser) -> None:
    """`--figure` and `--kind`."""
    drawn = "draw what was explained, as wide as a column of a paper (png, pdf or svg); of one file"
    parser.add_argument("--figure", metavar="FILE", help=drawn)
    kinds = (
        "what --figure shows: bars of the weights (default), their time course (default with --track and --at; else "
        "with --segments), or the spectrogram with the sources that explain in colour"
    )
    parser.add_argument("--kind", choices=KINDS, help=kinds)


def refuse_impossible_figure(args: Namespace) -> None:
    """Raise `UsageError` or `OutputError` before any work where there can be no such figure."""
    from audiolime_ext.errors import UsageError

    if args.figure is None:
        if args.kind is not None:
            raise UsageError(f"--kind {args.kind} says what a figure shows; name its file with --figure FILE")
        return
    from audiolime_ext.report.figures.figure import require_figure

    require_figure(Path(args.figure))
    if len(args.files) > 1:
        raise UsageError(f"--figure draws one recording, and {len(args.files)} are given; name one, or leave it out")
    if args.kind == "time" and args.segments == 1 and not args.track and args.at is None:
        raise UsageError("--kind time needs time: add --segments, such as --segments 6, or --track")


def draw(explained: Any, args: Namespace) -> dict[str, str]:
    """Write the figure, if one is asked for; what to add to the JSON object."""
    if args.figure is None:
        return {}
    from audiolime_ext.report.figures.figure import write_figure

    write_figure(explained, args.figure, kind=args.kind, style="paper")
    return {"figure": args.figure}


def tell_figure(drawn: dict[str, str]) -> None:
    """Say where the figure is."""
    from audiolime_ext.files.names import legible

    for file in drawn.values():
        print(f"figure: {legible(file)}")
