"""The command line: ``audiolime COMMAND``. One module per command; each adds its parser and runs.

Exit codes: 0 done; 1 the model failed, the output cannot be written, or `rerun` found a difference; 2 wrong usage; 3
something is missing or damaged: an extra, a checkpoint, a store, an index; 4 audio that cannot be read or used; 5 some
of several files failed; 6 and 7 `audit gate` fails or is inconclusive; 8 the workers of an audit, an index or a
store of concepts are gone, what is done is kept; 130 interrupted, 143 ended by SIGTERM and 129 by SIGHUP, each with
nothing half-written; of an audit, an index or a store of concepts it is said how much is done. Where stdout is full or
closed, that is an error, 1; where its reader has gone, as with ``| head``, the command ends with 1 and says nothing.
Data goes to stdout, everything else to stderr; a user's mistake never shows a traceback (``--debug`` does).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from audiolime_ext.cli import (
    audit,
    cache,
    checkpoints,
    concepts,
    demo,
    evaluate_embedding,
    explain,
    index,
    listing,
    map,
    page,
    playlist,
    relevance,
    rerun,
    separate,
    serve,
    similar,
    tag,
    train_embedding,
    why,
)
from audiolime_ext.cli.ending import Ears, listening
from audiolime_ext.cli.options import tell
from audiolime_ext.cli.parser import Parser, all_commands
from audiolime_ext.cli.renamed import keep_old_flags
from audiolime_ext.cli.streams import StdoutError, discard_output, flush_c, own_streams
from audiolime_ext.progress.stages import reporting

COMMANDS = (
    *(tag, separate, explain, relevance, page, audit, concepts, index, similar, why, playlist, map),
    *(evaluate_embedding, train_embedding, serve, demo, rerun, checkpoints, cache, listing),
)


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
        epilog="exit codes: 0 done, 1 model or output failed (or rerun differs), 2 wrong usage, 3 missing or damaged "
        "(an extra, a checkpoint, a store, an index), 4 unusable audio, 5 some of several files failed, 6 audit gate "
        "fails, 7 audit gate is inconclusive, 8 the workers of an audit, an index or a store of concepts are gone, 130 "
        "interrupted, 143 ended by SIGTERM, 129 by SIGHUP",
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
    with own_streams(), listening() as ears:
        return _run(argv, ears)


def _run(argv: Sequence[str] | None, ears: Ears) -> int:
    args = argparse.Namespace(debug=False)
    try:
        try:
            args = build_parser().parse_args(argv)
            with reporting():
                code = int(args.run(args))
        finally:
            flush_c()
            sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output, such as `head`, has gone
        discard_output()
        return 1
    except (Exception, KeyboardInterrupt) as error:
        if ears.told is not None:  # the error may be what a library made of it
            print(f"audiolime: {ears.told}; {ears.told.kept}", file=sys.stderr)
            return ears.told.exit_code
        if isinstance(error, KeyboardInterrupt):
            raise
        if isinstance(error, StdoutError):
            discard_output()
        return tell(error, debug=args.debug)
    return code
