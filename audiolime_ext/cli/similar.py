"""``audiolime similar``: the songs of an index that are nearest to others."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiolime_ext.cli.m3u8 import m3u8_file, print_m3u8_of, write_m3u8_of
from audiolime_ext.cli.numbers import weight, whole
from audiolime_ext.cli.options import add_json, add_output, add_title, add_trust, page_file, write_page_of
from audiolime_ext.files.names import legible

if TYPE_CHECKING:
    from audiolime_ext.collection.index import Index
    from audiolime_ext.recommendation.census import HubCensus
    from audiolime_ext.recommendation.result import Similar


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "similar",
        help="the songs of an index that are nearest to others",
        description="List the songs of an index that are most similar to a song, or to several together. A SONG is a "
        "file, or a song of the index by its path, title, or 'Artist - Title'.",
    )
    parser.add_argument("songs", nargs="*", metavar="SONG", help="songs whose neighbours are looked for")
    parser.add_argument(
        "--in", dest="index", required=True, metavar="INDEX", help="the index, as audiolime index writes it"
    )
    parser.add_argument("-k", type=whole(1), default=10, metavar="K", help="songs to list (default %(default)s)")
    parser.add_argument(
        "--like", nargs="+", default=[], metavar="SONG", help="rank by a taste that is learnt from songs that are liked"
    )
    parser.add_argument(
        "--dislike",
        nargs="+",
        default=[],
        metavar="SONG",
        help="and from songs that are not; without it, songs drawn from the index stand for these",
    )
    parser.add_argument("--weakest", action="store_true", help="list the least similar songs instead")
    parser.add_argument(
        "--pair",
        dest="pairs",
        nargs=2,
        action="append",
        default=[],
        metavar=("A", "B"),
        help="also tell how similar these two are; may be given several times",
    )
    parser.add_argument("--other-artists", action="store_true", help="leave out songs of the same artists")
    parser.add_argument("--other-albums", action="store_true", help="leave out songs of the same albums")
    parser.add_argument(
        "--hub-correction",
        dest="correction",
        choices=("mutual-proximity", "local-scaling", "none"),
        default="mutual-proximity",
        help="how songs that are near to everything are kept from every list (default %(default)s)",
    )
    parser.add_argument(
        "--space",
        choices=("centred", "standardised", "plain"),
        help="in which space vectors are compared (default: standardised where the model's outputs have names, such as "
        "tempo, else centred; plain: as they are)",
    )
    parser.add_argument(
        "--weight",
        dest="weights",
        nargs="+",
        action="extend",
        type=weight,
        metavar="STEM=W",
        help="how much each stem counts, in an index with stems: drums=2 vocals=0 (default: 1; 0: it is not heard; "
        "silence is one, too)",
    )
    parser.add_argument(
        "--hubs",
        dest="census",
        action="store_true",
        help="also tell which songs of the index are in very many lists of neighbours, and which are in none",
    )
    parser.add_argument("--m3u8", metavar="FILE", help="also write the list as a playlist")
    add_trust(parser, "the index")
    add_title(parser)
    add_output(parser, "PAGE.html", "page to write, to read and to listen to: some seconds of every song")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Print the list, the pairs and the hubs that were asked for."""
    from audiolime_ext.collection.index import load_index
    from audiolime_ext.errors import UsageError

    listed = bool(args.songs or args.like or args.dislike)
    if not (listed or args.pairs or args.census):
        raise UsageError("nothing is asked for: name a SONG, or songs with --like, a --pair, or --hubs")
    if args.m3u8 is not None:
        if not listed:
            raise UsageError("--m3u8 writes the songs that are listed; name a SONG, or songs with --like")
        m3u8_file(args.m3u8)
    page = _page(args, listed=listed)
    index = load_index(Path(args.index))
    if args.weights:
        index = index.weighted(_each_once(args.weights))
    found = _found(index, args) if listed or args.pairs else None
    censuses = _censuses(index, args) if args.census else []
    if found is not None and args.m3u8 is not None:
        write_m3u8_of(found, args.m3u8)
    if found is not None and page is not None:
        write_page_of(found, page, title=args.title)
    _print(args, found, censuses)
    return 0


def _found(index: Index, args: Namespace) -> Similar:
    from audiolime_ext.recommendation.similar import similar

    return similar(
        args.songs,
        index,
        k=args.k,
        like=args.like,
        dislike=args.dislike,
        weakest=args.weakest,
        pairs=args.pairs,
        other_artists=args.other_artists,
        other_albums=args.other_albums,
        hubs=_correction(args),
        space=args.space,
        trust=args.trust,
    )


def _page(args: Namespace, *, listed: bool) -> Path | None:
    """The page to write, if any."""
    from audiolime_ext.errors import UsageError

    if args.output is None:
        if args.title is not None:
            raise UsageError("--title is that of a page; name it with -o PAGE.html")
        return None
    if not listed and not args.pairs:
        raise UsageError("-o writes a page of the songs that are listed; name a SONG, or songs with --like, or --pair")
    return page_file(args.output)


def _censuses(index: Index, args: Namespace) -> list[HubCensus]:
    """The hubs as the vectors have them, and as the correction leaves them."""
    from audiolime_ext.recommendation.census import hub_census

    kinds = dict.fromkeys([None, _correction(args)])
    return [hub_census(index, k=args.k, hubs=kind, space=args.space) for kind in kinds]


def _each_once(weights: list[tuple[str, float]]) -> dict[str, float]:
    from audiolime_ext.errors import UsageError

    if twice := [name for name, n in Counter(name for name, _ in weights).items() if n > 1]:
        raise UsageError(f"--weight names {legible(twice[0])} twice; give one weight for each stem")
    return dict(weights)


def _correction(args: Namespace) -> Any:
    return None if args.correction == "none" else args.correction.replace("-", " ")


def _print(args: Namespace, found: Similar | None, censuses: list[HubCensus]) -> None:
    from audiolime_ext.files.plain import to_json

    if args.json:
        told = {} if found is None else found.to_dict()
        written = {"m3u8": args.m3u8, "page": args.output}
        written = {name: path for name, path in written.items() if path is not None}
        counted = {"hubs": [census.to_dict() for census in censuses]} if args.census else {}
        print(to_json(told | written | counted))
        return
    parts = [*([] if found is None else [found]), *censuses]
    print("\n\n".join(map(str, parts)))
    if found is not None and args.m3u8 is not None:
        print_m3u8_of(found, args.m3u8)
    if args.output is not None:
        print(f"\nopen {legible(args.output)} in a browser")
