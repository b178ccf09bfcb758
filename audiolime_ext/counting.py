"""Numbers of things in words, one of a thing as one."""

from __future__ import annotations


def counted(n: int, one: str, several: str = "") -> str:
    """So many of a thing; `several` is what more than one are called, where that is no -s.

    Examples
    --------
    >>> counted(1, "window"), counted(0, "window"), counted(2, "data file is", "data files are")
    ('1 window', '0 windows', '2 data files are')
    """
    return f"{n} {one if n == 1 else several or f'{one}s'}"


def share_of(part: int, n: int, one: str, *, verb: tuple[str, str] = ("is", "are")) -> str:
    """Some of so many things, with the verb that goes with how many they are.

    Examples
    --------
    >>> share_of(1, 3, "window"), share_of(2, 3, "window"), share_of(1, 1, "window", verb=("was", "were"))
    ('1 of 3 windows is', '2 of 3 windows are', '1 of 1 window was')
    """
    return f"{part} of {counted(n, one)} {verb[part != 1]}"
