"""``audiolime serve``: the app, for the browser of this machine or of a team."""

from __future__ import annotations

import signal
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from audiolime_ext.cli.numbers import whole
from audiolime_ext.cli.options import DEFAULT_FACTORIZATION, DEFAULT_MODEL, add_json, add_model_spec, warn
from audiolime_ext.cli.question import MIN_SCORE, add_min_score

PORT = 8347
WORKERS = 1


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "serve",
        help="the app: drop a song into the browser, and see why the model says what it says",
        description="Serve a page that takes songs, explains every window of each and leads to their pages, on this "
        "machine alone, until Ctrl-C, which is how it is ended: its exit code is 0 then, and 143 after SIGTERM. "
        "Nothing is kept afterwards unless --keep is given.",
        epilog="For other machines: --host ADDRESS --token SECRET. Whoever knows the token may use the server and see "
        "all songs on it. It speaks HTTP, which others on the way can read: put a server that speaks HTTPS before it.",
    )
    what = f"the model: musicnn:MSD_musicnn, package.module:predict, … (default: {DEFAULT_MODEL})"
    add_model_spec(parser, what, default=DEFAULT_MODEL)
    parser.add_argument("--also", nargs="+", default=[], metavar="SPEC", help="more models for readers to choose among")
    parser.add_argument(
        "-f",
        "--factorization",
        action="append",
        metavar="SPEC",
        help=f"how to split; given more than once: ways to choose among (default: {DEFAULT_FACTORIZATION})",
    )
    parser.add_argument("--labels", nargs="+", metavar="L", help="labels to explain where a reader chooses none")
    add_min_score(parser)
    parser.add_argument(
        "--keep", action="store_true", help="keep results, and songs that wait, for the next time the app is served"
    )
    parser.add_argument(
        "--work", metavar="FOLDER", help="folder of jobs and results (default: a new one; with --keep: the user's own)"
    )
    parser.add_argument(
        "--workers",
        type=whole(1),
        default=WORKERS,
        metavar="N",
        help="worker processes, each with its own copy of the models (default: %(default)s)",
    )
    group = parser.add_argument_group("where, and for whom")
    group.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="address (default: %(default)s, this "
                       "machine alone); any other needs --token")  # fmt: skip
    group.add_argument(
        "--port", type=whole(0), default=PORT, metavar="N", help="port; 0: a free one (default: %(default)s)"
    )
    group.add_argument("--token", metavar="SECRET", help="secret that every request must give")
    group.add_argument(
        "--allow-paths", metavar="FOLDER", help="let files in this folder be named by their paths, without an upload"
    )
    group.add_argument("--open", action="store_true", help="open the page in the browser")
    add_json(parser, "an object that names the address")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Serve the app until Ctrl-C."""
    from audiolime_ext.errors import UsageError
    from audiolime_ext.extras import require

    for package in ("fastapi", "uvicorn", "python_multipart"):
        require(package, extra="app")
    from audiolime_ext.app.serving import serve
    from audiolime_ext.app.settings import Settings
    from audiolime_ext.registry import Kind, require_named

    models, factorizations = [args.model, *args.also], args.factorization or [DEFAULT_FACTORIZATION]
    kinds: tuple[tuple[Kind, list[str]], ...] = (("model", models), ("factorization", factorizations))
    for kind, specs in kinds:
        for spec in specs:
            require_named(kind, spec)
        if twice := [spec for spec in specs if specs.count(spec) > 1]:
            raise UsageError(f"{twice[0]} is given twice; name each model and each way to split once")
    settings = Settings(
        models=tuple(models),
        factorizations=tuple(factorizations),
        labels=tuple(args.labels or ()),
        work=None if args.work is None else Path(args.work),
        keep=args.keep,
        workers=args.workers,
        host=args.host,
        port=args.port,
        token=args.token,
        allow_paths=None if args.allow_paths is None else Path(args.allow_paths),
        min_score=MIN_SCORE if args.min_score is None else args.min_score,
    )
    settings.require_safe()
    if not settings.is_local:
        warn(
            "other machines can reach this server: whoever knows its address with the token may use it, and see all "
            "songs on it; what goes to and fro is not encrypted"
        )
    kept = "what is done is kept, and what waits is done next time" if args.keep else "nothing is kept"
    try:
        serve(settings, told=lambda address: _tell(address, args), troubled=warn)
    except KeyboardInterrupt as error:
        if getattr(error, "number", signal.SIGINT) != signal.SIGINT:
            error.args = (*error.args, kept)
            raise
        if not args.json:
            print(f"ended; {kept}", flush=True)
    return 0


def _tell(address: str, args: Namespace) -> None:
    from audiolime_ext.files.plain import to_json

    everywhere = args.host in ("0.0.0.0", "::")
    where = "a browser, here or on a machine that reaches this one by that address" if everywhere else "a browser"
    print(to_json({"address": address}) if args.json else f"open {address} in {where}; Ctrl-C ends it", flush=True)
    if args.open:
        import webbrowser

        if not webbrowser.open(address):
            print("audiolime: warning: no browser could be opened", file=sys.stderr)
