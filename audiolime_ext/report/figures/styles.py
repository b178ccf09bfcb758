"""The two styles of figures: for the screen and for papers, as settings of matplotlib that travel with a figure.

A page's column is 3.4 inches wide, two columns 7; type of 8 points is what journals ask for at that size. Fonts are
embedded as TrueType (Type 42): publishers refuse the Type 3 that is matplotlib's default. The user's font family stays.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Any

from audiolime_ext.errors import unknown
from audiolime_ext.files.names import utf8

COLUMN_IN, TWO_COLUMNS_IN = 3.4, 7.0
INK, SOFT, PALE = "#1a1a1a", "#4d4d4d", "#d0d0d0"
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "++++", "oooo")
_NARROW, _WIDE = frozenset("iIjlt.,:;|!'()[] f-r/"), frozenset("mwMW%@…—")
NAMES_ARE_TEXT = {"text.parse_math": False, "text.usetex": False}
_COMMON = {
    **NAMES_ARE_TEXT,
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "auto",
    "savefig.transparent": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": "auto",
    "axes.edgecolor": SOFT,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "hatch.color": "white",
    "axes.grid": False,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": True,
    "axes.spines.bottom": True,
    "axes.titleweight": "normal",
    "axes.labelweight": "normal",
    "xtick.minor.visible": False,
    "ytick.minor.visible": False,
    "legend.frameon": False,
}


def _sizes(points: float, line: float) -> dict[str, Any]:
    names = ("font.size", "axes.titlesize", "axes.labelsize", "xtick.labelsize", "ytick.labelsize", "legend.fontsize")
    widths = ("axes.linewidth", "xtick.major.width", "ytick.major.width", "patch.linewidth", "hatch.linewidth")
    return {**dict.fromkeys(names, points), **dict.fromkeys(widths, line), "lines.linewidth": 2 * line}


@dataclass(frozen=True)
class Style:
    """How a figure looks.

    Parameters
    ----------
    name : str
        Name of the style; "" is the user's own.
    points : float
        Size of the type.
    width_in : float
        Width of a figure in inches where none is asked for.
    line : float
        Width of thin lines in points.
    hatched : bool
        True if sources that are stacked are hatched, too, so that they are told apart in greys.
    ink : str
        Colour of lines that must be seen on the background.
    rc : mapping of str to any
        Settings of matplotlib under which it is drawn and saved.
    """

    name: str
    points: float
    width_in: float
    line: float
    hatched: bool = False
    ink: str = INK
    rc: Any = field(default_factory=dict, repr=False)  # matplotlib's type of it names all keys


STYLES = {
    "screen": Style("screen", 10.0, TWO_COLUMNS_IN, 0.8, rc={**_COMMON, **_sizes(10.0, 0.8)}),
    "paper": Style(
        "paper",
        8.0,
        COLUMN_IN,
        0.5,
        hatched=True,
        rc={**_COMMON, **_sizes(8.0, 0.5), "xtick.major.size": 2.5, "ytick.major.size": 2.5, "savefig.dpi": 300},
    ),
}


def style_of(name: str | None, *, own: bool) -> Style:
    """A style by its name; where none is named, that of the screen or, in the user's own axes, the user's.

    Raises
    ------
    UsageError
        If there is no such style.

    Examples
    --------
    >>> style_of(None, own=True).name, style_of("paper", own=False).width_in
    ('screen', 3.4)
    """
    if name is not None and name not in STYLES:
        raise unknown("style", name, STYLES)
    if name is None and not own:
        from matplotlib import rcParams

        size, ink = float(rcParams["font.size"]), str(rcParams["text.color"])
        return Style("", size, TWO_COLUMNS_IN, 0.8, hatched=True, ink=ink, rc=dict(NAMES_ARE_TEXT))
    return STYLES[name or "screen"]


def width_of(text: str, points: float) -> float:
    """About how wide a text is in a common font without serifs, in inches.

    Examples
    --------
    >>> round(width_of("drums", 10), 2), round(width_of("太鼓", 10), 2)
    (0.43, 0.28)
    """
    return sum(map(_ems, text)) * points / 72


def wrapped(text: str, room_in: float, points: float) -> list[str]:
    """A text in lines that fit into some inches: between words, and within those that are too long for a line.

    Examples
    --------
    >>> wrapped("female vocalists, live at the harbour", 1.0, 10), wrapped("female_vocalists", 0.7, 10)
    (['female', 'vocalists,', 'live at the', 'harbour'], ['female_v', 'ocalists'])
    """
    text = utf8(text).replace("\n", " ")
    if width_of(text, points) <= room_in:
        return [text]
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}".lstrip()
        if width_of(joined, points) <= room_in:
            lines[-1] = joined
            continue
        lines += [""] if lines[-1] else []
        for character in word:
            if lines[-1] and width_of(lines[-1] + character, points) > room_in:
                lines.append("")
            lines[-1] += character
    return lines


def _ems(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if character in _NARROW:
        return 0.34
    return 0.9 if character in _WIDE else 0.7 if character.isupper() else 0.62


def fitted(text: str, room_in: float, points: float, *, keep_end: bool = False) -> str:
    """A text as it fits into some inches: its end (or its middle) gives way to an ellipsis, if need be.

    Examples
    --------
    >>> fitted("drums", 1.0, 10), fitted("female vocalists, live at the harbour", 1.0, 10)
    ('drums', 'female voca…')
    >>> fitted("superpixel 12", 0.7, 10), fitted("superpixel 12", 0.7, 10, keep_end=True)
    ('superpi…', 'supe… 12')
    """
    text = short = utf8(text).replace("\n", " ")
    for kept in range(len(text) - 1, 1, -1):
        if width_of(short, points) <= room_in:
            break
        head = (kept + 1) // 2 if keep_end else kept
        short = f"{text[:head].rstrip()}…{text[len(text) - kept + head :] if keep_end else ''}"
    return short
