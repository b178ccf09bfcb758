"""What the user named: spec strings become objects."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

from audiolime_ext import registry
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.prediction.contract import Tagger
from audiolime_ext.prediction.function import FunctionTagger, as_tagger


def resolve_tagger(given: Any, *, sr: int | None = None, batch_size: int | None = None) -> Tagger:
    """The tagger that a spec string names, or that a predict function is; see `as_tagger` and `registry.build`.

    Parameters
    ----------
    given
        What the user named.
    sr
        The rate at which a plain function listens, in Hz.
    batch_size
        The most signals that it is to hear at a time; None: as it says itself.
    """
    if not isinstance(given, str):
        return _in_batches(as_tagger(given, sr=sr), batch_size)
    built = as_tagger(registry.build("tagger", given), sr=sr)
    return _in_batches(replace(built, spec=given) if isinstance(built, FunctionTagger) else built, batch_size)


def _in_batches(model: Tagger, size: int | None) -> Tagger:
    """A copy that is asked about so many signals at a time."""
    if size is None:
        return model
    if isinstance(model, FunctionTagger):
        return replace(model, batch_size=size)
    other = copy(model)
    try:
        other.batch_size = size  # type: ignore[misc]
    except AttributeError as error:
        raise UsageError(
            f"{type(model).__name__} does not let its batch_size be set ({error}); set it there"
        ) from error
    return other


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
