"""``audiolime separate``: write the stems of a recording."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from audiolime_ext.cli.options import (
    add_factorization,
    add_files,
    add_json,
    add_output,
    for_each_file,
    output_folders,
    recordings,
    require_some,
)
from audiolime_ext.files.names import legible

_HEAD = 1024  # bytes; all that libsndfile writes in front of the sound


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "separate",
        help="write the stems of a recording",
        description="Write every stem, the residual included, as DIR/<file name>/<stem>.wav: float WAV at the file's "
        "own rate and channels. The stems sum to the recording.",
    )
    add_files(parser)
    add_factorization(parser)
    add_output(parser, "DIR", "folder for the stems, in DIR/<file name>/", required=True)
    add_json(parser, "an object for each file")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Separate each file."""
    from audiolime_ext.factorization.loading import load_factorization

    args.files = recordings(args.files)
    folders = output_folders(args.files, args.output)
    require_some(args.files)
    separator = load_factorization(args.factorization)
    return for_each_file(args, lambda file: _separate(file, separator, folders[file], args))


def _separate(file: str, separator: Any, folder: Path, args: Namespace) -> None:
    from audiolime_ext.audio.recording import load_audio
    from audiolime_ext.files.fresh import fresh_folder
    from audiolime_ext.files.plain import to_json

    audio = load_audio(file)
    with fresh_folder(folder) as fresh:
        files, notes = write_stems(separator, audio, fresh, start_s=args.start or 0.0, duration_s=args.duration)
        written = {name: str(folder / path.name) for name, path in files.items()}
    if args.json:
        print(to_json({"file": file, "factorization": args.factorization, "stems": written, "notes": notes}))
        return
    for path in written.values():
        print(legible(path))
    for note in notes:
        print(f"note: {note}")


def write_stems(
    separator: Any, audio: Any, folder: Path, *, start_s: float, duration_s: float | None
) -> tuple[dict[str, Path], list[str]]:
    """Write the stems part by part, so that a long recording needs little memory; return stem → file, and the notes."""
    import numpy as np

    from audiolime_ext.factorization.contract import factorize_in_parts
    from audiolime_ext.files.names import file_name
    from audiolime_ext.progress.stages import stage

    first, end = audio.span(start_s, duration_s)
    notes: dict[str, None] = {}
    paths: dict[str, Path] = {}
    with (
        ExitStack() as stack,
        stage("separating", (end - first) / audio.sr, "s") as separating,
    ):
        files: dict[str, Any] = {}
        done = 0
        parts = factorize_in_parts(separator, audio, start_s=start_s, duration_s=duration_s)
        for stems in parts:
            n_samples = stems.samples.shape[-1]
            for name in stems.names:
                if name not in files:  # a residual may first appear in a later part
                    paths[name] = folder / f"{file_name(name, {path.stem for path in paths.values()})}.wav"
                    files[name] = stack.enter_context(_wav(paths[name], audio))
                    _append(files[name], np.zeros((audio.n_channels, done), np.float32))
            for name, file in files.items():
                present = name in stems.names
                _append(file, stems[name].samples if present else np.zeros((audio.n_channels, n_samples), np.float32))
            done += n_samples
            notes |= dict.fromkeys(stems.notes)
            separating.advance(n_samples / audio.sr)
            del stems  # before the next part is made: both would be in memory
    return paths, [*audio.warnings, *notes]


@contextmanager
def _wav(path: Path, audio: Any) -> Iterator[Any]:
    import soundfile

    from audiolime_ext.audio.formats.riff import undated

    name = path if os.name == "nt" else os.fsencode(path)  # soundfile refuses names that are not text
    with (
        _as_output_error(path),
        soundfile.SoundFile(name, "w", audio.sr, audio.n_channels, subtype="FLOAT", format="WAV") as file,
    ):
        yield file
    with path.open("r+b") as written:
        head = undated(written.read(_HEAD))
        written.seek(0)
        written.write(head)


def _append(file: Any, samples: Any) -> None:
    with _as_output_error(Path(os.fsdecode(file.name))):
        file.write(samples.T)


@contextmanager
def _as_output_error(path: Path) -> Iterator[None]:
    """A full disk is reported by libsndfile as an error, or as frames that were not written (an assertion)."""
    import soundfile

    from audiolime_ext.errors import OutputError

    try:
        yield
    except (soundfile.LibsndfileError, AssertionError) as error:
        reason = getattr(error, "error_string", "not all samples were taken")
        raise OutputError(
            f"cannot write {legible(path.name)}: {reason} (is the disk full?); nothing was left half-written"
        ) from error
