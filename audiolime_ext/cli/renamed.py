"""Flags that once had other names: the old name still works, and a line on stderr gives the new one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import Any, cast

RENAMED: Mapping[str, Mapping[str, str]] = {
    "explain": {"--moments": "--shifts"},
    "audit run": {"--donors": "--n-donors", "--store": "--output"},
    "audit gate": {"--baseline": "--compare-with"},
    "audit report": {"--delta": "--tolerance"},
    "audit merge": {"OUT STORE…": "STORE… -o OUT"},
}


def keep_old_flags(parser: argparse.ArgumentParser) -> None:
    """Let a command's parser accept its flags by their old names, too; its help does not show these."""
    flags = {flag: action for action in parser._actions for flag in action.option_strings}
    for old, new in RENAMED.get(parser.prog.partition(" ")[2], {}).items():
        if old.startswith("-"):
            parser.add_argument(old, action=_Renamed, now=flags[new])


def tell_renamed(command: str, old: str, metavar: str = "") -> None:
    """Say on stderr what the new name of `old` is."""
    new = RENAMED[command][old]
    told = (f"{old}{metavar}", f"{new}{metavar}") if old.startswith("-") else (f"{command} {old}", f"{command} {new}")
    print("audiolime: {} is now {}".format(*told), file=sys.stderr)


class _Renamed(argparse.Action):
    """Does what the flag's new name does, and says what that is."""

    def __init__(self, option_strings: list[str], dest: str, *, now: argparse.Action) -> None:
        super().__init__(
            option_strings,
            now.dest,
            nargs=now.nargs,
            type=cast("Callable[[str], Any] | None", now.type),
            choices=now.choices,
            default=argparse.SUPPRESS,
            metavar=now.metavar,
            help=argparse.SUPPRESS,
        )
        self.now = now

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option_string: Any = None
    ) -> None:
        old = self.option_strings[0]
        tell_renamed(parser.prog.partition(" ")[2], old, "" if self.nargs == 0 else f" {self.metavar}")
        self.now(parser, namespace, values, option_string)
