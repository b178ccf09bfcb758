"""``audiolime cache``: see and clear the results that are kept between runs (stems, answers, taggrams, maps, sound)."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from audiolime_ext.cli.options import add_json
from audiolime_ext.files.names import legible
from audiolime_ext.files.plain import to_json
from audiolime_ext.text import counted

if TYPE_CHECKING:
    from audiolime_ext.cache import Cache


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its sub-commands; each sets ``run``, a function from the arguments to the exit code."""
    commands = subparsers.add_parser(
        "cache",
        help="list and clear the results that are kept between runs",
        description="explain --track, explain --at and page keep stems, taggrams, the model's answers and a page's "
        "sound, and relevance keeps the map of each window, so that nothing is computed twice. The least recently "
        "used results are removed first. AUDIOLIME_CACHE_MAX sets the limit (default 5GB; 0: keep nothing). For "
        "published weights see audiolime checkpoints.",
    ).add_subparsers(title="commands", metavar="COMMAND", required=True)

    listing = commands.add_parser("list", help="list the results with their recordings and sizes")
    add_json(listing)
    listing.set_defaults(run=run_list)

    clear = commands.add_parser("clear", help="remove all results, without asking; they are computed again when needed")
    add_json(clear)
    clear.set_defaults(run=run_clear)


def _cache() -> Cache:
    """The user's cache, even where nothing more is kept in it."""
    from audiolime_ext.cache import Cache, max_bytes, results_folder

    return Cache(results_folder(), max_bytes())


def _gathered(cache: Cache) -> list[dict[str, Any]]:
    """A row for all entries of one kind that one recording and its tools have, last used first."""
    from datetime import datetime, timezone

    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for entry in cache.entries():
        row = rows.setdefault(
            (entry.recording, entry.made_with, entry.kind),
            {
                "recording": entry.recording,
                "kind": entry.kind,
                "made_with": entry.made_with,
                "entries": 0,
                "bytes": 0,
                "last_used": datetime.fromtimestamp(entry.used, timezone.utc).isoformat(timespec="seconds"),
            },
        )
        row["entries"] += 1
        row["bytes"] += entry.n_bytes
    return list(rows.values())


def run_list(args: argparse.Namespace) -> int:
    """Print a table and the total, or with ``--json`` an object."""
    from datetime import datetime

    from audiolime_ext.text import text_table

    cache = _cache()
    rows = _gathered(cache)
    total = sum(row["bytes"] for row in rows)
    if args.json:
        found = {"folder": str(cache.folder), "max_bytes": cache.limit, "bytes": total, "results": rows}
        print(to_json(found, indent=2))
        return 0
    if rows:
        lines = [
            [
                row["recording"],
                row["kind"],
                row["made_with"],
                str(row["entries"]),
                size(row["bytes"]),
                f"{datetime.fromisoformat(row['last_used']).astimezone():%Y-%m-%d %H:%M}",
            ]
            for row in rows
        ]
        print(text_table(["recording", "kept", "made with", "entries", "size", "last used"], lines, left=(0, 1, 2)))
    print(f"{size(total)} of at most {size(cache.limit)} in {legible(cache.folder)}")
    return 0


def run_clear(args: argparse.Namespace) -> int:
    """Remove everything and say what was freed."""
    cache = _cache()
    n_entries, n_bytes = cache.clear()
    if args.json:
        print(to_json({"folder": str(cache.folder), "entries": n_entries, "bytes": n_bytes}))
    else:
        print(f"removed {counted(n_entries, 'result')}, {size(n_bytes)}, from {legible(cache.folder)}")
    return 0


def size(n_bytes: int) -> str:
    """A number of bytes for people.

    Examples
    --------
    >>> size(0), size(1234567), size(5 * 10**9)
    ('0 B', '1.2 MB', '5.0 GB')
    """
    units = ("kB", "MB", "GB", "TB")
    if n_bytes < 1000:
        return f"{n_bytes} B"
    power = min(len(units), (len(str(n_bytes)) - 1) // 3)
    return f"{n_bytes / 1000**power:.1f} {units[power - 1]}"
