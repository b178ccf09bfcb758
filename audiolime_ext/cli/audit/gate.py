"""``audiolime audit gate``: may this model pass? The exit code says it."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from audiolime_ext.audit.verdict.glossary import OF_GATE, explained
from audiolime_ext.cli.audit.options import add_expected, add_store, add_threshold, add_tolerance
from audiolime_ext.cli.options import add_json, add_model_spec, warn
from audiolime_ext.cli.parser import Paragraphs

CODES = {"pass": 0, "fail": 6, "inconclusive": 7}


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "gate",
        help="decide whether a model may pass, for continuous integration",
        description="Pass only if, for every class and component, it is ruled out that more decisions flip than "
        "tolerated when the component is taken from recordings of the class and put into others. (What happens when "
        "a component is taken out is shown by the audit and its report, not judged here.)",
        epilog="exit codes: 0 pass: all is ruled out, 6 fail: an effect is shown, 7 inconclusive: an effect is open or "
        f"not auditable, or recordings were not measured; 2: nothing was decided\n\n{explained(OF_GATE)}",
        formatter_class=Paragraphs,
    )
    add_store(parser)
    add_model_spec(parser, "the model as it is now: if it is not the one that was audited, nothing is decided (exit "
                   "code 2; default: whatever was audited is judged)")  # fmt: skip
    add_tolerance(parser, default=".05")
    add_expected(parser, default="as for the audit")
    parser.add_argument("--waive-not-auditable", action="store_true", help="waive pairs that cannot be audited, as "
                        "expected ones are: they are listed, and do not keep a model from passing")  # fmt: skip
    parser.add_argument("--compare-with", metavar="STORE", help="store of another model's audit: an effect that is "
                        "shown there, too, and is not significantly worse now does not fail the gate; both are printed "
                        "side by side")  # fmt: skip
    add_threshold(parser, default="as for the audit")
    parser.add_argument("--junit", metavar="FILE", help="also write JUnit XML: shown effects are failures, "
                        "open and not auditable ones errors, known and waived ones skipped")  # fmt: skip
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Decide, say why, and return the exit code."""
    from audiolime_ext.audit.verdict.admission import admit
    from audiolime_ext.audit.verdict.gate import OUTCOMES
    from audiolime_ext.audit.verdict.junit import to_junit
    from audiolime_ext.files.fresh import write_bytes
    from audiolime_ext.files.places import require_writable_file
    from audiolime_ext.files.plain import to_json

    if args.junit:
        require_writable_file(Path(args.junit))
    found = admit(
        args.store,
        tolerance=args.tolerance,
        expected=args.expected,
        thresholds=args.threshold,
        baseline=args.compare_with,
        waive_not_auditable=args.waive_not_auditable,
        model=args.model,
    )
    if args.junit:
        write_bytes(to_junit(found), Path(args.junit))
    if args.json:
        print(to_json(found.to_dict()))
    else:
        compared = [f"\n{found.comparison}"] if found.comparison else []
        print("\n".join([found.heading, *found.notes, *found.lines(*OUTCOMES), *compared]))
    if found.missing:
        warn(found.missing)
    return CODES[found.outcome]
