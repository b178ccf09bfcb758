"""What is meant to matter: ``expected.csv``, with the columns ``class``, ``component`` and, if wanted, ``sign``.

::

    class,component,sign
    guitar,guitar,+

The sign ``+`` says that the component is meant to speak for the class, ``-`` against it; without one, either is meant.

Whatever is shown and not declared here is called a confounder; without such a table nothing is called one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from audiolime_ext.collection.table import Problems, named_labels, read_table

COLUMNS = ("class", "component", "sign")
_SIGNS = {"": None, "+": 1, "-": -1, "−": -1}


@dataclass(frozen=True)
class Expectation:
    """A component that is meant to matter for a class: for (+1), against (−1), or either (None)."""

    label: str
    component: str
    sign: int | None = None


@dataclass(frozen=True)
class Expected:
    """What is meant to matter.

    Examples
    --------
    >>> expected = Expected((Expectation("guitar", "guitar", 1),))
    >>> expected.covers("guitar", "guitar", 1), expected.covers("guitar", "guitar", -1)
    (True, False)
    >>> expected.covers("guitar", "drums")
    False
    """

    rows: tuple[Expectation, ...]

    def covers(self, label: str, component: str, sign: int | None = None) -> bool:
        """Whether this was declared; an unknown or undeclared sign agrees with any."""
        return any(
            (row.label, row.component) == (label, component) and (None in (row.sign, sign) or row.sign == sign)
            for row in self.rows
        )


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
        if sign not in _SIGNS:
            problems.add(line, f"sign {sign!r}; write + (for the class) or - (against it), or nothing for either")
        for label in named:
            first = lines.setdefault((label, component), line)
            if first != line:
                problems.add(line, f"{label!r} and {component!r} are on line {first} already; keep one")
            rows.append(Expectation(label, component, _SIGNS.get(sign)))
    if not rows and not problems.found:
        problems.add(0, "it declares nothing; write one class and component a line, or leave the file out")
    problems.raise_any()
    return Expected(tuple(rows))
