"""``audiolime concepts report STORE -o DIR``: the concepts of a store as one page."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from audiolime_ext.cli.concepts.options import add_finding, found_in
from audiolime_ext.cli.options import add_json, add_output, add_trust
from audiolime_ext.files.names import legible


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "report",
        help="the concepts as one page to look at and to listen to",
        description="Write the concepts of a store as one page that opens from disk: which are significant for which "
        "class, and the patches of each, to look at and to listen to. Sounds are made anew from the recordings.",
    )
    parser.add_argument("store", metavar="STORE", help="store that audiolime concepts wrote")
    parser.add_argument("--no-audio", dest="audio", action="store_false", help="embed no pictures and no sound")
    parser.add_argument(
        "--heard", nargs="+", default=[], metavar="CONCEPT", help="further concepts to embed pictures and sounds of, "
        "by name, such as 'rock 3' (default: the five strongest of each class, and suspect ones)"
    )  # fmt: skip
    parser.add_argument(
        "--table", metavar="CSV", help="table of features of the songs, with the column path and one for each feature "
        "(default: what vibenet hears, and the tempo)"
    )  # fmt: skip
    parser.add_argument("--no-features", action="store_true", help="leave out the features of songs")
    add_trust(parser, "STORE")
    add_finding(parser)
    parser.add_argument("--title", help="title of the page (default: one with the store's name)")
    add_output(parser, "DIR", "folder for the page, DIR/index.html", required=True)
    add_json(parser, "an object that names the page")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Find the concepts of a store, and write the page."""
    from audiolime_ext.errors import UsageError
    from audiolime_ext.files.places import require_writable
    from audiolime_ext.files.plain import to_json
    from audiolime_ext.report.concepts.page import write_concepts_page

    if args.no_features and args.table is not None:
        raise UsageError("--table has the features that --no-features leaves out; give one of the two")
    require_writable(Path(args.output))
    features = None if args.no_features else args.table or "vibenet"
    found = found_in(args.store, args)
    options = {"title": args.title, "features": features, "heard": args.heard, "audio": args.audio}
    page = write_concepts_page(found, args.store, args.output, **options, trust=args.trust)
    print(to_json({"page": str(page)}) if args.json else f"open {legible(page)} in a browser")
    return 0
