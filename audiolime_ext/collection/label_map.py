r"""What a manifest's classes are called among a model's labels, where the names differ.

``rock=Rock;hip hop=Hip-Hop`` says for each class, on the left, the model's label on the right. A backslash before
``;``, ``=`` or a backslash makes it a part of the name: ``r\=b=R&B\; Soul``. A table (CSV) with the columns ``class``
and ``label`` says the same without such marks, and a mapping does in Python.

- A class with no label (``spoken=``) is left out, and so are recordings that have no other.
- Two classes may have one label, and are then one class.
- A class that the map does not name is the label of its own name, as without a map (letter case is ignored).

All of this is told: how many recordings are left out, which classes are one, and names of the map that are no class.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from audiolime_ext.collection.table import Problems, read_table
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.files.names import is_file
from audiolime_ext.prediction.labels import label_indices
from audiolime_ext.text import counted

_FORM = r"write class=label, several separated by ';' (within a name '\;' and '\='), or name a CSV with class,label"
_FEW = 60  # labels that a message lists


@dataclass(frozen=True)
class LabelMap:
    r"""Class → label; "" where a class is left out.

    Examples
    --------
    >>> found = load_label_map(r"metal=Metal;spoken=;r\=b=R&B\; Soul", ["Metal", "R&B; Soul"])
    >>> found.labels
    {'metal': 'Metal', 'spoken': '', 'r=b': 'R&B; Soul'}
    >>> found.text
    'metal=Metal;r\\=b=R&B\\; Soul;spoken='
    """

    labels: Mapping[str, str]

    @property
    def text(self) -> str:
        """The map in one line, sorted, as it can be given."""
        return ";".join(f"{escaped(name)}={escaped(label)}" for name, label in sorted(self.labels.items()))

    def label_of(self, name: str) -> str | None:
        """The label of a class, "" where it is left out; None: the map does not name it."""
        folded = {known.lower(): label for known, label in self.labels.items()}
        return self.labels.get(name, folded.get(name.lower()))

    def notes(self, classes: Collection[str], n_left_out: int, origin: str) -> list[str]:
        """What became of it for a manifest that has these classes.

        Examples
        --------
        >>> LabelMap({"metal": "Rock", "rock": "Rock", "folk": ""}).notes(["metal", "rock"], 0, "songs.csv")
        ["several classes of songs.csv are one label, 'Rock': metal and rock",
         "the label map names 'folk', which is no class of songs.csv"]
        """
        there = {name.lower(): name for name in classes}
        found = [
            f"several classes of {origin} are one label, {label!r}: {' and '.join(same)}"
            for label in sorted(set(self.labels.values()) - {""})
            if len(same := sorted(name for name in there.values() if self.label_of(name) == label)) > 1
        ]
        if n_left_out:
            gone = sorted(name for name in there.values() if self.label_of(name) == "")
            are = f"{counted(n_left_out, 'recording is', 'recordings are')} left out"
            found.append(f"{are}: the label map gives no label to {' and '.join(map(repr, gone))}")
        return found + self.unused(classes, origin)

    def unused(self, classes: Collection[str], origin: str) -> list[str]:
        """Which of its names are no class of a manifest, with the nearest class that it does not name.

        Examples
        --------
        >>> LabelMap({"heavi": "Metal"}).unused(["heavy", "rock"], "songs.csv")
        ["the label map names 'heavi', which is no class of songs.csv; did you mean 'heavy'?"]
        """
        there, found = {name.lower() for name in classes}, []
        for name in self.labels:
            if name.lower() not in there:
                near = get_close_matches(name, (one for one in sorted(classes) if self.label_of(one) is None), n=1)
                meant = f"; did you mean {near[0]!r}?" if near else ""
                found.append(f"the label map names {name!r}, which is no class of {origin}{meant}")
        return found


def load_label_map(given: Mapping[str, str | None] | str | Path | LabelMap, labels: Sequence[str] | None) -> LabelMap:
    """Read a map of classes to the labels of a model.

    Parameters
    ----------
    given : mapping of str to str or None, str, Path or LabelMap
        Class → label (None or "": left out), the same as text, or a table; see the module.
    labels : sequence of str or None
        Labels of the model (letter case is ignored); None: any label is allowed.

    Raises
    ------
    UsageError
        If anything is wrong; the message lists everything that is.
    """
    if isinstance(given, LabelMap):
        return given
    if isinstance(given, Mapping):
        problems, pairs = Problems(Path("the label map")), list(_of_mapping(given))
    elif isinstance(given, str) and ("=" in given or not given.strip()) and not is_file(Path(given)):
        problems = Problems(Path("the label map"))
        pairs = list(_pairs(given, problems))
    else:
        problems = Problems(_path_of(given))
        columns = "class", "label"
        table = read_table(problems.source, problems, known=columns, needed=columns, also={}, strict=True)
        pairs = [(line, cells["class"], cells["label"]) for line, cells in table]
    found: dict[str, str] = {}
    for line, name, to in pairs:
        label = _label(to, line, labels, problems)
        if not name:
            problems.add(line, f"no class in front of {to!r}; {_FORM}")
        elif found.setdefault(name, label) != label:
            problems.add(line, f"the class {name!r} has two labels, {found[name]!r} and {label!r}; keep one")
    if not found and not problems.found:
        problems.add(0, f"it is empty; {_FORM}")
    problems.raise_any()
    return LabelMap(found)


def _label(to: str, line: int, labels: Sequence[str] | None, problems: Problems) -> str:
    if not to or labels is None:
        return to
    try:
        return labels[label_indices([to], labels)[0]]
    except UsageError:
        shown = labels if len(labels) <= _FEW else [*labels[:_FEW], "…"]
        problems.add(line, str(unknown("label of the model", to, shown)))
        return to


def _path_of(given: Any) -> Path:
    try:
        return Path(given)
    except TypeError as error:
        kind = type(given).__name__
        raise UsageError(
            f"a label map is a dict of class to label, a text or a file, not of type {kind}; {_FORM}"
        ) from error


def _of_mapping(given: Mapping[Any, Any]) -> Iterable[tuple[int, str, str]]:
    for name, to in given.items():
        if not isinstance(name, str) or not isinstance(to, str | None):
            raise UsageError(f"the label map holds {name!r}: {to!r}; classes and labels are names, and None leaves out")
        yield 0, name, to or ""


def _pairs(text: str, problems: Problems) -> Iterable[tuple[int, str, str]]:
    for pair in _cut(re.findall(r"\\[;=\\]|.", text, re.DOTALL), ";"):
        sides = ["".join(one[-1] for one in side).strip() for side in _cut(pair, "=")]
        if len(sides) == 2:
            yield 0, sides[0], sides[1]
        elif any(sides):
            problems.add(0, f"{''.join(pair)!r} is no pair; {_FORM}")


def _cut(marks: Sequence[str], by: str) -> list[list[str]]:
    """Characters, of which those with a backslash are two, cut at each `by`."""
    parts: list[list[str]] = [[]]
    for mark in marks:
        if mark == by:
            parts.append([])
        else:
            parts[-1].append(mark)
    return parts


def escaped(name: str) -> str:
    r"""A name as it is written in a map.

    Examples
    --------
    >>> print(escaped("R&B; Soul=x"))
    R&B\; Soul\=x
    """
    return re.sub(r"([;=\\])", r"\\\1", name)


def advice(name: str, labels: Sequence[str]) -> str:
    """What to do where a class is no label of the model: its labels, and how a map is written.

    Examples
    --------
    >>> print(advice("metall", ["rock", "metal"]))
    the model's labels are rock, metal; where a class has another name there, say which: --map 'metall=metal'
    (label_map={'metall': 'metal'}), and --map 'metall=' leaves it out
    """
    shown = ", ".join(labels[:_FEW]) + (f", … ({len(labels)} in all)" if len(labels) > _FEW else "")
    near = {label.lower(): label for label in labels}
    like = get_close_matches(name.lower(), near, n=1, cutoff=0.4)
    label = near[like[0]] if like else labels[0]
    return (
        f"the model's labels are {shown}; where a class has another name there, say which: "
        f"--map '{escaped(name)}={escaped(label)}' (label_map={{{name!r}: {label!r}}}), and --map '{escaped(name)}=' "
        "leaves it out"
    )
