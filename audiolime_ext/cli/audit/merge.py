"""``audiolime audit merge``: join the stores of shards."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from audiolime_ext.cli.options import warn
from audiolime_ext.files import legible
from audiolime_ext.text import share_of


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "merge",
        help="join the stores that shards wrote",
        description="Bring everything that is in some stores into one, as if one run had written it. Stores of other "
        "models or settings are refused; merging again changes nothing.",
    )
    parser.add_argument("out", metavar="OUT", help="the store to write; what it holds already stays")
    parser.add_argument("stores", nargs="+", metavar="STORE", help="those that audits with --shard wrote")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Merge, and say what there is now."""
    from audiolime_ext.audit.store.merge import merge
    from audiolime_ext.audit.verdict.results import Results

    n_new = merge(args.out, args.stores)
    results = Results.read(args.out)
    print(
        f"{share_of(int(results.done.sum()), len(results.entries), 'recording')} in {legible(args.out)}, {n_new} of "
        "them new"
    )
    for failure in results.failures:
        warn(f"{failure.name}: {failure.reason}")
    return 0
