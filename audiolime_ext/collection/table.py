"""Tables that people write: read as a whole or not at all, with everything that is wrong reported together, by line.

CSV in UTF-8 or UTF-16 (see `audiolime_ext.text`), as spreadsheets of any country save it: the first line, which names
the columns, shows whether commas, semicolons or tabs separate them. Blank lines do not count; cells are stripped.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.files.names import legible
from audiolime_ext.files.reading import no_text, text_of
from audiolime_ext.prediction.labels import label_indices
from audiolime_ext.text import counted

MAX_SHOWN = 50  # problems in one report
_LONGEST = 1000  # characters of one: a cell may hold a hundred times as many
_NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}


@dataclass
class Problems:
    """What is wrong with a file, gathered and raised together; the same problem on many lines is one entry."""

    source: Path
    found: dict[str, list[int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)  # what is not a problem, but worth a line
    unknown: list[str] = field(default_factory=list)  # names that are none of those allowed
    advice: Callable[[str], str] | None = None  # on the first of these, below all problems

    def add(self, line: int, text: str) -> None:
        """Note a problem; line 0: it concerns the whole file."""
        self.found.setdefault(text, []).append(line)

    def raise_any(self) -> None:
        """Raise `UsageError` with everything that was noted, if anything was."""
        if not self.found:
            return
        entries = sorted(self.found.items(), key=lambda entry: entry[1][0])
        shown = [f"  {_lines(lines)}{_brief(text)}" for text, lines in entries[:MAX_SHOWN]]
        if len(entries) > MAX_SHOWN:
            shown.append(f"  … and {len(entries) - MAX_SHOWN} more of this kind; fix these first")
        n = sum(map(len, self.found.values()))
        if self.unknown and self.advice is not None:
            shown[-1] += ";"
            shown.append(self.advice(self.unknown[0]))
        raise UsageError(f"{legible(self.source)} cannot be used, {counted(n, 'problem')}:\n" + "\n".join(shown))


def _brief(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _lines(lines: list[int]) -> str:
    if lines[0] == 0:
        return ""
    if len(lines) == 1:
        return f"line {lines[0]}: "
    rest = f" and {len(lines) - 5} more" if len(lines) > 5 else ""
    return f"lines {', '.join(map(str, lines[:5]))}{rest}: "


def read_table(
    source: Path,
    problems: Problems,
    *,
    known: Sequence[str],
    needed: Sequence[str],
    also: Mapping[str, str],
    columns: Mapping[str, str] | None = None,
    ignore: Collection[str] = (),
    strict: bool = False,
) -> list[tuple[int, dict[str, str]]]:
    """The lines of a table as (number, our column → cell); what is wrong with its form goes to `problems`.

    Parameters
    ----------
    source : Path
        The table.
    problems : Problems
        Problems that were found so far; new ones are added.
    known, needed : sequence of str
        Our columns, and those of them that a table must have.
    also : mapping of str to str
        Other name of one of our columns → our name.
    columns : mapping of str to str, or None
        Our column → its name in the table; None: the names are ours.
    ignore : collection of str
        Columns of the table to leave out without a note.
    strict : bool
        True to report any other column as a problem. False to ignore them, and name them in one note.

    Raises
    ------
    UsageError
        If the file cannot be read as a table at all.
    """
    for ours in columns or {}:
        if ours not in known:
            raise unknown("column to map", ours, known)
    names_of_ours = {*known, *also, *(name.lower() for name in (columns or {}).values())}
    text = _text(source)
    separator = separator_of(text, lambda name: name.lower() in names_of_ours)
    numbered = _lines_of(text, separator, source)
    if not numbered:
        raise UsageError(f"{legible(source)} is empty; its first line names columns: {', '.join(known)}")
    (_, header), *body = numbered
    names = _our_names(header, known, needed, columns or {}, ignore, also, problems, strict)
    if names is None:
        return []
    table, held = [], _SEPARATORS[separator]
    for line, cells in body:
        if len(cells) != len(header):
            problems.add(
                line, f"{counted(len(cells), 'cell')} where the header has {len(header)}; quote cells that hold {held}"
            )
        else:
            table.append((line, {ours: cell for ours, cell in zip(names, cells, strict=True) if ours}))
    return table


def read_columns(source: Path, names: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """Some columns of a table as (line, name → cell), whatever else it holds; letter case of names does not count.

    Raises
    ------
    UsageError
        If the file is no table, lacks one of them or has it twice, or a line has too few or too many cells.
    """
    problems, text = Problems(source), _text(source)
    wanted = {name.lower(): name for name in names}
    separator = separator_of(text, lambda name: name.lower() in wanted)
    (_, header), *body = _lines_of(text, separator, source) or [(0, [])]
    theirs = [wanted.get(name.lower(), "") for name in header]
    for name in names:
        if (n := theirs.count(name)) != 1:
            there = ", ".join(map(legible, header)) or "nothing"
            problems.add(
                1, f"{'no' if n == 0 else 'more than one'} column {legible(name)!r}; the first line has: {there}"
            )
    for line, cells in body:
        if len(cells) != len(header):
            problems.add(line, f"{counted(len(cells), 'cell')} where the header has {len(header)}")
    problems.raise_any()
    return [(line, {name: cell for name, cell in zip(theirs, cells, strict=True) if name}) for line, cells in body]


def _text(source: Path) -> str:
    try:
        return text_of(source)
    except FileNotFoundError as error:
        raise UsageError(f"there is no file {legible(source)}; name a table that exists") from error
    except UnicodeDecodeError as error:
        raise UsageError(no_text(legible(source), error)) from error
    except OSError as error:
        raise UsageError(
            f"{legible(source)} cannot be read: {error.strerror or error}; name a file that can"
        ) from error


def separator_of(text: str, is_ours: Callable[[str], bool]) -> str:
    r"""The separator with which most of the first line's cells are names of ours or, if none is, it has most cells.

    Examples
    --------
    >>> separator_of("path;label, or labels\n", {"path", "label"}.__contains__), separator_of("a.wav\tjazz", bool)
    (';', '\t')
    """
    header = next((line for line in text.splitlines() if line.strip()), "")
    cells = {separator: _split(header, separator) for separator in _SEPARATORS}
    return max(cells, key=lambda by: (sum(is_ours(cell.strip()) for cell in cells[by]), len(cells[by])))


def _split(header: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([header], delimiter=separator))
    except csv.Error:  # told with its line when the table is read
        return header.split(separator)


def cells_of(lines: Iterable[str], separator: str = ",", *, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """The cells of each row of CSV, and the line on which it begins; `strict`: as `csv.reader` means it.

    Raises
    ------
    ValueError
        If it is not CSV, or a cell holds more than 131072 characters.

    Examples
    --------
    >>> list(cells_of(["a.wav,'jazz'", '"b.wav",rock']))
    [(1, ['a.wav', "'jazz'"]), (2, ['b.wav', 'rock'])]
    """
    reader, before = csv.reader(lines, delimiter=separator, strict=strict), 0
    try:
        for cells in reader:
            yield before + 1, cells
            before = reader.line_num
    except csv.Error as error:
        most = csv.field_size_limit()
        what = f"a cell of more than {most} characters" if "field limit" in str(error) else error
        raise ValueError(f"line {before + 1}: not valid CSV ({what}); check its quotation marks") from error


def _lines_of(text: str, separator: str, source: Path) -> list[tuple[int, list[str]]]:
    try:
        rows = [
            (line, [cell.strip() for cell in cells])
            for line, cells in cells_of(io.StringIO(text, newline=""), separator, strict=True)
        ]
    except ValueError as error:
        raise UsageError(f"{legible(source)}, {error}") from error
    return [(line, cells) for line, cells in rows if any(cells)]


def _our_names(
    header: Sequence[str],
    known: Sequence[str],
    needed: Sequence[str],
    columns: Mapping[str, str],
    ignore: Collection[str],
    also: Mapping[str, str],
    problems: Problems,
    strict: bool,
) -> list[str] | None:
    """Our name of each column, "" for those to ignore; None where the header cannot be used."""
    theirs = {name: ours for ours, name in columns.items()}
    names, foreign = list[str](), dict[str, str]()
    for name in header:
        ours = theirs.get(name) or also.get(name.lower(), name.lower())
        if name in ignore or (name not in theirs and ours in columns):
            ours = ""  # ours is read from another column
        elif ours not in known:
            near = get_close_matches(ours, known, n=1)
            foreign[name] = f"did you mean {near[0]!r}?" if near else ""
            ours = ""
        names.append(ours)
    missing = [name for name in needed if name not in names and columns.get(name) is None]
    if missing and not any(names) and not any(foreign.values()) and not columns:
        problems.add(
            1,
            f"the first line names none of the known columns; it has {', '.join(map(repr, header))}. "
            f"Name {' and '.join(needed)} there, separated by commas"
            + ("" if strict else ", or map them (--column OURS=THEIRS, columns)"),
        )
        return None
    if strict or missing:
        for name, hint in foreign.items():
            hint = hint or f"known are {', '.join([*known, *also])};"
            way = "map it to a known one (--column OURS=THEIRS, columns) or ignore it (--ignore, ignore)"
            way = "call it that, or take it out" if strict else way
            problems.add(1, f"unknown column {name!r}; {hint} {way}")
    elif foreign:
        told = [f"{name!r}" + (f" ({hint})" if hint else "") for name, hint in foreign.items()]
        problems.notes.append(f"{legible(problems.source)}: ignored unknown columns: {', '.join(told)}")
    for name in columns.values():
        if name not in header:
            problems.add(1, f"there is no column {name!r} to map; there are {', '.join(header)}")
    twice = [name for name, n in Counter(filter(None, names)).items() if n > 1]
    for name in twice:
        problems.add(1, f"two columns for {name!r}; keep one, or ignore the other")
    for name in missing:
        problems.add(1, f"no column {name!r}; the first line must name it, or map another to it (columns)")
    return None if twice or any(name not in names for name in needed) else names


def names_in(cell: str) -> list[str]:
    r"""The names in a cell that holds several, separated by ``;``; a semicolon within a name is written ``\;``.

    Examples
    --------
    >>> names_in(r"rock; drum\;bass;"), cell_of(["rock", "drum;bass"])
    (['rock', 'drum;bass'], 'rock;drum\\;bass')
    """
    parts = re.split(r"(?<!\\);", cell)
    return [name.replace(r"\;", ";") for name in map(str.strip, parts) if name]


def cell_of(names: Iterable[str]) -> str:
    """The reverse of `names_in`."""
    return ";".join(name.replace(";", r"\;") for name in names)


def named_labels(
    cell: str,
    line: int,
    problems: Problems,
    *,
    allowed: Sequence[str] | None,
    what: str = "label",
    several: bool = True,
    label_of: Callable[[str], str | None] = lambda name: None,
) -> tuple[str, ...]:
    """The labels in a cell (`several`: as `names_in`), spelled as in `allowed` (None: any label is allowed).

    `label_of` gives the label that a name stands for, "" where it is left out, and None where it stands for itself.
    """
    given = names_in(cell) if several else list(filter(None, [cell.strip()]))
    if not given:
        problems.add(line, f"no {what}")
    found: list[str] = []
    by_map: set[str] = set()
    for name in given:
        if (mapped := label_of(name)) is not None:
            found += [mapped] if mapped and mapped not in found else []
            by_map.add(mapped)
            continue
        try:
            known = name if allowed is None else allowed[label_indices([name], allowed)[0]]
        except UsageError as error:
            text = str(error)
            problems.unknown.append(name)
            problems.add(line, text if len(allowed or ()) <= 10 else text.split(" (allowed")[0].rstrip(";"))
            continue
        if known in found and known not in by_map:
            problems.add(line, f"{what} {known!r} is given twice")
        elif known not in found:
            found.append(known)
    return tuple(found)


def seconds(cells: Mapping[str, str], line: int, problems: Problems, *, column: str, zero: bool) -> float | None:
    """The seconds in a cell, None where it is empty; `zero`: whether 0 is allowed."""
    text = cells.get(column, "")
    if not text:
        return None
    value = float(text) if _NUMBER.fullmatch(text) else math.nan  # float() takes 1_0, and digits of other scripts
    if not math.isfinite(value) or value < 0 or (value == 0 and not zero):
        allowed = "0 or more" if zero else "more than 0"
        problems.add(line, f"{column} {text!r}; write seconds, {allowed}, such as 1.5")
        return None
    return value
