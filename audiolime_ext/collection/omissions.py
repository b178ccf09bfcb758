"""What is left out of a collection, in words: how many, why, and some of their names."""

from __future__ import annotations

from collections.abc import Sequence

from audiolime_ext.files.names import legible

SHOWN = 3  # names in one sentence


def left_out(names: Sequence[str], one: str, several: str) -> str:
    """A sentence on what is left out; "" where nothing is.

    Parameters
    ----------
    names : sequence of str
        Names of everything that is left out.
    one, several : str
        Words that follow the number, for one of them and for more.

    Examples
    --------
    >>> left_out(["a.wav"], "song has no file", "songs have no file")
    '1 song has no file: a.wav'
    >>> left_out(list("abcd"), "song has no file", "songs have no file")
    '4 songs have no file: a, b, c, …'
    """
    return f"{len(names)} {one if len(names) == 1 else several}: {some(names)}" if names else ""


def some(names: Sequence[str]) -> str:
    """The first of these names, and a mark where there are more."""
    return ", ".join([*map(legible, names[:SHOWN]), *["…"] * (len(names) > SHOWN)])
