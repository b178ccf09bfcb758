"""``audiolime map``: a collection as a map, and what may be read off it."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from audiolime_ext.cli.numbers import positive, whole
from audiolime_ext.cli.options import add_json, add_output, add_title, page_file, write_page_of
from audiolime_ext.files.names import legible

PRESETS = ("local", "balanced", "global", "gathered", "spread")


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "map",
        help="the songs of an index as a map, and how far it can be trusted",
        description="Lay the songs of an index out as a map by t-SNE, beside noise of the same size, and say whether "
        "there are clumps, how far the map is the same when it is made again, and what the groups of a column are.",
        epilog="Look at the map, and change one thing: only blobs without a shape: --early-exaggeration 3 or 4; the "
        "whole has lost its shape, or is squeezed: twice the --learning-rate, or a higher --perplexity, not beyond 16; "
        "all is packed together: less of --early-exaggeration or --learning-rate; far more than 20,000 songs n: a "
        "--perplexity near n/100 and a --learning-rate near n/48 (n/12 as openTSNE counts).",
    )
    parser.add_argument("index", metavar="INDEX", help="the index, as audiolime index writes it")
    parser.add_argument(
        "--group", metavar="COLUMN", help="column whose groups are compared: artist, album, genre, year, folder, …"
    )
    parser.add_argument(
        "--table", metavar="CSV", help="table that says the group of each song, with the column path (for --group)"
    )
    parser.add_argument("--query", metavar="SONG", help="song of the index that is marked as the query")
    parser.add_argument(
        "--candidates", nargs="+", default=[], metavar="SONG", help="songs of the index that are marked as candidates"
    )
    parser.add_argument(
        "--preset",
        choices=PRESETS,
        default="spread",
        help="settings to begin with: perplexity, early exaggeration and learning rate are 5, 1 and 10 (local), 10, 1 "
        "and 10 (balanced), 16, 1 and 10 (global), 16, 4 and 10 (gathered), 16, 4 and 40 (spread; default %(default)s)",
    )
    parser.add_argument("--perplexity", type=positive, metavar="P", help="how many neighbours, roughly, place a song")
    parser.add_argument(
        "--early-exaggeration", type=positive, metavar="X", help="how much more songs attract each other at first"
    )
    parser.add_argument("--learning-rate", type=positive, metavar="R", help="length of a step, as in scikit-learn")
    parser.add_argument("--max-iterations", type=whole(250), metavar="N", help="most iterations (default: 4000)")
    parser.add_argument(
        "--space",
        choices=("centred", "standardised", "plain"),
        help="in which space songs are near; as for audiolime similar",
    )
    parser.add_argument(
        "--seed", type=whole(0), default=0, metavar="N", help="random seed for starts and noise (default %(default)s)"
    )
    parser.add_argument("--csv", metavar="FILE", help="also write places, stability and groups of the songs as CSV")
    parser.add_argument(
        "--serve",
        action="store_true",
        help="then serve the page on this machine alone, until Ctrl-C; the sound of a song is cut when it is asked for",
    )
    parser.add_argument(
        "--port", type=whole(1), metavar="N", help="port on which the page is served (default: one that is free)"
    )
    add_title(parser)
    add_output(parser, "PAGE.html", "page to write, to look at and, up to 300 songs, to listen to")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Print what may be said of the map, and write what was asked for."""
    from audiolime_ext.recommendation.maps.pipeline import embedding_map

    page, settings = _places(args), _settings(args)
    found = embedding_map(
        args.index,
        settings=settings,
        space=args.space,
        group=args.group,
        table=args.table,
        query=() if args.query is None else args.query,
        candidates=args.candidates,
    )
    written: dict[str, str] = {}
    if args.csv is not None:
        written["csv"] = str(found.write_csv(args.csv))
    if page is not None:
        write_page_of(found, page, title=args.title)
        written["page"] = str(page)
    _tell(args, found, written)
    if args.serve:
        from audiolime_ext.report.maps.serving import serve

        serve(found, port=args.port or 0, title=args.title)
    return 0


def _places(args: Namespace) -> Path | None:
    """The page to write, if any; places that cannot be written are refused before any work."""
    from audiolime_ext.errors import UsageError
    from audiolime_ext.files.places import require_writable_file

    if args.title is not None and args.output is None and not args.serve:
        raise UsageError("--title is that of a page; name it with -o PAGE.html, or --serve it")
    if args.port is not None and not args.serve:
        raise UsageError("--port is that of a page that is served; add --serve")
    if args.serve and args.json:
        raise UsageError("--json prints an object and nothing else, and --serve where the page is; leave one out")
    if args.serve:
        from audiolime_ext.report.maps.serving import require_port

        require_port(args.port or 0)
    if args.table is not None and args.group is None:
        raise UsageError("--table says which group a song is of; name its column with --group")
    if args.csv is not None:
        if Path(args.csv).suffix.lower() != ".csv":
            raise UsageError(f"--csv {legible(args.csv)} is no table; end its name in .csv")
        require_writable_file(Path(args.csv))
    return None if args.output is None else page_file(args.output)


def _settings(args: Namespace) -> Any:
    """The settings of the preset, with what was given in place of its own."""
    from dataclasses import replace

    from audiolime_ext.recommendation.maps.presets import PRESETS

    names = ("perplexity", "early_exaggeration", "learning_rate", "max_iterations", "seed")
    given = {name: value for name in names if (value := getattr(args, name)) is not None}
    return replace(PRESETS[args.preset], **given)


def _tell(args: Namespace, found: Any, written: dict[str, str]) -> None:
    from audiolime_ext.files.plain import to_json

    if args.json:
        print(to_json(found.to_dict() | written))
        return
    print(found)
    if "csv" in written:
        print(f"\ntable: {legible(written['csv'])}")
    if "page" in written:
        print(f"\nopen {legible(written['page'])} in a browser")
