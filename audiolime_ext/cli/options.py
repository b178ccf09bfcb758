"""What the commands share: arguments, the loop over several files, and how an error is told (on one line)."""

from __future__ import annotations

import os
import sys
import traceback
from argparse import ArgumentParser, Namespace, _ActionsContainer
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiolime_ext.cli.numbers import duration, seconds_from_start, whole
from audiolime_ext.errors import AudiolimeError, UsageError
from audiolime_ext.files.names import exact, free_name, legible, told_apart, utf8
from audiolime_ext.text import CODE, counted

if TYPE_CHECKING:
    from audiolime_ext.audio.recording import Audio

DEFAULT_FACTORIZATION = "spleeter:2stems"
DEFAULT_MODEL = "musicnn:MSD_musicnn"
SOME_FAILED = 5


def add_files(parser: ArgumentParser) -> None:
    """FILE…, `--start` and `--duration`."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="recordings (mono or stereo), folders of them, or musdb:ROOT#4, a track of MUSDB18 by its number",
    )
    parser.add_argument("--start", type=seconds_from_start, metavar="S", help="start of the excerpt in seconds")
    parser.add_argument("--duration", type=duration, metavar="S", help="length of the excerpt in seconds")


def add_factorization(
    parser: ArgumentParser, *, default: str | None = DEFAULT_FACTORIZATION, shown: str = "%(default)s"
) -> None:
    """`-f`; the help says the default as it is `shown`."""
    parser.add_argument(
        "-f",
        "--factorization",
        default=default,
        metavar="SPEC",
        help="how to split: spleeter:2stems, cerberus (piano+guitar, bass, drums; 'cerberus?merge=none': piano and "
        "guitar as two stems, which it hardly tells apart), oracle:DIR, hpss, package.module:name (default: "
        f"{shown})",
    )


def add_model_spec(parser: ArgumentParser, what: str, *, default: str | None = None) -> None:
    """`-m`, which is also `-t`; the help says `what` is named."""
    parser.add_argument("-m", "--model", "-t", "--tagger", default=default, metavar="SPEC", help=what)


def add_model(
    parser: ArgumentParser,
    *,
    default: str | None = DEFAULT_MODEL,
    shown: str = "%(default)s",
    rate: str = "for a model that is a plain function (default: the file's own)",
) -> None:
    """`-m`, `--sr` and `--batch-size`; the help says the default as it is `shown`, and what the `rate` is for."""
    add_model_spec(
        parser,
        f"the model: musicnn:MSD_musicnn, package.module:predict, … (default: {shown}). A module and a "
        "TorchScript file are code: take them only from people you trust",
        default=default,
    )
    parser.add_argument("--sr", type=whole(1), metavar="HZ", help=f"sampling rate {rate}")
    parser.add_argument(
        "--batch-size",
        type=whole(1),
        metavar="N",
        help="most signals given to the model at once; fewer need less memory (default: the model's own, or 32)",
    )


def add_output(
    parser: ArgumentParser, metavar: str, what: str, *, default: str | None = None, required: bool = False
) -> None:
    """`-o`; `what` says what is written there."""
    parser.add_argument("-o", "--output", metavar=metavar, default=default, required=required, help=what)


def add_title(parser: ArgumentParser) -> None:
    """`--title`, of commands that write a page where `-o` names one."""
    parser.add_argument("--title", help="title of the page of -o (default: the question, with the songs' names)")


def page_file(output: str) -> Path:
    """The page that `-o` names, where it can be written.

    Raises
    ------
    UsageError
        If it does not end in .html.
    OutputError
        If it is clear that it cannot be written.
    """
    from audiolime_ext.files.places import require_writable_file

    if not output.lower().endswith((".html", ".htm")):
        raise UsageError(f"-o {legible(output)} is no page; end its name in .html")
    require_writable_file(Path(output), in_new_folder=True)
    return Path(output)


def write_page_of(result: Any, page: Path, **options: Any) -> None:
    """Write the page of a result, in a folder that is made if it is missing."""
    from audiolime_ext.files.fresh import make_folder
    from audiolime_ext.report.page import write_page

    make_folder(page.parent)
    write_page(result, page, **options)


def add_trust(parser: ArgumentParser, file: str) -> None:
    """`--trust`, of commands that take specs from a `file`."""
    parser.add_argument(
        "--trust",
        action="store_true",
        help=f"import the modules that {file} names as its model or separator (package.module:name); this runs their "
        "code",
    )


def add_map(parser: _ActionsContainer, what: str) -> None:
    """`--map`."""
    parser.add_argument(
        "--map",
        metavar="CLASS=LABEL;…",
        help=f"what {what} are called among the model's labels, such as 'rock=Rock;spoken=' (no label: left out; in a "
        "name \\; and \\=), or a CSV with the columns class and label (default: the same)",
    )


def add_json(parser: ArgumentParser, what: str = "an object") -> None:
    """`--json`: `what` is printed."""
    parser.add_argument("--json", action="store_true", help=f"print {what} as JSON, and nothing else")


def resolve_model(args: Namespace) -> Any:
    """The model of `-m`; `--sr` is for functions that have no sampling rate of their own.

    Raises
    ------
    UsageError
        If the model is unknown, or has a rate of its own that is not `--sr`.
    """
    from audiolime_ext.prediction.loading import load_model

    model = load_model(args.model, sr=args.sr, batch_size=args.batch_size)
    if args.sr not in (None, model.sr):
        raise UsageError(f"--sr {args.sr} does not fit: {args.model} listens at {model.sr} Hz; leave --sr out")
    return model


def stem_of(file: str) -> str:
    """The name of a file's output: the file's name without the ending, ``ROOT-4`` for ``musdb:ROOT#4``."""
    from audiolime_ext.audio.musdb import is_musdb

    if is_musdb(file):
        return "-".join(Path(file.partition(":")[2]).name.rsplit("#", 1))
    return Path(file).stem.strip(".") or Path(file).name.strip(".") or "audio"


def recordings(given: Sequence[str]) -> list[str]:
    """The files given, each folder replaced by its recordings; a warning names what in it is no recording.

    Raises
    ------
    UsageError
        If a folder holds no recording.
    """
    from audiolime_ext.audio.folders import look_into

    files: list[str] = []
    for name in given:
        if not os.path.isdir(name):  # noqa: PTH112 - no name is an error here
            files.append(name)
            continue
        found = look_into(Path(name))
        if not found.files:
            left = f" ({found.note})" if found.note else ""
            raise UsageError(
                f"{legible(name)} is a folder without recordings{left}; name files or a folder that holds some"
            )
        if found.note:
            warn(found.note)
        files += map(str, found.files)
    return files


def as_called(file: str, names: Mapping[str, str]) -> Audio | str:
    """The file or, where `names_apart` names it, its recording under that name."""
    from audiolime_ext.audio.recording import load_audio

    return load_audio(file, name=names[file]) if file in names else file


def names_apart(files: Sequence[str]) -> dict[str, str]:
    """What to call the files that share a stem: the shortest path that no other has, with its ending; `legible`.

    Other files keep their names, and have no entry.

    Examples
    --------
    >>> names_apart(["same.mp3", "same.wav", "other.wav", "a/0.wav", "b/0.wav"])
    {'same.mp3': 'same.mp3', 'same.wav': 'same.wav', 'a/0.wav': 'a/0.wav', 'b/0.wav': 'b/0.wav'}
    """
    stems = {file: stem_of(file).casefold() for file in files}  # some file systems do not tell case apart
    counts = Counter(stems.values())
    return told_apart(file for file, stem in stems.items() if counts[stem] > 1)


def output_folders(
    files: Sequence[str], folder: str, *, taken: Sequence[str] = (), ending: str = ""
) -> dict[str, Path]:
    """File → ``folder/<file stem><ending>``; a stem that is too long, a device's name or `taken` is cut or numbered.

    Files that share a stem get the names of `names_apart` (``same.mp3``, ``a-0.wav``), in whatever order they are
    given.

    Raises
    ------
    UsageError
        If a file is given twice.
    OutputError
        If one of them can be seen not to be writable: better now than after an hour of work.
    """
    from audiolime_ext.files.places import require_writable, require_writable_file

    counts = Counter(map(_place, files))
    if twice := [file for file in files if counts[_place(file)] > 1]:
        raise UsageError(f"{' and '.join(map(legible, twice[:2]))} are one file, given twice; name it once")
    told = names_apart(files)
    names: dict[str, str] = {}
    for file in sorted(files, key=lambda file: (file in told, file)):
        wanted = _one_name(told[file]) if file in told else stem_of(file)
        names[file] = free_name(wanted, [*taken, *names.values()], ending=ending)
    require_writable(Path(folder))
    places = {file: Path(folder) / f"{names[file]}{ending}" for file in files}
    for place in places.values():
        require_writable_file(place, in_new_folder=True) if ending else require_writable(place)
    return places


def _place(file: str) -> str:
    return os.path.abspath(file)  # noqa: PTH100 - of two ways to write one place


def _one_name(told: str) -> str:
    """A path, as `legible` has it, as one name that opens no folder: ``a/0.wav`` → ``a-0.wav``."""
    from audiolime_ext.audio.musdb import PREFIX

    path = Path(exact(told.removeprefix(PREFIX)))
    return "-".join(name for part in path.parts if part != path.anchor and (name := part.strip(".")))


def require_some(files: Sequence[str]) -> None:
    """If no file exists, say what is wrong with the first: better now than after a model has been fetched.

    Raises
    ------
    AudioError
        If none of them exists.
    """
    from audiolime_ext.audio.musdb import is_musdb
    from audiolime_ext.audio.recording import load_audio

    if not any(is_musdb(file) or os.path.exists(file) for file in files):  # noqa: PTH110 - no name is an error here
        load_audio(files[0])


def for_each_file(args: Namespace, work: Callable[[str], None]) -> int:
    """Do `work` for every file; of several, one that fails is reported and the others go on (exit code 5).

    Raises
    ------
    AudiolimeError
        The first error that every other file would end with, too.
    """
    if len(args.files) == 1:
        work(args.files[0])
        return 0
    failed = 0
    for file in args.files:
        try:
            work(file)
        except BrokenPipeError:
            raise
        except Exception as error:
            if getattr(error, "for_all", False):
                raise
            tell(error, debug=args.debug, about=file)
            failed += 1
        sys.stdout.flush()
    if failed:
        print(f"audiolime: {failed} of {counted(len(args.files), 'file')} failed", file=sys.stderr)
    return SOME_FAILED if failed else 0


def tell(error: Exception, *, debug: bool, about: str = "") -> int:
    """Print one line about an error (one for each fault of a table, and of code), and return the exit code.

    With `debug`, its traceback comes first.
    """
    if debug:
        traceback.print_exception(error)
    message = str(error) or type(error).__name__
    if isinstance(error, MemoryError) and not isinstance(error, AudiolimeError):
        message = f"out of memory ({message}); choose a shorter --duration, or a smaller --batch-size"
    elif not isinstance(error, (AudiolimeError, OSError)):
        message = f"unexpected {type(error).__name__}: {message}; --debug shows where, and a report of it is welcome"
    message, mark, code = message.partition(CODE)  # which is shown as it is
    about = legible(about)
    prefix = f"{about}: " if about and about not in message else ""
    listed = message.split("\n  ") if isinstance(error, UsageError) else [message]  # a table's problems, one a line
    told = "\n  ".join(" ".join(part.split()) for part in [prefix + listed[0], *listed[1:]])
    print(f"audiolime: error: {utf8(told + mark + code)}", file=sys.stderr)
    return getattr(error, "exit_code", 1)


def warn(message: str) -> None:
    """Print one line of warning; the work goes on."""
    print(f"audiolime: warning: {utf8(message)}", file=sys.stderr)
