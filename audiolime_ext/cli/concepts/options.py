"""What the commands of ``audiolime concepts`` share: how concepts are found in a store, and tested."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace, _ActionsContainer
from typing import Any

from audiolime_ext.cli.numbers import whole


def add_finding(parser: _ActionsContainer) -> None:
    """`--given`, `--clusters`, `--null` and `--seed`."""
    parser.add_argument(
        "--given",
        nargs="+",
        type=_given,
        default=[],
        metavar="NAME=KIND:…",
        help="concepts of your own to test beside those that are found: claps=sounds:FOLDER, "
        "drums=stem:spleeter:5stems/drums, 'fast=feature:FILE.csv:tempo>140', "
        "'sung=label:musicnn:MSD_musicnn:female vocalists>.3'",
    )
    parser.add_argument(
        "--clusters",
        dest="n_clusters",
        type=whole(2),
        default=25,
        metavar="N",
        help="clusters into which the patches of a class are divided; those in enough songs are its concepts (default: "
        "%(default)s)",
    )
    parser.add_argument(
        "--null",
        dest="n_null",
        type=whole(20),
        default=10_000,
        metavar="N",
        help="random concepts that each is compared with (default: %(default)s): of fewer, none of many concepts can "
        "be significant, as no p-value is below 2 / (N + 1)",
    )
    parser.add_argument(
        "--seed",
        type=whole(0),
        default=0,
        metavar="N",
        help="random seed for the draw of songs, their halves, clusters and random concepts (default: %(default)s)",
    )


def found_in(store: Any, args: Namespace) -> Any:
    """The concepts of a store, as the arguments say."""
    from audiolime_ext.concepts.finding import find_concepts

    return find_concepts(store, given=args.given, n_clusters=args.n_clusters, n_null=args.n_null, seed=args.seed)


def _given(text: str) -> str:
    """The text of a given concept, which is understood before anything is measured."""
    from audiolime_ext.concepts.given.asked import parse
    from audiolime_ext.errors import UsageError

    try:
        parse(text)
    except UsageError as error:
        raise ArgumentTypeError(str(error)) from error
    return text
