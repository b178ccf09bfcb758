"""``audiolime why``: why a song is near to another one, or nearer to one than to a second, by stems and by bands."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from audiolime_ext.cli.gradients import add_gradients, map_asked
from audiolime_ext.cli.options import (
    DEFAULT_FACTORIZATION,
    add_factorization,
    add_json,
    add_model,
    add_output,
    add_title,
    add_trust,
    page_file,
    resolve_model,
    write_page_of,
)
from audiolime_ext.cli.question import add_no_cache, add_sampling
from audiolime_ext.files.names import legible, utf8

MOST_WINDOWS = 3  # that a map is made of, unless every one is wanted


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "why",
        help="why a song is near to another one, by its stems",
        description="Explain the score that ranked: which stems of QUERY make it similar to A, or more similar to A "
        "than to B. A song is a file or, with --in, a song of the index by its path, title, or 'Artist - Title'. With "
        "--like, why QUERY fits a taste.",
    )
    parser.add_argument("query", metavar="QUERY", help="song whose stems are switched")
    parser.add_argument("a", nargs="?", metavar="A", help="song that it is compared with")
    parser.add_argument("b", nargs="?", metavar="B", help="song that should be farther: why A over B")
    parser.add_argument(
        "--in",
        dest="index",
        metavar="INDEX",
        help="index in which songs are looked up, on which vectors are centred, and among whose songs places are "
        "counted (default: none; vectors are measured from the answer to silence)",
    )
    parser.add_argument("--like", nargs="+", default=[], metavar="SONG", help="songs from which a taste is learnt")
    parser.add_argument("--dislike", nargs="+", default=[], metavar="SONG", help="and songs that are not liked")
    add_factorization(parser, default=None, shown=f"the index's, where it has stems; else {DEFAULT_FACTORIZATION}")
    add_model(parser, default=None, shown="the index's; without one musicnn:MSD_musicnn?layer=penultimate")
    parser.add_argument(
        "--hub-correction",
        dest="correction",
        choices=("mutual-proximity", "local-scaling", "none"),
        default="mutual-proximity",
        help="by which nearness places are counted (default %(default)s)",
    )
    parser.add_argument("--space", choices=("centred", "standardised", "plain"), help="as for audiolime similar")
    parser.add_argument(
        "--flip", action="store_true", help="also find the smallest change of a stem by which B would come before A"
    )
    add_gradients(parser, beside=f"of the {MOST_WINDOWS} strongest windows of QUERY, beside its stems")
    parser.add_argument("--every", action="store_true", help=f"map every window, not the {MOST_WINDOWS} strongest")
    add_sampling(parser)
    add_no_cache(parser)
    parser.add_argument(
        "--study",
        action="store_true",
        help="make it a page that asks listeners which of A and B comes first, before and after two explanations, and "
        "saves their answers as CSV",
    )
    parser.add_argument(
        "--spectrograms", metavar="DIR", help="also write the songs' spectrograms, on one scale, as PNG files"
    )
    add_trust(parser, "the index")
    add_title(parser)
    add_output(parser, "PAGE.html", "page to write, to read and to listen to: the songs side by side, stem by stem")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Print why, and write what was asked for."""
    from audiolime_ext.recommendation.why.pipeline import why

    page, mapped = _places(args), _map_asked(args)
    index, model = (
        (args.index, None if args.model is None else resolve_model(args)) if mapped is None else _able(args, mapped)
    )
    found = why(
        args.query,
        args.a,
        args.b,
        index=index,
        like=args.like,
        dislike=args.dislike,
        factorization=args.factorization,
        model=model,
        hubs=None if args.correction == "none" else args.correction.replace("-", " "),
        space=args.space,
        flip=args.flip,
        max_evals=args.max_evals,
        seed=args.seed,
        trust=args.trust,
        cache=not args.no_cache,
    )
    by_bands = None if mapped is None else _by_bands(args, found, mapped)
    written: dict[str, Any] = {}
    if page is not None:
        write_page_of(found, page, title=args.title, study=args.study, seed=args.seed, bands=by_bands)
        written["page"] = str(page)
    if args.spectrograms is not None:
        from audiolime_ext.report.neighbours.page import write_spectrograms

        written["spectrograms"] = [str(path) for path in write_spectrograms(found, Path(args.spectrograms))]
    _tell(args, found, by_bands, written)
    return 0


def _places(args: Namespace) -> Path | None:
    """The page to write, if any; places that cannot be written are refused before any work."""
    from audiolime_ext.errors import UsageError
    from audiolime_ext.files.places import require_writable

    if args.title is not None and args.output is None:
        raise UsageError("--title is that of a page; name it with -o PAGE.html")
    if args.study and args.output is None:
        raise UsageError("--study is a page; name it with -o PAGE.html")
    if args.study and args.b is None:
        raise UsageError("--study asks which of two songs comes first; name both: audiolime why QUERY A B --study")
    if args.spectrograms is not None:
        require_writable(Path(args.spectrograms))
    return None if args.output is None else page_file(args.output)


def _map_asked(args: Namespace) -> dict[str, Any] | None:
    """`method`, `layer`, `strongest` and `seed` of the map that is asked for; None: none is."""
    from audiolime_ext.errors import UsageError

    asked = map_asked(args)
    if asked is None:
        if args.every:
            raise UsageError("--every is for a map, and there is none: name a method with --gradients, such as ig")
        return None
    if args.study:
        raise UsageError("--study asks listeners about stems, and shows no map; leave --gradients out")
    return {**asked, "strongest": None if args.every else MOST_WINDOWS, "seed": args.seed}


def _able(args: Namespace, asked: dict[str, Any]) -> tuple[Any, Any]:
    """The index and the model, which can be differentiated; `UsageError` otherwise, before anything is heard."""
    from audiolime_ext.collection.index import load_index
    from audiolime_ext.gradients.cost import require_map
    from audiolime_ext.prediction.loading import load_model
    from audiolime_ext.recommendation.queries import Asking
    from audiolime_ext.recommendation.why.pipeline import MODEL

    model = None if args.model is None else resolve_model(args)
    index = None if args.index is None else load_index(Path(args.index))
    hears = load_model(model or MODEL) if index is None else Asking(index, model, args.trust).loaded()
    require_map(hears, asked["method"], asked["layer"])
    return index, hears if index is None else model


def _by_bands(args: Namespace, found: Any, asked: dict[str, Any]) -> Any:
    """The map; what it takes is told first."""
    from audiolime_ext.gradients.parts.nearness import cost_of, nearness_map

    expected = cost_of(found, method=asked["method"], strongest=asked["strongest"])
    print(f"audiolime: {utf8(found.query.name)}: {expected}, by a trial of one window", file=sys.stderr)
    return nearness_map(found, cache=not args.no_cache, **asked)


def _tell(args: Namespace, found: Any, by_bands: Any, written: dict[str, Any]) -> None:
    from audiolime_ext.files.plain import to_json

    if args.json:
        mapped = {} if by_bands is None else {"gradients": by_bands.to_dict()}
        print(to_json(found.to_dict() | mapped | written))
        return
    print(found)
    if by_bands is not None:
        print(f"\n{by_bands}")
    if "spectrograms" in written:
        print(f"\nspectrograms: {', '.join(map(legible, written['spectrograms']))}")
    if "page" in written:
        print(f"\nopen {legible(written['page'])} in a browser")
