"""What the commands share that read songs with their classes: columns, a folder for paths, names of classes."""

from __future__ import annotations

import argparse
from argparse import _ActionsContainer

from audiolime_ext.cli.options import add_map

SOURCE = (
    "CSV with the columns path and label, or a folder per class; or the table of MTG-Jamendo (TSV), MagnaTagATune "
    "(annotations_final.csv) or FMA (tracks.csv)"
)


def add_reading(group: _ActionsContainer) -> None:
    """`--column`, `--ignore`, `--root` and `--map`."""
    group.add_argument(
        "--column",
        action="append",
        default=[],
        type=_pair,
        metavar="OURS=THEIRS",
        help="name of a column in the manifest, such as label=genre",
    )
    group.add_argument("--ignore", action="append", default=[], metavar="COLUMN", help="column to ignore")
    group.add_argument("--root", metavar="DIR", help="folder that paths are relative to (default: MANIFEST's)")
    add_map(group, "the manifest's classes")


def _pair(text: str) -> tuple[str, str]:
    ours, mark, theirs = text.partition("=")
    if not mark or not ours or not theirs:
        raise argparse.ArgumentTypeError(f"write OURS=THEIRS, such as label=genre, not {text!r}")
    return ours, theirs
