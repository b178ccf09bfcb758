"""``audiolime audit``: does a classifier decide by what it should? One module per command; ``run`` is the default."""

from __future__ import annotations

from typing import Any

from audiolime_ext.audit.verdict.glossary import GLOSSARY, explained
from audiolime_ext.cli.audit import export, gate, merge, report, run
from audiolime_ext.cli.parser import Paragraphs

COMMANDS = (run, gate, report, merge, export)


def add(commands: Any) -> None:
    """Add the command's parser, and those of its own commands."""
    parser = commands.add_parser(
        "audit",
        help="find out what a classifier listens to, over a whole collection",
        description="Audit a classifier over a collection: audiolime audit MANIFEST measures (and goes on where it was "
        "stopped), the other commands read the results. For a folder that has the name of a command, write audiolime "
        "audit run report, or audiolime audit ./report.",
        epilog=explained(GLOSSARY),
        formatter_class=Paragraphs,
    )
    inner = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(inner)
    parser.default = inner.choices["run"]
