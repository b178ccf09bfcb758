"""``audiolime page``: a recording as a page to listen to."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audiolime_ext.cli.gradients import add_gradients, map_asked, maps_beside, require_map_asked
from audiolime_ext.cli.notes import read_notes, require_within
from audiolime_ext.cli.numbers import seconds_from_start
from audiolime_ext.cli.options import (
    DEFAULT_FACTORIZATION,
    add_files,
    add_json,
    add_model,
    add_output,
    as_called,
    for_each_file,
    names_apart,
    output_folders,
    recordings,
    require_some,
    resolve_model,
    stem_of,
)
from audiolime_ext.cli.question import (
    MIN_SCORE,
    add_min_score,
    add_no_cache,
    add_question,
    how_asked,
    labels_asked,
    require_known_words,
)
from audiolime_ext.files.names import legible


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "page",
        help="a page to read and listen to: the model's scores over time, and the sources they come from",
        description="Explain every window of each recording and write one self-contained HTML file that opens from "
        "disk: taggram, explanations and a player for the sources. -o NAME.html: everything on one page, side by side; "
        "-o FOLDER: a page for each recording, and an index. --segments is for a page of one window: add --at S.",
    )
    add_files(parser)
    parser.add_argument(
        "-f",
        "--factorization",
        action="append",
        metavar="SPEC",
        help=f"how to split; given more than once: side by side (default: {DEFAULT_FACTORIZATION})",
    )
    add_model(parser)
    add_question(parser, top_labels="default: see --min-score")
    add_min_score(parser)
    parser.add_argument(
        "--at",
        nargs="+",
        type=seconds_from_start,
        metavar="S",
        help="explain only the windows that begin at these seconds",
    )
    add_no_cache(parser)
    parser.add_argument("--title", help="title of the page (default: title and artist of the file's tags, or its name)")
    parser.add_argument(
        "--audio",
        choices=("mp3", "flac", "none"),
        default="mp3",
        help="how sound is embedded (default mp3; flac: lossless and several times as large; none: no sound)",
    )
    parser.add_argument(
        "--no-mixture",
        action="store_true",
        help="embed only stems that are a label's top source, and never all: for recordings that may not be shared",
    )
    parser.add_argument("--source-url", metavar="URL", help="address of the recording (https:// or http://), as a link")
    parser.add_argument(
        "--notes", metavar="CSV", help="a listener's remarks: lines of time (seconds, m:ss or h:mm:ss), text"
    )
    add_gradients(parser, beside="of each label, drawn over the player's spectrogram")
    parser.add_argument("--blind", action="store_true", help="hide the weights until the reader has guessed")
    add_output(
        parser,
        "PAGE",
        "page to write, NAME.html, or folder for several pages and an index (default: FILE's name + .html)",
    )
    add_json(parser, "an object that names the pages")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Explain each recording by each factorization, then write the page or the pages."""
    from audiolime_ext.errors import UsageError
    from audiolime_ext.factorization.loading import load_factorization
    from audiolime_ext.report.song.page import require_address

    require_known_words(args)
    require_address(args.source_url)
    _refuse_contradictions(args)
    map_asked(args)
    args.files = recordings(args.files)
    require_some(args.files)
    notes = {} if args.notes is None else read_notes(Path(args.notes))
    one_page = _is_one_page(args)
    if notes and len(args.files) > 1:
        raise UsageError("--notes are remarks on one recording; name one FILE, or leave --notes out")
    require_within(args, notes)
    args.factorization = args.factorization or [DEFAULT_FACTORIZATION]
    separators = [load_factorization(spec) for spec in args.factorization]
    _require_different(separators)
    model = resolve_model(args)
    require_map_asked(args, model)
    args.labels = labels_asked(args, model)
    options = {
        "title": args.title,
        "audio": None if args.audio == "none" else args.audio,
        "mixture": not args.no_mixture,
        "source_url": args.source_url,
        "notes": list(notes.values()),
        "notes_file": None if args.notes is None else legible(Path(args.notes).name),
        "blind": args.blind,
    }
    return (_one_page if one_page else _pages)(args, model, separators, options)


def _is_one_page(args: Namespace) -> bool:
    """Whether `-o` names a page, and not a folder; `UsageError` where it has the ending of another kind of file."""
    from audiolime_ext.errors import UsageError
    from audiolime_ext.files.names import is_folder

    output: str | None = args.output
    if output is None:
        return len(args.files) == 1
    if output.lower().endswith((".html", ".htm")):
        return True
    if re.search(r"\.[a-z]\w{1,4}$", output, re.IGNORECASE) and not is_folder(Path(output)):
        raise UsageError(f"-o {legible(output)} is no page; end its name in .html, or in / where it is a new folder")
    return False


def _require_different(separators: Sequence[Any]) -> None:
    """Raise `UsageError` where the same split would stand beside itself."""
    from audiolime_ext.errors import UsageError

    specs = [separator.spec for separator in separators]
    if twice := [spec for spec in specs if specs.count(spec) > 1]:
        raise UsageError(f"-f {twice[0]} is given twice; name each way to split once")


def _refuse_contradictions(args: Namespace) -> None:
    """Raise `UsageError` for options that cannot be meant together."""
    from audiolime_ext.errors import UsageError

    if args.segments == 1:
        return
    if args.at is None or len(args.at) != 1:
        raise UsageError(
            "--segments cuts one excerpt, and a page of more than one window shows each as a whole; name one window "
            "with --at S, or leave --segments out"
        )
    if args.start is not None or args.duration is not None:
        raise UsageError("--at says where the window begins that --segments cuts; leave out --start and --duration")
    if args.min_score is not None:
        raise UsageError("--min-score is for pages without --segments; name --labels or --top-labels, or leave it out")


def _one_page(args: Namespace, model: Any, separators: list[Any], options: dict[str, Any]) -> int:
    from audiolime_ext.files.fresh import make_folder
    from audiolime_ext.files.names import free_name, is_file
    from audiolime_ext.files.places import require_writable_file
    from audiolime_ext.report.page import write_page

    target = Path(args.output or f"{free_name(stem_of(args.files[0]), ending='.html')}.html")
    require_writable_file(target, in_new_folder=True)
    explained, maps = list[Any](), list[Any]()
    for file in args.files:
        own = [_explained(args, file, model, separator) for separator in separators]
        if own[0].provenance.sha256 not in {one.provenance.sha256 for one in explained}:  # a copy has the same maps
            maps += maps_beside(args, own, as_called(file, names_apart(args.files)), model)
        explained += own
    make_folder(target.parent)
    replaced = is_file(target)
    write_page(explained, target, maps=maps, **options)
    _tell(args, [_about(args, target, args.files)], replaced=replaced)
    return 0


def _pages(args: Namespace, model: Any, separators: list[Any], options: dict[str, Any]) -> int:
    from audiolime_ext.files.fresh import make_folder
    from audiolime_ext.files.places import require_writable_file
    from audiolime_ext.report.page import write_page
    from audiolime_ext.report.song.index import Entry, write_index
    from audiolime_ext.report.song.view import as_track

    folder = Path(args.output or ".")
    pages = output_folders(args.files, str(folder), taken=["index"], ending=".html")
    require_writable_file(folder / "index.html", in_new_folder=True)
    entries: list[Entry] = []
    written: list[dict[str, Any]] = []

    def work(file: str) -> None:
        explained = [_explained(args, file, model, separator) for separator in separators]
        maps = maps_beside(args, explained, as_called(file, names_apart(args.files)), model)
        make_folder(folder)
        write_page(explained, pages[file], maps=maps, **options)
        entries.append(Entry.of(explained[0] if args.segments == 1 else as_track(explained[0]), pages[file].name))
        written.append(_about(args, pages[file], [file]))

    code: int = for_each_file(args, work)
    if entries or args.json:
        index = write_index(entries, folder / "index.html", blind=args.blind) if entries else None
        _tell(args, written, index)
    return code


def _explained(args: Namespace, file: str, model: Any, separator: Any) -> Any:
    """Every window that was asked for, or one in segments."""
    from audiolime_ext.explanation.pipeline import explain
    from audiolime_ext.track.pipeline import explain_track

    audio = as_called(file, names_apart(args.files))
    how = {"factorization": separator, "labels": args.labels, **how_asked(args)}
    if args.segments != 1:
        top_labels = args.top_labels or 3
        return explain(audio, model, start_s=args.at[0], segments=args.segments, top_labels=top_labels, **how)
    return explain_track(
        audio,
        model,
        min_score=MIN_SCORE if args.min_score is None else args.min_score,
        top_labels=args.top_labels,
        start_s=args.start or 0.0,
        duration_s=args.duration,
        at=args.at,
        cache=not args.no_cache,
        **how,
    )


def _about(args: Namespace, page: Path, files: Sequence[str]) -> dict[str, Any]:
    return {"page": str(page), "files": list(files), "factorizations": args.factorization, "model": args.model}


def _tell(args: Namespace, pages: list[dict[str, Any]], index: Path | None = None, *, replaced: bool = False) -> None:
    """Say what to open, or with ``--json`` print an object of the index and the pages."""
    from audiolime_ext.files.plain import to_json

    if args.json:
        print(to_json({"index": None if index is None else str(index), "pages": pages}))
    else:
        before = "; it replaces the file that was there" if replaced else ""
        print(f"open {legible(index or pages[0]['page'])} in a browser{before}")
