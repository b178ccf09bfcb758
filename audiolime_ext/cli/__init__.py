"""The command line: ``audiolime COMMAND``. One module per command; each adds its parser and runs.

Exit codes: 0 done; 1 the model failed, the output cannot be written, or `rerun` found a difference; 2 wrong usage; 3 a
missing extra or checkpoint; 4 audio that cannot be read or used; 5 some of several files failed; 6 and 7 `audit gate`
fails or is inconclusive; 130 interrupted.
Data goes to stdout, everything else to stderr; a user's mistake never shows a traceback (``--debug`` does).
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from audiolime_ext.cli import audit, cache, checkpoints, demo, explain, listing, page, rerun, separate, tag
from audiolime_ext.cli.options import tell
from audiolime_ext.errors import AudiolimeError

COMMANDS = (tag, separate, explain, page, audit, demo, rerun, checkpoints, cache, listing)


class _Version(argparse.Action):
    """Looks the version up only when it is asked for: reading package metadata takes time."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        import audiolime_ext

        print(f"audiolime {audiolime_ext.__version__}")
        parser.exit()


class _Parser(argparse.ArgumentParser):
    """Says on one line what is wrong with the arguments, like every other error; the usage is for ``--help``."""

    def error(self, message: str) -> NoReturn:
        if message.endswith("required: FILE"):  # --labels has taken it for a label
            message += " (put it in front: --labels takes all that follows)"
        self.exit(2, f"audiolime: error: {message}; see {self.prog} --help\n")


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; ``args.run(args)`` runs the chosen command."""
    parser = _Parser(
        prog="audiolime",
        description="Listen to what a music model listens to: which source in a recording makes a tag.",
        epilog="exit codes: 0 done, 1 model or output failed (or rerun differs), 2 wrong usage, 3 missing extra or "
        "checkpoint, 4 unusable audio, 5 some of several files failed, 6 audit gate fails, 7 audit gate is "
        "inconclusive, 130 interrupted",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    for subparser in commands.choices.values():  # so that --debug may also stand at the end
        subparser.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help="show tracebacks")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Examples
    --------
    >>> main(["explain", "nothing.wav", "-f", "hpss", "-t", "json:loads"])
    4
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file name need not be text, nor text in the terminal's encoding
            stream.reconfigure(errors="legible")
    args = build_parser().parse_args(audit.with_default(sys.argv[1:] if argv is None else argv))
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


def _discard_output() -> None:
    """Send what stdout still holds nowhere: Python would complain at its exit that it cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
