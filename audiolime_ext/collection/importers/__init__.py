"""Published data sets in the form in which they are published: tables that are known by their first lines.

``audiolime audit autotagging.tsv --root AUDIO`` reads MTG-Jamendo's own table, and so on; nothing is converted. A
format is a module with two functions, `recognises` (the table's first lines → whether it is in this format) and
`drafts` (the table, the folder of the audio → its recordings), and with `LABELS` (each column that can be the class →
what its entries are called). For tables that people write see `audiolime_ext.collection.manifest`.

Such tables name more recordings than most people have, and more tags than a model knows. Recordings whose file is not
there, recordings without a class and tags that the model does not know are left out, and `Gathered.notes` counts them
and names some.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from audiolime_ext.collection.importers import fma, jamendo, magnatagatune
from audiolime_ext.collection.importers.draft import Draft, opened
from audiolime_ext.collection.label_map import LabelMap
from audiolime_ext.collection.omissions import left_out, some
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import is_file
from audiolime_ext.prediction.labels import label_indices

FORMATS: tuple[ModuleType, ...] = (jamendo, magnatagatune, fma)
_HEAD = 1 << 16  # characters that hold three lines of any of them


@dataclass(frozen=True)
class Gathered:
    """Recordings that can be audited, with their classes as the model spells them, and what was left out."""

    drafts: tuple[Draft, ...]
    notes: tuple[str, ...]


def format_of(table: Path) -> ModuleType | None:
    """The format that a table is in; None where it is none of these, or cannot be read."""
    try:
        with opened(table) as file:
            lines = file.read(_HEAD).splitlines()[:3]
        return next((format for format in FORMATS if format.recognises(lines)), None)
    except (OSError, ValueError):
        return None


def gather(
    drafts: Iterable[Draft],
    *,
    labels: Sequence[str] | None,
    origin: str,
    what: str = "class",
    mapped: LabelMap | None = None,
) -> Gathered:
    """Leave out what cannot be audited.

    Parameters
    ----------
    drafts : iterable of Draft
        All recordings of a data set.
    labels : sequence of str or None
        The model's labels (letter case is ignored); None: any class is allowed.
    origin : str
        Name of the data set in messages.
    what : str
        Word for a class in that data set, such as "genre".
    mapped : LabelMap or None
        Labels of classes that have other names; None: none has.

    Raises
    ------
    UsageError
        If nothing is left.

    Examples
    --------
    >>> here = Path(__file__)
    >>> found = gather([Draft(2, here, ("genre---rock", "genre---polka"))], labels=["Rock"], origin="songs.tsv")
    >>> [draft.labels for draft in found.drafts], found.notes
    ([('Rock',)], ('1 tag of songs.tsv that the model does not know is ignored: genre---polka',))
    """
    kept, gone, classless, unknown = list[Draft](), list[str](), list[str](), list[str]()
    spellings: dict[str, str | None] = {}
    for draft in drafts:
        for tag in draft.labels:
            if tag not in spellings:
                spellings[tag] = _spelling(tag, labels, mapped)
        known = tuple(dict.fromkeys(name for tag in draft.labels if (name := spellings[tag]) is not None))
        if not known:
            (unknown if draft.labels else classless).append(draft.name)
        elif not is_file(draft.path):
            gone.append(str(draft.path))
        else:
            kept.append(draft.with_labels(known))
    meant = [tag for tag in spellings if mapped is not None and _mapped(tag, mapped) == ""]
    ignored = sorted(tag for tag, name in spellings.items() if name is None and tag not in meant)
    if not kept:
        unused = [] if mapped is None or gone else mapped.unused(_classes(spellings, mapped), origin)
        raise UsageError(f"{origin} cannot be used: " + "; ".join([_nothing(gone, ignored, what), *unused]))
    notes = (
        *(() if mapped is None else mapped.notes(_classes(spellings, mapped), 0, origin)),
        left_out(
            gone,
            f"recording of {origin} has no file and is left out",
            f"recordings of {origin} have no file and are left out",
        ),
        left_out(
            classless,
            f"recording has no {what} in {origin} and is left out",
            f"recordings have no {what} in {origin} and are left out",
        ),
        left_out(
            unknown,
            f"recording of {origin} has no {what} that the model knows and is left out",
            f"recordings of {origin} have no {what} that the model knows and are left out",
        ),
        left_out(
            ignored,
            f"tag of {origin} that the model does not know is ignored",
            f"tags of {origin} that the model does not know are ignored",
        ),
    )
    return Gathered(tuple(kept), tuple(filter(None, notes)))


def _nothing(gone: Sequence[str], ignored: Sequence[str], what: str) -> str:
    if gone:
        return (
            f"none of its files was found, such as {some(gone[:1])}; name the folder that its paths are relative to: "
            "--root DIR (root=DIR)"
        )
    if ignored:
        return (
            f"the model knows none of its classes, such as {some(ignored)}; audit a model that does, or "
            "say what they are called there: --map CLASS=LABEL (label_map)"
        )
    return f"no recording in it has a {what}"


def _spelling(tag: str, labels: Sequence[str] | None, mapped: LabelMap | None) -> str | None:
    """The model's label for a tag, with or without the kind in front of it (``genre---rock``); None: it has none."""
    if mapped is not None and (told := _mapped(tag, mapped)) is not None:
        return told or None
    if labels is None:
        return tag
    for name in (tag, tag.rpartition("---")[2]):
        try:
            return labels[label_indices([name], labels)[0]]
        except UsageError:
            continue
    return None


def _mapped(tag: str, mapped: LabelMap) -> str | None:
    """What a map says of a tag, with or without the kind in front of it; None: nothing."""
    told = mapped.label_of(tag)
    return mapped.label_of(tag.rpartition("---")[2]) if told is None else told


def _classes(tags: Iterable[str], mapped: LabelMap) -> set[str]:
    """Tags by the names that a map has for them."""
    return {tag if mapped.label_of(tag) is not None else tag.rpartition("---")[2] for tag in tags}
