"""Text: numbers of things in words, small tables, and files as programs save them.

Files are UTF-8, with or without a byte-order mark, or the encoding that their mark names. A spreadsheet's “Unicode
text” is UTF-16, whose mark cannot begin a UTF-8 file; so nothing is guessed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

Row = Sequence[str]
CODE = "\n    from audiolime_ext import "  # how the lines of Python begin that an error shows at its end

_HYPHEN = re.compile(r"(?<![\w.-])-(?=\.?\d)")


def counted(n: int, one: str, several: str = "") -> str:
    """A number of things in words; `several` is the plural, where it is not formed with -s.

    Examples
    --------
    >>> counted(1, "window"), counted(0, "window"), counted(2, "data file is", "data files are")
    ('1 window', '0 windows', '2 data files are')
    """
    return f"{n} {one if n == 1 else several or f'{one}s'}"


def shortened(text: str, most: int = 100) -> str:
    r"""A text in one line of at most `most` characters, cut with an ellipsis where it is longer.

    Examples
    --------
    >>> shortened("Tensor([0.1,\n        0.2])", 15)
    'Tensor([0.1, 0…'
    """
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def minus(text: str) -> str:
    """A text with a true minus sign before its negative numbers, as pages write them.

    Examples
    --------
    >>> minus("-17.2 dB (+0.20, -0.30), R-2, spleeter-4, 1-2")
    '−17.2 dB (+0.20, −0.30), R-2, spleeter-4, 1-2'
    """
    return _HYPHEN.sub("\N{MINUS SIGN}", text)


def share_of(part: int, n: int, one: str, *, verb: tuple[str, str] = ("is", "are")) -> str:
    """How many of `n` things, with the verb for one or for several.

    Examples
    --------
    >>> share_of(1, 3, "window"), share_of(2, 3, "window"), share_of(0, 1, "window", verb=("was", "were"))
    ('1 of 3 windows is', '2 of 3 windows are', '0 of 1 window was')
    """
    return f"{part} of {counted(n, one)} {verb[part != 1 and n != 1]}"


def text_table(header: Row, rows: Sequence[Row], *, left: Sequence[int] = (0,)) -> str:
    """Columns padded to one width, those numbered in `left` flush left, the others flush right.

    Examples
    --------
    >>> print(text_table(["tag", "score"], [["jazz", "0.51"], ["female vocalists", "0.07"]]))
    tag               score
    jazz               0.51
    female vocalists   0.07
    """
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def html_table(header: Row, rows: Sequence[Row]) -> str:
    """The same as an HTML table; every cell is escaped."""
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
