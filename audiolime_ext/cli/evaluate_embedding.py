"""``audiolime evaluate-embedding``: how well songs find others of their group by the vectors of an index."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiolime_ext.cli.numbers import whole
from audiolime_ext.cli.options import add_json, add_output, add_title, add_trust, page_file, write_page_of
from audiolime_ext.files.names import legible

if TYPE_CHECKING:
    from audiolime_ext.recommendation.evaluation.result import EmbeddingEvaluation


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "evaluate-embedding",
        help="how well songs find others of their group by the vectors of an index",
        description="Let every song of an index ask for its neighbours, and count those of its group (an album, a "
        "genre): against chance, other indexes of the same songs and, if asked for, what costs nothing.",
    )
    parser.add_argument(
        "indexes", nargs="+", metavar="INDEX", help="indexes of the same songs; the first is compared with everything"
    )
    parser.add_argument(
        "--group",
        required=True,
        metavar="COLUMN",
        help="what songs that belong together share: album, artist, genre, year, folder, or a column of --table",
    )
    parser.add_argument("--table", metavar="CSV", help="table that has the column, and the column path")
    parser.add_argument(
        "-k", type=whole(1), default=10, metavar="K", help="neighbours to look at (default %(default)s)"
    )
    parser.add_argument(
        "--most",
        type=whole(2),
        metavar="N",
        help="take at most this many songs of a group, drawn by lot (default: all, up to 4000 in all)",
    )
    parser.add_argument(
        "--artists", action="store_true", help="songs of the query's artist are neither found nor relevant"
    )
    parser.add_argument(
        "--anchors",
        action="store_true",
        help="hear the songs again by what costs nothing: mean log-mel, MFCC, and the model without its training",
    )
    parser.add_argument(
        "--alike",
        action="store_true",
        help="hear them once more cut off at 8 kHz, at one level, and encoded by one codec: what is lost was no music",
    )
    parser.add_argument("--csv", metavar="FILE", help="also write every number as a table")
    add_trust(parser, "an index")
    add_title(parser)
    add_output(parser, "PAGE.html", "page to write, with every interval drawn")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Print what was found, and write what was asked for."""
    from audiolime_ext.errors import UsageError
    from audiolime_ext.files.places import require_writable_file
    from audiolime_ext.recommendation.evaluation.evaluating import evaluate_embedding

    if args.output is None and args.title is not None:
        raise UsageError("--title is that of a page; name it with -o PAGE.html")
    page = None if args.output is None else page_file(args.output)
    if args.csv is not None:
        if Path(args.csv).suffix.lower() != ".csv":
            raise UsageError(f"--csv {legible(args.csv)} would overwrite what is no table; end its name in .csv")
        require_writable_file(Path(args.csv))
    found = evaluate_embedding(
        args.indexes,
        args.group,
        table=args.table,
        k=args.k,
        artists=args.artists,
        anchors=args.anchors,
        alike=args.alike,
        most=args.most,
        trust=args.trust,
    )
    if args.csv is not None:
        found.write_csv(args.csv)
    if page is not None:
        write_page_of(found, page, title=args.title)
    _print(found, args)
    return 0


def _print(found: EmbeddingEvaluation, args: Namespace) -> None:
    from audiolime_ext.files.plain import to_json

    if args.json:
        written = {"csv": args.csv, "page": args.output}
        print(to_json(found.to_dict() | {name: path for name, path in written.items() if path is not None}))
        return
    print(found)
    if args.csv is not None:
        print(f"\ntable: {legible(args.csv)}")
    if args.output is not None:
        print(f"\nopen {legible(args.output)} in a browser")
