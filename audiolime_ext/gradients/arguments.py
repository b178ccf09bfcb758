"""Arguments of the wrong kind are refused with a sentence, before any work.

Ranges are judged where they matter; here it is what a value *is*: a whole number, a number, a list of seconds, a
result.
"""

from __future__ import annotations

from numbers import Integral, Real
from types import UnionType
from typing import Any, get_args

from audiolime_ext.errors import UsageError
from audiolime_ext.prediction.targets import Target

_WHOLE = {"strongest": 3, "n_steps": 9, "most_steps": 64, "n_draws": 25, "seed": 0}
_NUMBERS = {"start_s": 30.0, "duration_s": 10.0, "near": 0.05, "noise": 0.15, "blur_frames": 2.0, "blur_bands": 0.0}
_MAY_BE_NONE = ("strongest", "n_steps", "duration_s", "near", "at")


def require_numbers(**given: Any) -> None:
    """Refuse what is no number where a map needs one; names are those of `audiolime_ext.relevance`.

    Raises
    ------
    UsageError
        If a value is of another kind.

    Examples
    --------
    >>> require_numbers(strongest=None, at=[3, 9.5], seed=1)
    >>> require_numbers(strongest=1.5)
    Traceback (most recent call last):
    audiolime_ext.errors.UsageError: strongest is 1.5; it is a whole number, such as strongest=3, or None
    """
    for name, value in given.items():
        if value is None and name in _MAY_BE_NONE:
            continue
        if name == "at":
            fits, kind = _are_seconds(value), "a list of seconds, such as at=[3.0, 9.5]"
        elif name in _WHOLE:
            fits = _is(value, Integral) and (name != "seed" or value >= 0)
            kind = f"a whole number{' from 0 on' if name == 'seed' else ''}, such as {name}={_WHOLE[name]}"
        else:
            fits, kind = _is(value, Real), f"a number, such as {name}={_NUMBERS[name]:g}"
        if not fits:
            none = ", or None" if name in _MAY_BE_NONE else ""
            raise UsageError(f"{name} is {value!r}; it is {kind}{none}")


def require_kinds(call: str, *given: tuple[Any, type | UnionType]) -> None:
    """Refuse results of another kind or in another order than a call takes them in.

    Parameters
    ----------
    call : str
        The call, with the names of what it takes.
    *given : (value, type or union of types)
        Values that it was given, each with its kinds.

    Raises
    ------
    UsageError
        If a value is of another kind.

    Examples
    --------
    >>> require_kinds("less(a, b)", (1, int), ("x", int | float))
    Traceback (most recent call last):
    audiolime_ext.errors.UsageError: less(a, b) takes int, then int or float; it was given int, then str
    """
    if not all(isinstance(value, kinds) for value, kinds in given):
        takes = [get_args(kinds) or (kinds,) for _, kinds in given]
        names = ", then ".join(" or ".join(kind.__name__ for kind in kinds) for kinds in takes)
        found = ", then ".join(type(value).__name__ for value, _ in given)
        raise UsageError(f"{call} takes {names}; it was given {found}")


def require_target(given: Any) -> Target:
    """The target itself; `UsageError` where it is something else, such as a similarity without a name.

    Examples
    --------
    >>> require_target("score")
    Traceback (most recent call last):
    audiolime_ext.errors.UsageError: the target is 'score', and no Target of one value; a similarity becomes one by a
    name, cosine_to(vector).target("like A"), a score by make_target("score", labels).only(0)
    """
    if not isinstance(given, Target):
        what = repr(given) if isinstance(given, str) else f"of the type {type(given).__name__}"
        raise UsageError(
            f"the target is {what}, and no Target of one value; a similarity becomes one by a name, "
            'cosine_to(vector).target("like A"), a score by make_target("score", labels).only(0)'
        )
    return given


def _is(value: Any, kind: Any) -> bool:
    """Whether a value is a number of a kind; True and False are none."""
    return isinstance(value, kind) and not isinstance(value, bool)


def _are_seconds(value: Any) -> bool:
    try:
        return not isinstance(value, (str, bytes)) and all(_is(one, Real) for one in value)
    except TypeError:
        return False
