"""Small tables of text for terminals and notebooks."""

from __future__ import annotations

import html
from collections.abc import Sequence

Row = Sequence[str]


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
