"""``--notes`` of ``audiolime page``: a listener's remarks, from a table as spreadsheets of any country save it."""

from __future__ import annotations

import math
from argparse import Namespace
from pathlib import Path
from typing import Any

from audiolime_ext.files.names import legible

HEADERS = ("time", "t", "time_s", "time (s)", "seconds", "start", "start_s", "at", "when")


def read_notes(path: Path) -> dict[int, Any]:
    """A listener's remarks from a CSV file: a time (seconds, m:ss or h:mm:ss) and a text in each line.

    They are given by the lines that they begin on. A first line that begins with one of `HEADERS` is a header. Where
    semicolons or tabs separate, the times may have a decimal comma.

    Raises
    ------
    UsageError
        If the file cannot be read or a line has no time.
    """
    import io

    from audiolime_ext.collection.table import cells_of
    from audiolime_ext.errors import UsageError
    from audiolime_ext.files.reading import no_text, text_of
    from audiolime_ext.report.song.view import Note

    try:
        text = text_of(path)
        by = _separator(text)
        rows = [each for each in cells_of(io.StringIO(text, newline=""), by) if any(map(str.strip, each[1]))]
    except UnicodeDecodeError as error:
        raise UsageError(no_text(legible(path), error)) from error
    except (OSError, ValueError) as error:
        raise UsageError(
            f"cannot read {legible(path)}: {error}; it should hold lines such as 83.5,the choir comes in"
        ) from error
    notes = {}
    for number, row in rows:
        if number == rows[0][0] and _is_header(row[0]):
            continue
        seconds, said = _seconds(row[0], by), by.join(row[1:]).strip()  # a text may hold what separates
        if seconds is None or not said.strip(by + " "):
            raise UsageError(
                f"{legible(path)}, line {number}: a time and a text are needed, such as 1:23,the choir (seconds, m:ss "
                f"or h:mm:ss; a header begins with time); got {row}"
            )
        notes[number] = Note(seconds, said)
    if not notes:
        raise UsageError(f"{legible(path)} holds no remark; write lines such as 1:23,the choir, or leave --notes out")
    return notes


def require_within(args: Namespace, notes: dict[int, Any]) -> None:
    """Raise `UsageError` for a remark outside a recording or its passage, before anything is separated or asked."""
    from contextlib import suppress

    from audiolime_ext.errors import AudioError, UsageError
    from audiolime_ext.report.templating import clock
    from audiolime_ext.track.size import load_manageable

    for file in args.files if notes else []:
        with suppress(AudioError):  # said when it is this recording's turn
            end_s = load_manageable(file).duration_s
            first_s = args.start or 0.0
            last_s = end_s if args.duration is None else min(end_s, first_s + args.duration)
            for line, note in notes.items():
                if note.t > end_s:
                    where = f"beyond the end of {legible(file)}, which is {clock(end_s)} long"
                elif not first_s <= note.t <= last_s:
                    where = f"outside the passage, which is {clock(first_s)} to {clock(last_s)}"
                else:
                    continue
                raise UsageError(
                    f"{legible(args.notes)}, line {line}: {clock(note.t)} is {where}; give a time within it, or leave "
                    "the line out"
                )


def _separator(text: str) -> str:
    """What separates a time from its text: a semicolon, a tab, or else a comma; a header or the first line shows it."""
    for line in list(filter(str.strip, text.splitlines()))[:2]:
        for by in ";\t":
            time = line.partition(by)[0].strip().strip('"')
            if by in line and (_is_header(time) or _seconds(time, by) is not None):
                return by
    return ","


def _is_header(cell: str) -> bool:
    return cell.strip().lower() in HEADERS


def _seconds(text: str, separator: str = ",") -> float | None:
    """``83.5``, ``1:23.5`` or ``0:01:23.5``, as seconds; None for anything else, such as ``1:75``."""
    *whole, last = text.strip().split(":")
    try:
        parts = [*(float(int(part)) for part in whole), float(last if separator == "," else last.replace(",", "."))]
    except (ValueError, OverflowError):
        return None
    if len(parts) > 3 or not all(0 <= part < math.inf for part in parts) or any(part >= 60 for part in parts[1:]):
        return None
    return math.fsum(part * 60**power for power, part in enumerate(reversed(parts)))
