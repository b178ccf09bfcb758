"""``audiolime concepts``: what has a classifier learnt, in sounds? One module per command; ``run`` is the default."""

from __future__ import annotations

from typing import Any

from audiolime_ext.cli.concepts import merge, report, run

COMMANDS = (run, report, merge)


def add(commands: Any) -> None:
    """Add the command's parser, and those of its own commands."""
    parser = commands.add_parser(
        "concepts",
        help="find out what a classifier has learnt, in sounds, and which of it is an artefact",
        description="Find concepts in a layer of a classifier: audiolime concepts FOLDER -m MODEL --layer NAME "
        "measures (and goes on where it was stopped), then finds concepts and tests them; audiolime concepts "
        "NAME.concepts finds and tests again. For a folder that has the name of a command, write ./report or ./merge.",
    )
    inner = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(inner)
    parser.default = inner.choices["run"]
