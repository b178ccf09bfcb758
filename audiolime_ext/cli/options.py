"""Arguments that commands share, and the loop over several files."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from audiolime_ext.errors import AudiolimeError, UsageError

DEFAULT_FACTORIZATION = "spleeter:2stems"
DEFAULT_TAGGER = "musicnn:MSD_musicnn"
SOME_FAILED = 5


def add_files(parser: ArgumentParser) -> None:
    """FILE…, `--start` and `--duration`."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="audio: wav, flac, ogg or mp3, mono or stereo")
    parser.add_argument("--start", type=float, metavar="S", help="start of the excerpt in seconds")
    parser.add_argument("--duration", type=float, metavar="S", help="length of the excerpt in seconds")


def add_factorization(parser: ArgumentParser) -> None:
    """`-f`."""
    parser.add_argument(
        "-f", "--factorization", default=DEFAULT_FACTORIZATION, metavar="SPEC",
        help="how to split: spleeter:2stems, oracle:DIR, hpss, package.module:name (default: %(default)s)",
    )  # fmt: skip


def add_tagger(parser: ArgumentParser) -> None:
    """`-t` and `--sr`."""
    parser.add_argument(
        "-t", "--tagger", default=DEFAULT_TAGGER, metavar="SPEC",
        help="the model: musicnn:MSD_musicnn, package.module:predict, … (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--sr", type=int, metavar="HZ",
        help="rate at which a plain predict function listens (default: the file's own)",
    )  # fmt: skip


def add_json(parser: ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="print one JSON object per file instead of a table")


def output_folders(files: Sequence[str], folder: str | None) -> dict[str, Path | None]:
    """File → ``folder/<file stem>``, or None where no folder was given.

    Raises
    ------
    UsageError
        If two files would be written into the same folder.
    """
    stems = Counter(Path(file).stem for file in files)
    twice = [stem for stem, count in stems.items() if count > 1]
    if folder is not None and twice:
        raise UsageError(f"several files are called {twice[0]!r} and would be written to one folder; do them one by one")
    return {file: None if folder is None else Path(folder) / Path(file).stem for file in files}


def for_each_file(files: Sequence[str], work: Callable[[str], None]) -> int:
    """Do `work` for every file; with several, one that fails is reported and the others go on (exit code 5)."""
    if len(files) == 1:
        work(files[0])
        return 0
    failed = 0
    for file in files:
        try:
            work(file)
        except AudiolimeError as error:
            print(f"audiolime: error: {file}: {error}", file=sys.stderr)
            failed += 1
        sys.stdout.flush()
    if failed:
        print(f"audiolime: {failed} of {len(files)} files failed", file=sys.stderr)
    return SOME_FAILED if failed else 0
