"""``audiolime demo``: explain a bundled clip of a real song with the published models."""

from __future__ import annotations

from argparse import Namespace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from audiolime_ext.cli.options import DEFAULT_FACTORIZATION, DEFAULT_MODEL, add_json, add_output
from audiolime_ext.files.names import legible

CLIP = "ezer_ev.ogg"
CREDIT = "Obsidian Shell, “Ezer Év” (2011), CC BY-SA 3.0"
LABELS = ("female vocalists", "metal")


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "demo",
        help="explain a bundled clip of a real song",
        description=f"Explain 20 s of a metal song with a singer ({CREDIT}): which source do “female "
        "vocalists” and “metal” come from? The first run fetches the published models (102 MB).",
    )
    add_output(
        parser,
        "DIR",
        "folder for clips, explanation.json and page.html (default: %(default)s)",
        default="audiolime-demo",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Explain the clip and write what to listen to."""
    from audiolime_ext.cli.explain import show
    from audiolime_ext.explanation.pipeline import explain
    from audiolime_ext.files.places import require_writable_file
    from audiolime_ext.report.page import write_page
    from audiolime_ext.track.pipeline import explain_track

    require_writable_file(Path(args.output) / "page.html", in_new_folder=True)
    how: dict[str, Any] = {"factorization": DEFAULT_FACTORIZATION, "labels": LABELS}
    with as_file(files("audiolime_ext") / "data" / CLIP) as clip:
        explanation = explain(clip, DEFAULT_MODEL, **how)
        track = explain_track(clip, DEFAULT_MODEL, **how)
    if not args.json:
        print(f"The bundled clip: {CREDIT}.\n")
    show(explanation, Path(args.output), as_json=args.json)
    page = write_page(track, Path(args.output) / "page.html", title=CREDIT)
    if not args.json:
        print(f"listen to the excerpt: {legible(Path(args.output) / 'mixture.wav')}")
        print(
            "\nHow to read the table: score is the model's answer for the excerpt, silence its answer with all\n"
            "sources off. Each source has a signed weight, and silence plus the weights is the score.\n\n"
            f"For the whole clip, window by window, with sound: open {page} in a browser."
        )
    return 0
