"""What users call: every public name with its signature, and every command with its flags, as one table.

``python -m tests.public_names`` writes it to ``tests/reference/public_names.md``. A test compares, so that nothing that
users call changes without being seen in a review.
"""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import audiolime_ext
from audiolime_ext.cli import build_parser
from audiolime_ext.cli.parser import all_commands

PROPERTIES = (property, cached_property)
TABLE = Path(__file__).parent / "reference" / "public_names.md"
HEAD = """# Public names

Written by `python -m tests.public_names`; a test holds it and the code together.

## Python

| name | signature |
|---|---|
"""


def table() -> str:
    """The whole file."""
    names = "\n".join(f"| `{name}` | `{signature}` |" for name, signature in python_names())
    flags = "\n".join(f"| `{command}` | {shown} |" for command, shown in commands())
    return f"{HEAD}{names}\n\n## Command line\n\n| command | arguments |\n|---|---|\n{flags}\n"


def python_names() -> Iterator[tuple[str, str]]:
    """The top level's names and, below a class, those of its public attributes and methods."""
    for name in audiolime_ext.__all__:
        found = getattr(audiolime_ext, name)
        yield name, signature_of(found)
        if inspect.isclass(found) and not issubclass(found, BaseException):
            for member, value in sorted(members(found).items()):
                if not member.startswith("_") and (callable(value) or isinstance(value, (*PROPERTIES, classmethod))):
                    yield f"{name}.{member}", signature_of(value)


def members(found: type) -> dict[str, Any]:
    """The attributes of a class, and of those of our classes that it is made of."""
    house = [one for one in reversed(found.__mro__) if one.__module__.startswith(audiolime_ext.__name__)]
    return {name: value for one in house for name, value in vars(one).items()}


class _Written(str):
    """An annotation as it stands in the code: printed without quotes by every Python."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def signature_of(found: Any) -> str:
    """As it stands in the code, on one line; properties, protocols and errors have none."""
    if isinstance(found, PROPERTIES):
        return "property"
    if inspect.isclass(found) and (issubclass(found, BaseException) or getattr(found, "_is_protocol", False)):
        return "error" if issubclass(found, BaseException) else "protocol"
    signature = inspect.signature(found.__func__ if isinstance(found, classmethod) else found)
    parameters = [one.replace(annotation=_written(one.annotation)) for one in signature.parameters.values()]
    written = signature.replace(parameters=parameters, return_annotation=_written(signature.return_annotation))
    return str(written).replace("|", "\\|")


def _written(annotation: Any) -> Any:
    return _Written(annotation) if isinstance(annotation, str) else annotation


def commands() -> Iterator[tuple[str, str]]:
    """Every command with its positional arguments and flags, in the order of its help."""
    for parser in all_commands(build_parser()):
        if parser.get_default("run"):
            shown = [one for one in parser._actions if one.help != argparse.SUPPRESS and one.dest != "help"]
            yield (
                parser.prog,
                " ".join(f"`{', '.join(one.option_strings) or one.metavar or one.dest}`" for one in shown),
            )


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
