"""``audiolime page``: a recording as a page to listen to."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from audiolime_ext.cli.options import (
    DEFAULT_FACTORIZATION,
    add_excerpt,
    add_tagger,
    add_tags,
    seconds_from_start,
    whole,
)
from audiolime_ext.files import legible


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "page",
        help="a page to listen to: what the model hears, when, and which source makes it say so",
        description="Explain every window of each recording and write one self-contained HTML file that opens from "
        "disk: taggram, explanations and a player for the sources. -o NAME.html: everything on one page, side by side; "
        "-o FOLDER: a page for each recording and an index.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="recordings, or folders of them; musdb:ROOT#4")
    parser.add_argument("-o", "--output", metavar="PAGE", help="NAME.html or a folder (default: FILE's name + .html)")
    parser.add_argument(
        "-f",
        "--factorization",
        action="append",
        metavar="SPEC",
        help=f"how to split; twice or more: side by side (default: {DEFAULT_FACTORIZATION})",
    )
    add_tagger(parser)
    add_excerpt(parser)
    add_tags(parser)
    parser.add_argument(
        "--at", nargs="+", type=seconds_from_start, metavar="S", help="only the windows that begin at these seconds"
    )
    parser.add_argument("--method", default="auto", help="as for explain (default: auto)")
    parser.add_argument(
        "--max-evals", type=whole(2), default=1024, metavar="N", help="most masks of a window (default 1024)"
    )
    parser.add_argument("--seed", type=whole(0), default=0, metavar="N", help="of the sample beyond that (default 0)")
    parser.add_argument("--title", help="of the page (default: the recording's name)")
    parser.add_argument(
        "--audio",
        choices=("mp3", "flac", "none"),
        default="mp3",
        help="how sound is embedded (default mp3; flac: lossless and several times as large; none: no sound)",
    )
    parser.add_argument(
        "--no-mixture",
        action="store_true",
        help="embed only stems that lead a tag, and never all of them: for recordings that may not be passed on",
    )
    parser.add_argument("--source-url", metavar="URL", help="where the recording can be heard: a link on the page")
    parser.add_argument("--notes", metavar="CSV", help="a listener's remarks: lines of time (seconds or m:ss) and text")
    parser.add_argument("--blind", action="store_true", help="hide the weights until the reader has guessed")
    parser.add_argument("--no-cache", action="store_true", help="compute everything anew and keep nothing on disk")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Explain each recording by each factorization, then write the page or the pages."""
    from audiolime_ext.cli.options import for_each_file, load_model, recordings, require_some
    from audiolime_ext.factorization.loading import load_factorization

    args.files = recordings(args.files)
    require_some(args.files)
    notes = [] if args.notes is None else read_notes(Path(args.notes))
    specs = args.factorization or [DEFAULT_FACTORIZATION]
    model, separators = load_model(args), [load_factorization(spec) for spec in specs]
    options = {
        "title": args.title,
        "audio": None if args.audio == "none" else args.audio,
        "mixture": not args.no_mixture,
        "source_url": args.source_url,
        "notes": notes,
        "blind": args.blind,
    }
    one_page = len(args.files) == 1 if args.output is None else args.output.lower().endswith((".html", ".htm"))
    if one_page:
        return _one_page(args, model, separators, options)
    return _pages(args, model, separators, options, for_each_file)


def _one_page(args: Namespace, model: Any, separators: list[Any], options: dict[str, Any]) -> int:
    from audiolime_ext.cli.options import stem_of
    from audiolime_ext.files import free_name, make_folder, require_writable
    from audiolime_ext.report.song.page import write_page

    target = Path(args.output or f"{free_name(stem_of(args.files[0]), ending='.html')}.html")
    require_writable(target.parent)
    tracks = [_track(args, file, model, separator) for file in args.files for separator in separators]
    make_folder(target.parent)
    print(f"open {legible(write_page(target, tracks, **options))} in a browser")
    return 0


def _pages(args: Namespace, model: Any, separators: list[Any], options: dict[str, Any], for_each_file: Any) -> int:
    from audiolime_ext.cli.options import output_folders
    from audiolime_ext.files import make_folder
    from audiolime_ext.report.song.index import Entry, write_index
    from audiolime_ext.report.song.page import write_page

    folder = Path(args.output or ".")
    pages = output_folders(args.files, str(folder), taken=["index"], ending=".html")
    entries: list[Entry] = []

    def work(file: str) -> None:
        tracks = [_track(args, file, model, separator) for separator in separators]
        make_folder(folder)
        write_page(pages[file], tracks, **options)
        entries.append(Entry.of(tracks[0], pages[file].name))

    code: int = for_each_file(args, work)
    if entries:
        print(f"open {legible(write_index(folder / 'index.html', entries))} in a browser")
    return code


def _track(args: Namespace, file: str, model: Any, separator: Any) -> Any:
    from audiolime_ext.cli.options import as_called, label_numbers, names_apart
    from audiolime_ext.track.pipeline import explain_track

    return explain_track(
        as_called(file, names_apart(args.files)),
        model,
        factorization=separator,
        labels=label_numbers(args.labels, model),
        min_score=args.min_score,
        top_labels=args.top_labels,
        start_s=args.start or 0.0,
        duration_s=args.duration,
        at=args.at,
        method=args.method,
        max_evals=args.max_evals,
        seed=args.seed,
        cache=not args.no_cache,
    )


def read_notes(path: Path) -> list[Any]:
    """A listener's remarks from a CSV file: a time (seconds or m:ss) and a text in each line, a header allowed.

    Raises
    ------
    UsageError
        If the file cannot be read or a line has no time.
    """
    import csv
    import io

    from audiolime_ext.errors import UsageError
    from audiolime_ext.report.song.view import Note
    from audiolime_ext.text import text_of

    try:
        rows = [row for row in csv.reader(io.StringIO(text_of(path), newline="")) if any(map(str.strip, row))]
    except (OSError, ValueError, csv.Error) as error:
        raise UsageError(
            f"cannot read {legible(path)}: {error}; it holds lines such as 83.5,the choir comes in"
        ) from error
    notes = []
    for number, row in enumerate(rows, start=1):
        seconds = _seconds(row[0])
        if seconds is None and number == 1:
            continue  # a header
        if seconds is None or len(row) < 2:
            raise UsageError(
                f"{legible(path)}, line {number}: a time and a text are needed, such as 1:23,the choir; got {row}"
            )
        notes.append(Note(seconds, ", ".join(row[1:]).strip()))
    return notes


def _seconds(text: str) -> float | None:
    """``83.5`` or ``1:23.5``, as seconds; None for anything else."""
    try:
        parts = [float(part) for part in text.strip().split(":")]
    except ValueError:
        return None
    seconds = sum(part * 60**power for power, part in enumerate(reversed(parts)))
    return seconds if len(parts) <= 3 and seconds >= 0 else None
