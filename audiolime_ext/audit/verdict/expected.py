"""What is meant to matter: ``expected.csv``, with the columns ``class`` and ``component``.

::

    class,component
    guitar,guitar

Only what speaks *for* a class is judged: that a component brings the class where it is put in, or that the class is
lost where it is taken out. So there is nothing to declare that speaks against one. A column ``sign`` may hold ``+``,
which is what is meant anyway; ``-`` is refused.

Whatever is shown and not declared here is called a confounder; without such a table nothing is called one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from audiolime_ext.collection.table import Problems, named_labels, read_table

COLUMNS = ("class", "component", "sign")
_AGAINST = -1  # the sign in stores of a time when a table could declare what speaks against a class


@dataclass(frozen=True)
class Expectation:
    """A component that is meant to speak for a class."""

    label: str
    component: str


@dataclass(frozen=True)
class Expected:
    """What is meant to matter.

    Examples
    --------
    >>> expected = Expected((Expectation("guitar", "guitar"),))
    >>> expected.covers("guitar", "guitar"), expected.covers("guitar", "drums")
    (True, False)
    """

    rows: tuple[Expectation, ...]

    @classmethod
    def of(cls, kept: Iterable[tuple[str, str, int | None]]) -> Expected:
        """What a store keeps; a row that once declared what speaks against a class declares nothing that is judged."""
        return cls(tuple(Expectation(label, component) for label, component, sign in kept if sign != _AGAINST))

    @property
    def kept(self) -> tuple[tuple[str, str, int | None], ...]:
        """As a store keeps it; the third place is no longer used."""
        return tuple((row.label, row.component, None) for row in self.rows)

    def covers(self, label: str, component: str) -> bool:
        """Whether this was declared."""
        return Expectation(label, component) in self.rows


def load_expected(
    source: str | Path, *, labels: Sequence[str] | None = None, components: Sequence[str] | None = None
) -> Expected:
    """Read ``expected.csv``: what is meant to matter.

    A component that no stem holds is kept, because a verdict will say that it cannot be audited; one that looks like a
    misspelt stem is refused.

    Parameters
    ----------
    source : str or Path
        Table to read.
    labels : sequence of str, or None
        Classes that there are; None: any.
    components : sequence of str, or None
        Components that there are; None: any.

    Raises
    ------
    UsageError
        If anything is wrong; it names everything that is.
    """
    source = Path(source)
    problems = Problems(source)
    table = read_table(source, problems, known=COLUMNS, needed=COLUMNS[:2], also={"label": "class"}, strict=True)
    rows: list[Expectation] = []
    lines: dict[tuple[str, str], int] = {}
    for line, cells in table:
        named = named_labels(cells["class"], line, problems, allowed=labels, what="class", several=False)
        component, sign = cells["component"], cells.get("sign", "")
        if not component:
            problems.add(line, "no component; name the stem that is meant to matter")
        elif components is not None and component not in components:
            near = get_close_matches(component.lower(), components, n=1, cutoff=0.75)
            if near:
                problems.add(line, f"unknown component {component!r}; did you mean {near[0]!r}?")
        if sign not in ("", "+"):
            told = "only what speaks for a class is judged, so write + or nothing"
            problems.add(line, f"sign {sign!r}; {told}, or leave out the line if it is about what speaks against it")
        for label in named:
            first = lines.setdefault((label, component), line)
            if first != line:
                problems.add(line, f"{label!r} and {component!r} are on line {first} already; keep one")
            rows.append(Expectation(label, component))
    if not rows and not problems.found:
        problems.add(0, "it declares nothing; write one class and component a line, or leave the file out")
    problems.raise_any()
    return Expected(tuple(rows))
