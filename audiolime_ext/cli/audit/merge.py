"""``audiolime audit merge``: join the stores of shards."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from audiolime_ext.cli.options import add_json, add_output, warn
from audiolime_ext.cli.renamed import tell_renamed
from audiolime_ext.files.names import legible
from audiolime_ext.text import counted, share_of


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "merge",
        help="join the stores that shards wrote",
        description="Join several stores into one, as if one run had written it. Stores of different models or "
        "settings are refused; merging again changes nothing.",
    )
    parser.add_argument("stores", nargs="+", metavar="STORE", help="stores of audits with --shard")
    add_output(parser, "OUT", "store to write; what it already holds stays")
    add_json(parser, "an object of the merged store")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Merge, and say what there is now."""
    from audiolime_ext.audit.store.merge import merge
    from audiolime_ext.audit.verdict.results import Results
    from audiolime_ext.files.plain import to_json

    out, stores = _named(args)
    n_new = merge(stores, out)
    results = Results.read(out)
    n_done, n = int(results.done.sum()), len(results.entries)
    if args.json:
        about = {"store": out, "n_recordings": n, "n_done": n_done, "n_failed": len(results.failures)}
        print(to_json({**about, "n_new": n_new}))
    else:
        print(f"{share_of(n_done, n, 'recording')} in {legible(out)}, {n_new} of them new")
    for failure in results.failures:
        warn(f"{failure.name}: {failure.reason}")
    return 0


def _named(args: Namespace) -> tuple[str, list[str]]:
    """The store to write and those to read; without -o the first is the one to write, as it once was.

    Raises
    ------
    UsageError
        If there is neither -o nor a second store; or if the first already exists, and may be one of those to read.
    """
    from audiolime_ext.errors import UsageError

    if args.output is not None:
        return args.output, args.stores
    out, *stores = args.stores
    if not stores or Path(out).exists():
        raise UsageError(
            f"name the store to write with -o OUT; {counted(len(args.stores), 'store is', 'stores are')} to be merged"
        )
    tell_renamed("audit merge", "OUT STORE…")
    return out, stores
