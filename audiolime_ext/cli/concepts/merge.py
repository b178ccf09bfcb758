"""``audiolime concepts merge``: join the stores of shards."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from audiolime_ext.cli.concepts.run import counts, measured
from audiolime_ext.cli.options import add_json, add_output, warn


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "merge",
        help="join the stores that shards wrote",
        description="Join several stores into one, as if one run had written it. Stores of different models, layers or "
        "classes are refused; merging again changes nothing.",
    )
    parser.add_argument("stores", nargs="+", metavar="STORE", help="stores of audiolime concepts with --shard")
    add_output(parser, "OUT", "store to write; what it already holds stays", required=True)
    add_json(parser, "an object of the merged store")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Merge, and say what there is now."""
    from audiolime_ext.concepts.measurement.merging import merge_concepts
    from audiolime_ext.files.plain import to_json

    n_new = merge_concepts(args.stores, args.output)
    about, failures = counts(args.output)
    print(to_json({**about, "n_new": n_new}) if args.json else f"{measured(about)}, {n_new} of them new")
    for failure in failures:
        warn(f"{failure.name}: {failure.reason}")
    return 0
