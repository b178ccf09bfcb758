"""``audiolime tag``: the scores that a model gives a recording, window by window."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiolime_ext.cli.numbers import whole
from audiolime_ext.cli.options import (
    add_files,
    add_json,
    add_map,
    add_model,
    for_each_file,
    recordings,
    require_some,
    resolve_model,
    warn,
)
from audiolime_ext.cli.question import label_numbers
from audiolime_ext.files.names import legible
from audiolime_ext.text import counted

if TYPE_CHECKING:
    from audiolime_ext.audio.recording import Audio
    from audiolime_ext.prediction.taggram import Taggram

TOP_LABELS = 5  # that are shown, if nobody says which


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "tag",
        help="the scores that a model gives a recording",
        description="Show the model's scores for each file: the highest labels as a table, or with --json every "
        "score of every window.",
    )
    add_files(parser)
    add_model(parser)
    parser.add_argument("--labels", nargs="+", metavar="L", help="labels to show, by name or number; put FILE first")
    shown = f"or show the K highest labels in the table (default {TOP_LABELS})"
    parser.add_argument("--top-labels", type=whole(1), metavar="K", help=shown)
    parser.add_argument(
        "--genres",
        metavar="CSV",
        help="lines of file name, genre: also count how often each label is the highest in each genre",
    )
    add_map(parser, "the genres")
    parser.add_argument("--figure", metavar="FILE", help="draw the counts of --genres (png, pdf or svg)")
    add_json(parser, "an object for each file, and with --genres one of the counts,")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Print the highest labels of each file, or its whole taggram as JSON; then the counts by genre, if asked for."""
    from audiolime_ext.errors import UsageError

    if args.map is not None and args.genres is None:
        raise UsageError("--map says what annotated genres are called; name these with --genres CSV")
    if args.labels and (args.top_labels or args.json):
        raise UsageError("--labels chooses rows of the table, in place of --top-labels; --json holds every label")
    if args.figure is not None and args.genres is None:
        raise UsageError("--figure draws labels against annotated genres; name these with --genres CSV")
    if args.figure is not None:
        from audiolime_ext.report.figures.figure import require_figure

        require_figure(Path(args.figure))
    args.files = recordings(args.files)
    genres = {} if args.genres is None else read_genres(Path(args.genres))
    if missing := [file for file in args.files if args.genres is not None and genre_of(file, genres) is None]:
        raise UsageError(
            f"{legible(args.genres)} has no genre for {', '.join(map(legible, missing[:3]))}; name each file in it, "
            "with its folders where two files share a name"
        )
    require_some(args.files)
    model = resolve_model(args)
    args.labels = label_numbers(args.labels, model)
    named = _names(model, set(genres.values()), args)
    pairs: list[tuple[str, str]] = []
    told: set[str] = set()

    def work(file: str) -> None:
        top = _tag(file, model, args, told)
        if genres:
            genre = genre_of(file, genres) or ""
            pairs.extend([(named[genre], top)] if named[genre] else [])

    code = for_each_file(args, work)
    if pairs:
        _tell_genres(pairs, args)
    return code


def _names(model: Any, genres: set[str], args: Namespace) -> dict[str, str]:
    """What each genre is called in the counts: as the map says, else as it is; "" where it is left out."""
    if args.map is None:
        return {genre: genre for genre in genres}
    from audiolime_ext.collection.label_map import load_label_map
    from audiolime_ext.errors import UsageError

    if model.labels is None:
        raise UsageError("--map names labels of the model, and this one has none; leave it out, or give labels=…")
    found = load_label_map(args.map, model.labels)
    for note in found.notes(genres, 0, legible(args.genres)):
        warn(note)
    labels = {genre: found.label_of(genre) for genre in genres}
    return {genre: genre if label is None else label for genre, label in labels.items()}


def read_genres(path: Path) -> dict[str, str]:
    """File → genre, from lines of both, separated by commas, semicolons or tabs; a header is allowed.

    Raises
    ------
    UsageError
        If the file cannot be read or a line names no genre.
    """
    import io

    from audiolime_ext.collection.table import cells_of, separator_of
    from audiolime_ext.errors import UsageError
    from audiolime_ext.files.reading import text_of

    kind = "lines such as song.ogg,jazz"
    try:
        text = text_of(path)
        lines = cells_of(io.StringIO(text, newline=""), separator_of(text, bool))
        rows = [[cell.strip() for cell in row] for _, row in lines if any(row)]
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {legible(path)}: {error}; it should hold {kind}") from error
    if short := [number for number, row in enumerate(rows, start=1) if len(row) < 2 or not row[1]]:
        raise UsageError(f"{legible(path)}, line {short[0]}, names no genre; it should hold {kind}")
    return {row[0]: row[1] for row in rows}


def genre_of(file: str, genres: Mapping[str, str]) -> str | None:
    """The genre of the row that shares most folders at the end of the file's path; or of the only row with its name.

    Examples
    --------
    >>> genres = {"jazz/0.wav": "jazz", "rock/0.wav": "rock", "old/1.wav": "folk"}
    >>> genre_of("songs/rock/0.wav", genres), genre_of("new/1.wav", genres), genre_of("0.wav", genres)
    ('rock', 'folk', None)
    """
    parts = Path(legible(file)).parts
    same = {row: Path(row).parts for row in genres if Path(row).parts[-1:] == parts[-1:]}
    ends = [row for row in same if same[row] == parts[-len(same[row]) :]]
    if ends:
        return genres[max(ends, key=lambda row: len(same[row]))]
    return genres[next(iter(same))] if len(same) == 1 else None


def _tell_genres(pairs: list[tuple[str, str]], args: Namespace) -> None:
    """A table with a row for each label that is some recording's highest and a column for each genre, or as JSON."""
    from audiolime_ext.files.plain import to_json
    from audiolime_ext.report.figures.top_tags import plot_top_tags, top_tag_counts
    from audiolime_ext.text import text_table

    labels, genres, counts = top_tag_counts(pairs)
    if args.figure is not None:
        plot_top_tags(pairs, args.figure)
    if args.json:
        print(to_json({"labels": labels, "genres": genres, "counts": counts.tolist(), "figure": args.figure}))
        return
    rows = [[label, *map(str, row)] for label, row in zip(labels, counts.tolist(), strict=True)]
    print(f"\nrecordings by highest label and annotated genre\n{text_table(['', *genres], rows)}")
    if args.figure is not None:
        print(f"figure: {legible(args.figure)}")


def _tag(file: str, model: Any, args: Namespace, told: set[str]) -> str:
    """Tag a file, print what was found, and return the label of highest mean; `told`: what was said of the model."""
    import numpy as np

    from audiolime_ext.audio.recording import load_audio
    from audiolime_ext.files.plain import to_json
    from audiolime_ext.prediction.taggram import tag

    audio = load_audio(file)
    taggram = tag(audio, model, start_s=args.start or 0.0, duration_s=args.duration)
    _warn(file, audio, taggram, model, told)
    if args.json:
        print(to_json({"file": file, "model": args.model} | taggram.to_dict()))
    else:
        _print_table(file, taggram, args)
    return str(taggram.labels[int(np.argmax(taggram.mean))])


def _warn(file: str, audio: Audio, taggram: Taggram, model: Any, told: set[str]) -> None:
    """Warn of a recording's faults, its rate and what its scores say; and once of how the model is asked."""
    from audiolime_ext.prediction.asking import asking_notes

    for warning in audio.warnings:
        warn(warning)
    if model.sr is not None and audio.sr < model.sr:
        warn(
            f"{legible(file)} has a rate of {audio.sr} Hz and the model listens at {model.sr} Hz: "
            f"it hears nothing above {audio.sr / 2000:g} kHz"
        )
    of_model = asking_notes(model, audio.sr)
    for note in taggram.notes:
        if note not in told:
            warn(note if note in of_model else f"{legible(file)}: {note}")
    told.update(of_model)


def _print_table(file: str, taggram: Taggram, args: Namespace) -> None:
    import numpy as np

    from audiolime_ext.prediction.labels import label_indices
    from audiolime_ext.text import text_table

    counts, rows = taggram.counted, []
    highest = np.argsort(-taggram.mean, kind="stable")[: args.top_labels or TOP_LABELS]
    for column in highest if args.labels is None else label_indices(args.labels, taggram.labels):
        scores = taggram.scores[counts, column]
        at = taggram.times_s[counts][int(np.argmax(scores))]
        rows.append([taggram.labels[column], f"{taggram.mean[column]:.3f}", f"{scores.max():.3f}", f"{at:.2f} s"])
    print(f"{legible(file)}: {args.model}, {counted(int(counts.sum()), 'window')}")
    print(text_table(["", "mean", "highest", "at"], rows))
