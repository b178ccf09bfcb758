"""``audiolime playlist``: songs of an index in an order in which each is near to the next."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiolime_ext.cli.m3u8 import m3u8_file, print_m3u8_of, write_m3u8_of
from audiolime_ext.cli.numbers import positive, whole
from audiolime_ext.cli.options import add_json, add_output, add_title, page_file, write_page_of
from audiolime_ext.files.names import legible

if TYPE_CHECKING:
    from audiolime_ext.recommendation.playlists.result import Playlist


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "playlist",
        help="songs of an index in an order in which each is near to the next",
        description="Choose songs of an index, or put yours in order, so that the whole list has the best transitions; "
        "rules are kept, or it is said why they cannot be. A SONG is a song of the index, by its path, title, or "
        "'Artist - Title'.",
    )
    parser.add_argument(
        "--in", dest="index", required=True, metavar="INDEX", help="the index, as audiolime index writes it"
    )
    parser.add_argument("-n", type=whole(1), metavar="N", help="number of songs")
    parser.add_argument("--minutes", type=positive, metavar="M", help="length of the list in minutes, instead of -n")
    parser.add_argument("--from", dest="start", metavar="SONG", help="first song (default: any)")
    parser.add_argument("--to", dest="end", metavar="SONG", help="last song (default: any)")
    parser.add_argument(
        "--place",
        dest="fixed",
        nargs="+",
        action="extend",
        default=[],
        type=_fixed,
        metavar="PLACE=SONG",
        help="songs that are fixed at a place, such as '10=Slow Motion'",
    )
    parser.add_argument(
        "--order",
        metavar="LIST.m3u8",
        help="a playlist to put in order: all of it or, with -n or --minutes, some of it",
    )
    parser.add_argument(
        "--fill",
        metavar="LIST.m3u8",
        help="a playlist whose songs stay in order and whose gaps are filled: a line '# gap 3' (songs), '# gap 12 min' "
        "or '# gap'; without gaps, -n songs in all, the new ones where the list then has the best transitions",
    )
    parser.add_argument("--gap-minutes", type=positive, metavar="M", help="length of the gaps that do not say it")
    parser.add_argument("--exclude", nargs="+", default=[], metavar="SONG", help="songs that are not wanted")
    parser.add_argument(
        "--per-artist", type=whole(1), metavar="K", help="most songs of one artist (default: any number)"
    )
    parser.add_argument(
        "--artist-gap",
        type=whole(1),
        metavar="G",
        help="least number of places from one song of an artist to the next (2: they never follow each other)",
    )
    parser.add_argument(
        "--curve",
        metavar="CURVE",
        help="what the list follows: rising, falling, peak, or points from 0 to 1 such as '0:0.2 0.5:0.9 1:0.4'",
    )
    parser.add_argument(
        "--by", dest="column", metavar="COLUMN", help="what the curve is of: an output such as tempo, year, duration_s"
    )
    parser.add_argument("--table", metavar="CSV", help="table about the songs, with the columns path and --by")
    parser.add_argument(
        "--curve-weight",
        type=positive,
        default=1.0,
        metavar="W",
        help="how much being off the curve counts beside the transitions (default %(default)g)",
    )
    parser.add_argument("--m3u8", metavar="FILE", help="also write the list as a playlist")
    parser.add_argument(
        "--seed", type=whole(0), default=0, metavar="N", help="random seed for the search (default %(default)s)"
    )
    add_title(parser)
    add_output(parser, "PAGE.html", "page to write, to read and to listen to: the sound of every transition")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Print the list, and write what was asked for."""
    from audiolime_ext.errors import UsageError
    from audiolime_ext.recommendation.playlists.pipeline import playlist

    if args.m3u8 is not None:
        m3u8_file(args.m3u8)
    if args.output is None and args.title is not None:
        raise UsageError("--title is that of a page; name it with -o PAGE.html")
    page = None if args.output is None else page_file(args.output)
    found = playlist(
        args.index,
        n=args.n,
        minutes=args.minutes,
        start=args.start,
        end=args.end,
        songs=None if args.order is None else Path(args.order),
        fill=None if args.fill is None else Path(args.fill),
        gap_minutes=args.gap_minutes,
        fixed=_each_place_once(args.fixed),
        per_artist=args.per_artist,
        artist_gap=args.artist_gap,
        curve=args.curve,
        column=args.column,
        table=args.table,
        curve_weight=args.curve_weight,
        exclude=args.exclude,
        seed=args.seed,
    )
    if args.m3u8 is not None:
        write_m3u8_of(found, args.m3u8)
    if page is not None:
        write_page_of(found, page, title=args.title)
    _print(args, found)
    return 0


def _fixed(text: str) -> tuple[int, str]:
    """The argument type of fixed songs: ``10=Slow Motion``."""
    place, _, song = text.partition("=")
    if not place.strip().isdecimal() or int(place) < 1 or not song:
        raise argparse.ArgumentTypeError(f"a place from 1 on with its song is needed, such as 10=TITLE, not {text!r}")
    return int(place), song


def _each_place_once(fixed: list[tuple[int, str]]) -> dict[int, str]:
    from audiolime_ext.errors import UsageError

    if twice := [place for place, n in Counter(place for place, _ in fixed).items() if n > 1]:
        raise UsageError(f"--place names two songs for place {twice[0]}; fix one song at each place")
    return dict(fixed)


def _print(args: Namespace, found: Playlist) -> None:
    from audiolime_ext.files.plain import to_json

    if args.json:
        written = {"m3u8": args.m3u8, "page": args.output}
        print(to_json(found.to_dict() | {name: path for name, path in written.items() if path is not None}))
        return
    print(found)
    if args.m3u8 is not None:
        print_m3u8_of(found, args.m3u8)
    if args.output is not None:
        print(f"\nopen {legible(args.output)} in a browser")
