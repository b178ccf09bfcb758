"""The parser of the command line: it reports errors on one line, and has a default command where none is named."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from audiolime_ext.files.names import utf8

_OWN_FLAGS = ("-h", "--help", "--debug")


class Paragraphs(argparse.HelpFormatter):
    """Keeps the lines of a description or an epilog apart: each is a paragraph, indented where it goes on."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines = text.splitlines()
        if len(lines) == 1:
            return super()._fill_text(text, width, indent)
        return "\n".join(textwrap.fill(line, width, initial_indent=indent, subsequent_indent="  ") for line in lines)


class Parser(argparse.ArgumentParser):
    """A parser that says on one line what is wrong with the arguments; only ``--help`` shows the usage.

    If it has commands, `default` is the parser of the one that is used where the first word names none.
    """

    default: Parser | None = None

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """The parsed arguments and those left over; read by `default` where no command is named."""
        if self.default is not None and args and not self._names_a_command(args):
            return self.default.parse_known_args(args, namespace)
        return super().parse_known_args(args, namespace)

    def _names_a_command(self, args: Sequence[str]) -> bool:
        """Whether the first word behind the flags of this parser is a command; without one, its help is wanted."""
        first = next((word for word in args if word not in _OWN_FLAGS), None)
        return first is None or first in commands_of(self)

    def error(self, message: str) -> NoReturn:
        """End with exit code 2."""
        if message.endswith("required: FILE"):  # --labels has taken it for a label
            message += " (put it in front: --labels takes all that follows)"
        self.exit(2, f"audiolime: error: {utf8(message)}; see {self.prog} --help\n")


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of a parser's commands, by name."""
    inner = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return {name: command for action in inner for name, command in action.choices.items()}


def all_commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parsers of commands, and of the commands within them."""
    for command in commands_of(parser).values():
        yield command
        yield from all_commands(command)
