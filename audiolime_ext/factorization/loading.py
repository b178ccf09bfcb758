"""What the user named becomes a factorization."""

from __future__ import annotations

from audiolime_ext import registry
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.contract import Factorization


def load_factorization(given: Factorization | str) -> Factorization:
    """The factorization that a spec string names, or the one given.

    Raises
    ------
    UsageError
        If it is none.
    MissingError
        If it needs a package or a checkpoint that is not at hand.

    Examples
    --------
    >>> load_factorization("bands:4").spec
    'bands:4'
    """
    built = registry.build("factorization", given) if isinstance(given, str) else given
    if not callable(getattr(built, "factorize", None)) or isinstance(built, type):
        raise UsageError(f"a factorization has a method factorize(audio, *, start_s, duration_s); got {built!r}")
    return built
