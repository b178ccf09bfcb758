"""The command line: ``audiolime COMMAND``. One module per command; each adds its parser and runs.

Exit codes: 0 done; 1 the model failed, the output cannot be written, or `rerun` found a difference; 2 wrong usage; 3 a
missing extra or checkpoint; 4 audio that cannot be read or used; 5 some of several files failed; 6 and 7 `audit gate`
fails or is inconclusive; 8 an audit's workers are gone, what is done is kept; 130 interrupted.
Data goes to stdout, everything else to stderr; a user's mistake never shows a traceback (``--debug`` does).
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from audiolime_ext.cli import audit, cache, checkpoints, demo, explain, listing, page, rerun, separate, tag
from audiolime_ext.cli.options import tell
from audiolime_ext.cli.parser import Parser, all_commands
from audiolime_ext.cli.renamed import keep_old_flags
from audiolime_ext.errors import AudiolimeError

COMMANDS = (tag, separate, explain, page, audit, demo, rerun, checkpoints, cache, listing)


class _Version(argparse.Action):
    """Looks the version up only when it is asked for: reading package metadata takes time."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        import audiolime_ext

        print(f"audiolime {audiolime_ext.__version__}")
        parser.exit()


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; ``args.run(args)`` runs the chosen command."""
    parser = Parser(
        prog="audiolime",
        description="Explain what a music model listens to: which sources in a recording give a label its score.",
        epilog="exit codes: 0 done, 1 model or output failed (or rerun differs), 2 wrong usage, 3 missing extra or "
        "checkpoint, 4 unusable audio, 5 some of several files failed, 6 audit gate fails, 7 audit gate is "
        "inconclusive, 8 an audit's workers are gone, 130 interrupted",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    for command_parser in all_commands(parser):
        keep_old_flags(command_parser)
        command_parser.add_argument(  # so that it may also stand at the end
            "--debug", action="store_true", default=argparse.SUPPRESS, help="show the traceback of an error"
        )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Examples
    --------
    >>> main(["explain", "nothing.wav", "-f", "hpss", "-m", "json:loads"])
    4
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file name need not be text, nor text in the terminal's encoding
            stream.reconfigure(errors="legible")
    args = build_parser().parse_args(argv)
    with _data_only():
        return _run(args)


def _run(args: argparse.Namespace) -> int:
    try:
        code = int(args.run(args))
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("audiolime: interrupted; nothing is left half-written", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output, such as `head`, has gone
        _discard_output()
        return 1
    except Exception as error:  # noqa: BLE001 - told on one line; --debug shows the traceback
        if isinstance(error, OSError) and not isinstance(error, AudiolimeError):
            _discard_output()
        return tell(error, debug=args.debug)
    return code


@contextmanager
def _data_only() -> Iterator[None]:
    """Let nothing but what we print reach stdout: what a model's C code, children and workers write goes to stderr.

    (What it prints itself does so anyway, see `audiolime_ext.guest`.)
    """
    given = sys.stdout
    if not (_is_open(given, 1) and _is_open(sys.stderr, 2)):  # somebody reads along, such as a notebook
        yield
        return
    given.flush()
    ours = os.fdopen(os.dup(1), "w", encoding=given.encoding, errors="backslashreplace")
    ours.reconfigure(line_buffering=bool(given.line_buffering))
    os.dup2(2, 1)
    sys.stdout = ours
    try:
        yield
    finally:
        sys.stdout = given
        os.dup2(ours.fileno(), 1)
        with suppress(OSError):  # whoever could be told has been
            ours.close()


def _is_open(stream: Any, descriptor: int) -> bool:
    """Whether a stream writes straight to this descriptor, and that is open."""
    try:
        return isinstance(stream, io.TextIOWrapper) and stream.fileno() == descriptor and bool(os.fstat(descriptor))
    except (OSError, ValueError):
        return False


def _discard_output() -> None:
    """Send what stdout still holds nowhere: Python would complain at its exit that it cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
