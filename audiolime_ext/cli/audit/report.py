"""``audiolime audit report STORE -o DIR``: what an audit has found, as one page."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from audiolime_ext.cli.audit.run import positive
from audiolime_ext.cli.options import share
from audiolime_ext.files import legible


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "report",
        help="what was found, as one page to read and to listen to",
        description="Write what an audit has found as one page that opens from disk: the findings first, with a clip "
        "each, then every effect. A store that is still being written to may be reported. Clips are made anew from the "
        "recordings, by the models that the store names.",
    )
    parser.add_argument("store", metavar="STORE", help="what an audit wrote")
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="the folder of the page, index.html")
    parser.add_argument("--no-audio", dest="audio", action="store_false", help="no sound at all")
    parser.add_argument(
        "--clip-s", type=positive, default=6.0, metavar="S", help="how long clips are (default: %(default)g)"
    )
    parser.add_argument(
        "--anonymise",
        action="store_true",
        help="numbers instead of the names of recordings and songs, no paths (for no sound, add --no-audio)",
    )
    parser.add_argument(
        "--limit",
        "--delta",
        dest="limit",
        type=share,
        metavar="P",
        help="the share of flipped decisions that verdicts are held against, such as the gate's tolerance (default: "
        "what was fixed for the factorization; what the gate says by its own is told beside it)",
    )
    parser.add_argument("--expected", metavar="CSV", help="what is meant to matter, instead of what the store says")
    parser.add_argument(
        "--threshold", type=share, metavar="P", help="a label is decided for from this score on, instead"
    )
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Read the store and write the page."""
    from audiolime_ext.files import require_writable
    from audiolime_ext.report.audit.page import Options, write_report

    require_writable(Path(args.output))
    options = Options(args.limit, args.audio, args.clip_s, args.anonymise)
    print(f"open {legible(write_report(_results(args), args.output, options))} in a browser")
    return 0


def _results(args: Namespace) -> Any:
    """What the store holds, read as the arguments say."""
    from dataclasses import replace

    from audiolime_ext.audit.verdict.expected import load_expected
    from audiolime_ext.audit.verdict.results import Results

    results = Results.read(args.store)
    reading = results.reading
    if args.expected is not None:
        rows = load_expected(args.expected, labels=results.classes, components=results.components or None).rows
        reading = replace(reading, expected=tuple((row.label, row.component, row.sign) for row in rows))
    if args.threshold is not None:
        reading = replace(reading, thresholds=(args.threshold,) * len(results.labels))
    return replace(results, reading=reading)
