"""Numbers as the page of a map writes them."""

from __future__ import annotations


def percent(share: float, digits: int = 0) -> str:
    """A share in per cent.

    Parameters
    ----------
    share : float
        Share, 1 for all.
    digits : int
        Number of digits after the point.

    Examples
    --------
    >>> percent(0.934), percent(0.0005, 2)
    ('93 %', '0.05 %')
    """
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"
