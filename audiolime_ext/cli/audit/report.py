"""``audiolime audit report STORE -o DIR``: the findings of an audit as one page."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from audiolime_ext.audit.verdict.glossary import OF_REPORT, explained
from audiolime_ext.cli.audit.options import add_expected, add_store, add_threshold, add_tolerance
from audiolime_ext.cli.numbers import positive
from audiolime_ext.cli.options import add_json, add_output, add_trust, warn
from audiolime_ext.cli.parser import Paragraphs
from audiolime_ext.files.names import legible
from audiolime_ext.text import share_of


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "report",
        help="the findings as one page to read and listen to",
        description="Write the findings of an audit as one page that opens from disk: the findings first, with a clip "
        "each, then every effect. The store may still be written to. Clips are made anew from the recordings, with "
        "the model and the separator that the store names; without --trust they are left out if those are modules.",
        epilog=explained(OF_REPORT),
        formatter_class=Paragraphs,
    )
    add_store(parser)
    parser.add_argument("--no-audio", dest="audio", action="store_false", help="embed no sound")
    parser.add_argument(
        "--clip-s", type=positive, default=6.0, metavar="S", help="length of a clip in seconds (default: %(default)g)"
    )
    parser.add_argument(
        "--anonymise",
        action="store_true",
        help="write numbers instead of the names of recordings and songs, and no paths; add --no-audio for no sound",
    )
    add_trust(parser, "STORE")
    add_tolerance(
        parser, default="the limit of the factorization; the gate's answer, by P or else its own limit, is shown, too"
    )
    add_expected(parser, default="as for the audit")
    add_threshold(parser, default="as for the audit")
    add_output(parser, "DIR", "folder for the page, DIR/index.html", required=True)
    add_json(parser, "an object that names the page")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Read the store and write the page."""
    from audiolime_ext.files.plain import to_json
    from audiolime_ext.report.audit.page import Options, require_place, write_report

    require_place(Path(args.output))
    options = Options(args.tolerance, args.audio, args.clip_s, args.anonymise, args.trust)
    results = _results(args)
    n, n_done = len(results.entries), int(results.done.sum())
    if n_done < n:
        lacking = share_of(n - n_done, n, "recording")
        warn(f"{lacking} not measured, or failed: the page is about the others only")
    if args.audio and (args.trust or not _warn_of_modules(results, args.store)):
        _warn_of_change(results)
    page = write_report(results, args.output, options)
    print(to_json({"page": str(page)}) if args.json else f"open {legible(page)} in a browser")
    return 0


def _warn_of_modules(results: Any, store: str) -> bool:
    """Say on stderr that clips are left out where the store names a module; give whether it does."""
    from audiolime_ext.registry import KINDS, names_module, untrusted

    specs = {kind: getattr(results.identity, kind) for kind in KINDS}
    modules = {kind: spec for kind, spec in specs.items() if names_module(kind, spec)}
    for kind, spec in modules.items():
        warn(f"the page has no clips: {untrusted(kind, spec, legible(store))}, or --no-audio")
    return bool(modules)


def _warn_of_change(results: Any) -> None:
    """Say on stderr that the model that the store names is no longer the one that was audited."""
    from audiolime_ext.audit.store.records import OWN_MODEL
    from audiolime_ext.audit.verdict.current import changed
    from audiolime_ext.errors import AudiolimeError

    if results.identity.model == OWN_MODEL:
        return
    try:
        told = changed(results, results.identity.model)
    except AudiolimeError as error:
        told = f"whether the model is still the one that was audited is not known: {error}"
    if told:
        warn(f"{told}; the page is about the model as it was")


def _results(args: Namespace) -> Any:
    """The results in the store, read as the arguments say."""
    from dataclasses import replace

    from audiolime_ext.audit.verdict.expected import load_expected
    from audiolime_ext.audit.verdict.results import Results

    results = Results.read(args.store)
    reading = results.reading
    if args.expected is not None:
        meant = load_expected(args.expected, labels=results.labels, components=results.components or None)
        reading = replace(reading, expected=meant.kept)
    if args.threshold is not None:
        reading = replace(reading, thresholds=(args.threshold,) * len(results.labels))
    return replace(results, reading=reading)
