"""``audiolime audit export``: everything in a store as one table."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from audiolime_ext.audit.verdict.glossary import OF_EXPORT, explained
from audiolime_ext.cli.audit.options import add_store
from audiolime_ext.cli.options import add_json, add_output
from audiolime_ext.cli.parser import Paragraphs
from audiolime_ext.files.names import legible
from audiolime_ext.text import counted


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "export",
        help="write everything that was measured as one table, CSV or Parquet",
        description="Write everything in a store as one long table, one line for each recording, measure, component, "
        "donor and label. The columns are explained in audiolime_ext.audit.verdict.export.",
        epilog=explained(OF_EXPORT),
        formatter_class=Paragraphs,
    )
    add_store(parser)
    parser.add_argument(
        "--measure", nargs="+", metavar="M", help="only these measures, such as own, without or attribution"
    )
    parser.add_argument("--labels", nargs="+", metavar="L", help="only these labels")
    add_output(parser, "FILE", "table to write: FILE.csv, or FILE.parquet (needs the extra parquet)", required=True)
    add_json(parser, "an object that names the table")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Write the table, and say how long it is."""
    from audiolime_ext.audit.verdict.export import export
    from audiolime_ext.files.plain import to_json

    n_lines = export(args.store, args.output, measures=args.measure, labels=args.labels)
    if args.json:
        print(to_json({"file": args.output, "n_lines": n_lines}))
        return 0
    print(f"{counted(n_lines, 'line is', 'lines are')} in {legible(args.output)}")
    return 0
