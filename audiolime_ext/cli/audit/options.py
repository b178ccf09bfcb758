"""What the commands of ``audiolime audit`` share: the store, and how its numbers are read."""

from __future__ import annotations

from argparse import ArgumentParser, _ActionsContainer

from audiolime_ext.cli.numbers import share


def add_store(parser: ArgumentParser) -> None:
    """STORE."""
    parser.add_argument("store", metavar="STORE", help="store of an audit")


def add_expected(parser: _ActionsContainer, *, default: str) -> None:
    """`--expected`."""
    parser.add_argument(
        "--expected",
        metavar="CSV",
        help=f"pairs that are meant to matter: lines of class, component (default: {default})",
    )


def add_threshold(parser: _ActionsContainer, *, default: str) -> None:
    """`--threshold`."""
    parser.add_argument(
        "--threshold",
        type=share,
        metavar="P",
        help=f"a label counts as predicted at or above this score (default: {default})",
    )


def add_tolerance(parser: ArgumentParser, *, default: str) -> None:
    """`--tolerance`, which is also `--limit`."""
    parser.add_argument(
        "--tolerance",
        "--limit",
        type=share,
        metavar="P",
        help=f"share of decisions that may flip: the limit of the verdicts (default: {default})",
    )
