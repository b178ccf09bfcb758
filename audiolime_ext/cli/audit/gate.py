"""``audiolime audit gate``: may this model pass? The exit code says it."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from audiolime_ext.cli.options import add_json, share, warn

CODES = {"pass": 0, "fail": 6, "inconclusive": 7}


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "gate",
        help="decide whether a model may pass, for continuous integration",
        description="Pass only if every class is known to flip no more often than tolerated, whichever component of "
        "it is put into other recordings.",
        epilog="exit codes: 0 pass, 6 fail, 7 inconclusive: more songs are needed, or recordings were not measured",
    )
    parser.add_argument("store", metavar="STORE", help="what an audit wrote")
    parser.add_argument("--tolerance", type=share, default=0.05, metavar="P", help="the share of decisions that may "
                        "flip (default: %(default)s)")  # fmt: skip
    parser.add_argument("--expected", metavar="CSV", help="what is meant to matter: class, component[, sign] (default: "
                        "as it was for the audit)")  # fmt: skip
    parser.add_argument("--baseline", metavar="OLD", help="another model's store: what fails there, too, and is not "
                        "significantly worse now does not fail the gate")  # fmt: skip
    parser.add_argument("--threshold", type=share, metavar="P", help="a label is decided for from this score on "
                        "(default: as it was for the audit)")  # fmt: skip
    parser.add_argument("--junit", metavar="FILE", help="also write JUnit XML")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Decide, say why, and answer the exit code."""
    from audiolime_ext.audit.admission import admit
    from audiolime_ext.audit.junit import to_junit
    from audiolime_ext.files import to_json, write_bytes

    found = admit(
        args.store,
        tolerance=args.tolerance,
        expected=args.expected,
        thresholds=args.threshold,
        baseline=args.baseline,
    )
    if args.junit:
        write_bytes(Path(args.junit), to_junit(found))
    if args.json:
        print(to_json(found.to_dict()))
    else:
        print("\n".join([found.heading, *found.lines("fail", "inconclusive", "known", "pass")]))
    if found.missing:
        warn(found.missing)
    return CODES[found.outcome]
