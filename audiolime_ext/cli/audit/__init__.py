"""``audiolime audit``: does a classifier decide by what it should? One module per command; ``run`` is the default."""

from __future__ import annotations

from argparse import SUPPRESS
from collections.abc import Sequence
from typing import Any

from audiolime_ext.cli.audit import export, gate, merge, report, run

COMMANDS = (run, gate, report, merge, export)
NAMES = ("run", "gate", "report", "merge", "export")


def add(commands: Any) -> None:
    """Add the command's parser, and those of its own commands."""
    parser = commands.add_parser(
        "audit",
        help="find what a classifier listens to, over a whole collection",
        description="Audit a classifier over a collection: audiolime audit MANIFEST.csv measures (and goes on where it "
        "was stopped), the other commands read what it found.",
    )
    inner = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(inner)
    for subparser in inner.choices.values():  # so that --debug may also stand at the end
        subparser.add_argument("--debug", action="store_true", default=SUPPRESS, help="show tracebacks")


def with_default(argv: Sequence[str]) -> list[str]:
    """The arguments with ``run`` after ``audit``, where no command is named: ``audiolime audit MANIFEST.csv``.

    Examples
    --------
    >>> with_default(["--debug", "audit", "songs.csv"])
    ['--debug', 'audit', 'run', 'songs.csv']
    >>> with_default(["audit", "gate", "songs.sqlite"])
    ['audit', 'gate', 'songs.sqlite']
    """
    given = list(argv)
    first = next((i for i, text in enumerate(given) if not text.startswith("-")), None)
    if first is not None and given[first] == "audit" and given[first + 1 :]:
        named = given[first + 1] in (*NAMES, "-h", "--help")
        given[first + 1 : first + 1] = [] if named else ["run"]
    return given
