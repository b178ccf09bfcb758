"""What can go wrong, and the exit code that the command line answers with.

::

    AudiolimeError                 1
    ├── UsageError  (ValueError)   2   an argument cannot be used: unknown label, method, spec, …
    ├── MissingError               3   an extra, a checkpoint or an audit's store is missing
    │   └── CorruptError           3   … or is there, but damaged or not what its publisher released
    ├── AudioError  (ValueError)   4   audio that cannot be read or used
    ├── ModelError                 1   the user's model failed or answered nonsense
    │   └── UnfitModel             1   … as it would for any recording
    ├── OutputError (OSError)      1   the result cannot be written
    ├── OutOfMemory (MemoryError)  1   reading, separating or the model needs more memory than there is
    ├── NothingArgues              1   no component argues for the label (see `Explanation.top`)
    └── WorkersLost                8   workers are gone; what is done is kept, and the same command goes on

Every message says what was given, what is allowed and what to do next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AudiolimeError(Exception):
    """Root of the tree.

    Attributes
    ----------
    exit_code : int
        Exit code of the command line.
    for_all : bool
        True where every other recording would fail in the same way, so that there is no point in trying.

    Examples
    --------
    >>> UsageError("labels is empty").exit_code
    2
    """

    exit_code = 1
    for_all = False


class UsageError(AudiolimeError, ValueError):
    """An argument cannot be used."""

    exit_code = 2


class MissingError(AudiolimeError):
    """An optional package, a checkpoint or an audit's store is missing."""

    exit_code = 3


class CorruptError(MissingError):
    """A checkpoint or a store is there, but damaged or not what its publisher released."""


class AudioError(AudiolimeError, ValueError):
    """Audio that cannot be read or used."""

    exit_code = 4


class ModelError(AudiolimeError):
    """A model failed, or answered something that is not a prediction."""


class UnfitModel(ModelError):
    """A model that fails for every recording: the fault is its own."""

    for_all = True


class OutputError(AudiolimeError, OSError):
    """A result cannot be written."""


class OutOfMemory(AudiolimeError, MemoryError):
    """A part of the work needs more memory than there is."""


class NothingArgues(AudiolimeError):
    """No component of the recording argues for the label."""


class WorkersLost(AudiolimeError):
    """Workers are gone, or no longer answer; what is done is kept, and the audit or index can be resumed."""

    exit_code = 8


def told(error: BaseException) -> str:
    """What an error says, for a list of failures: one that is not ours by its kind, too.

    Examples
    --------
    >>> told(AudioError("it is empty")), told(KeyError("data"))
    ('it is empty', "unexpected KeyError: 'data'")
    """
    return str(error) if isinstance(error, AudiolimeError) else f"unexpected {type(error).__name__}: {error}"


def unknown(kind: str, given: object, allowed: Iterable[str]) -> UsageError:
    """The error for a name that is not among those allowed, with the nearest ones.

    Examples
    --------
    >>> str(unknown("label", "metall", ["rock", "metal"]))
    "unknown label 'metall'; did you mean 'metal'? (allowed: rock, metal)"
    >>> str(unknown("label", "femal", ["metal", "female vocalists"]))
    "unknown label 'femal'; did you mean 'female vocalists' or 'metal'? (allowed: metal, female vocalists)"
    """
    names, like = list(allowed), given.lower() if isinstance(given, str) else ""
    folded = {name.lower(): name for name in names}
    inside = sorted((name for name in folded if len(like) > 2 and like in name), key=len)
    similar = difflib.get_close_matches(like, folded, n=3)
    near = [folded[match] for match in dict.fromkeys([*inside, *similar])][:3]
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    return UsageError(f"unknown {kind} {given!r}{hint} (allowed: {', '.join(names)})")
