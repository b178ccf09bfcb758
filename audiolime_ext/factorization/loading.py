"""A factorization from what the user gives: a spec string, or the factorization itself."""

from __future__ import annotations

from audiolime_ext import registry
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.contract import Factorization


def load_factorization(given: Factorization | str) -> Factorization:
    """The factorization that a spec string names, or the one given.

    Raises
    ------
    UsageError
        If it is not a factorization.
    MissingError
        If it needs a package or a checkpoint that is missing.

    Examples
    --------
    >>> load_factorization("bands:4").spec
    'bands:4'
    """
    built = registry.build("factorization", given) if isinstance(given, str) else given
    if not callable(getattr(built, "factorize", None)) or isinstance(built, type):
        raise UsageError(f"a factorization has a method factorize(audio, *, start_s, duration_s); got {built!r}")
    return built
