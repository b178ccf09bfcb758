"""``audiolime concepts report STORE -o DIR``: the concepts of a store as one page."""

from __future__ import annotations

from argparse import Namespace
from importlib import import_module
from pathlib import Path
from typing import Any

from audiolime_ext.cli.concepts.options import add_finding, found_in
from audiolime_ext.cli.options import add_json, add_output, add_title
from audiolime_ext.files.names import legible

PAGE = "audiolime_ext.report.concepts.page"


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "report",
        help="the concepts as one page to look at and to listen to",
        description="Write the concepts of a store as one page that opens from disk: which are significant for which "
        "class, and the patches of each, to look at and to listen to. Sounds are made anew from the recordings.",
    )
    parser.add_argument("store", metavar="STORE", help="store that audiolime concepts wrote")
    add_finding(parser)
    add_title(parser)
    add_output(parser, "DIR", "folder for the page, DIR/index.html", required=True)
    add_json(parser, "an object that names the page")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Find the concepts of a store, and write the page."""
    from audiolime_ext.files.places import require_writable
    from audiolime_ext.files.plain import to_json

    require_writable(Path(args.output))
    found = found_in(args.store, args)
    page = import_module(PAGE).write_concepts_page(found, args.output, title=args.title)
    print(to_json({"page": str(page)}) if args.json else f"open {legible(page)} in a browser")
    return 0
