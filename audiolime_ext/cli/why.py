"""``audiolime why``: why a song is near to another one, or nearer to one than to a second, by stems."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from audiolime_ext.cli.options import (
    DEFAULT_FACTORIZATION,
    add_factorization,
    add_json,
    add_model,
    add_trust,
    resolve_model,
)
from audiolime_ext.cli.question import add_no_cache, add_sampling


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
    add_sampling(parser)
    add_no_cache(parser)
    add_trust(parser, "the index")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Print why."""
    from audiolime_ext.files.plain import to_json
    from audiolime_ext.recommendation.why.pipeline import why

    found = why(
        args.query,
        args.a,
        args.b,
        index=args.index,
        like=args.like,
        dislike=args.dislike,
        factorization=args.factorization,
        model=None if args.model is None else resolve_model(args),
        hubs=None if args.correction == "none" else args.correction.replace("-", " "),
        space=args.space,
        flip=args.flip,
        max_evals=args.max_evals,
        seed=args.seed,
        trust=args.trust,
        cache=not args.no_cache,
    )
    print(to_json(found.to_dict()) if args.json else found)
    return 0
