"""What the user named: spec strings become objects."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from audiolime_ext import registry
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization import Factorization
from audiolime_ext.prediction import FunctionTagger, Tagger, as_tagger


def resolve_tagger(given: Any, *, sr: int | None = None) -> Tagger:
    """The tagger that a spec string names, or that a predict function is; see `as_tagger` and `registry.build`."""
    if not isinstance(given, str):
        return as_tagger(given, sr=sr)
    built = as_tagger(registry.build("tagger", given), sr=sr)
    return replace(built, spec=given) if isinstance(built, FunctionTagger) else built


def resolve_factorization(given: Factorization | str) -> Factorization:
    """The factorization that a spec string names, or the one given.

    Raises
    ------
    UsageError
        If it is none.
    """
    built = registry.build("factorization", given) if isinstance(given, str) else given
    if not callable(getattr(built, "factorize", None)) or isinstance(built, type):
        raise UsageError(f"a factorization has a method factorize(audio, *, start_s, duration_s); got {built!r}")
    return built
