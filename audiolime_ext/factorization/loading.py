"""A factorization from what the user gives: a spec string, the factorization itself, or most of one.

Only the method `factorize` cannot be done without. Of what else a factorization says of itself, what is lacking is
taken for granted in the safest way, and results say so: its stems depend on the excerpt (scope ``"window"``), nothing
of it is kept in the cache (no fingerprint), and no spec string builds it again. One whose `factorize` takes a recording
alone is given the excerpt as a recording.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from typing import Any

from audiolime_ext import registry
from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.contract import Factorization, Scope
from audiolime_ext.factorization.stems import Stems
from audiolime_ext.text import CODE

_TAKEN = {"spec": None, "fingerprint": "", "scope": "window", "references": ()}
EXAMPLE = f"""{CODE}with_residual

    class Separator:
        spec, fingerprint, scope, references = None, "1", "window", ()

        def factorize(self, audio, *, start_s=0.0, duration_s=None):
            first, end = audio.span(start_s, duration_s)
            mixture = audio.samples[:, first:end]  # (n_channels, n_samples), at audio.sr
            return with_residual(mixture, ["vocals"], estimates(mixture), audio.sr)"""


def load_factorization(given: Factorization | str) -> Factorization:
    """The factorization that a spec string names, or the one given; see `Completed` for one that says too little.

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
        raise UsageError(
            f"a factorization has a method factorize(audio, *, start_s, duration_s); got {built!r}. This is one, with "
            f"estimates(mixture) of shape (n_names, n_channels, n_samples):{EXAMPLE}"
        )
    lacking = tuple(name for name in _TAKEN if not hasattr(built, name))
    whole = _takes_excerpts(built)
    if not lacking and whole:
        return built
    return Completed(built, lacking, whole, spec=given if isinstance(given, str) else getattr(built, "spec", None))


def require_fingerprint(factorization: Factorization) -> str:
    """The fingerprint of a factorization whose results are kept; `UsageError` if it has none."""
    if not factorization.fingerprint:
        raise UsageError(
            f"the factorization {factorization!r} has no fingerprint, so one that was changed could not be told from "
            "it; give it an attribute fingerprint, such as '1', and another one whenever its stems change"
        )
    return factorization.fingerprint


@dataclass(frozen=True, eq=False)
class Completed:
    """A factorization that says too little of itself, with what is lacking; see the module.

    Parameters
    ----------
    given : object
        Object that was given, with a method `factorize`.
    lacking : tuple of str
        Names of what it does not say.
    takes_excerpts : bool
        True if `factorize` takes a recording and an excerpt, False if a recording alone.
    spec : str or None
        Spec string that builds it again; None: there is none.

    Examples
    --------
    >>> import numpy as np
    >>> class Halves:
    ...     def factorize(self, audio):
    ...         half = audio.samples / 2
    ...         return Stems(("one", "other"), np.stack([half, half]), audio.sr)
    >>> made = load_factorization(Halves())
    >>> made.scope, made.factorize(Audio(np.ones((1, 8), np.float32), 4), start_s=1.0).samples.shape
    ('window', (2, 1, 4))
    """

    given: Any
    lacking: tuple[str, ...]
    takes_excerpts: bool
    spec: str | None

    @property
    def fingerprint(self) -> str:  # noqa: D102
        return str(getattr(self.given, "fingerprint", None) or "")

    @property
    def scope(self) -> Scope:  # noqa: D102
        stated: Scope = getattr(self.given, "scope", "window")
        return stated if self.takes_excerpts else "window"

    @property
    def references(self) -> tuple[str, ...]:  # noqa: D102
        return tuple(getattr(self.given, "references", ()))

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        """Stems of an excerpt, with a note on what was taken for granted."""
        if self.takes_excerpts:
            stems = self.given.factorize(audio, start_s=start_s, duration_s=duration_s)
        else:
            first, end = audio.span(start_s, duration_s)
            stems = self.given.factorize(Audio(audio.samples[:, first:end], audio.sr, audio.name))
        if not isinstance(stems, Stems) or "scope" not in self.lacking:
            return stems  # type: ignore[no-any-return]
        named = type(self.given).__name__
        note = f"{named} does not say what its stems depend on: they are made anew for each excerpt, of that alone"
        return replace(stems, notes=(*stems.notes, note))


def _takes_excerpts(built: Any) -> bool:
    try:
        stated = inspect.signature(built.factorize).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(one.name == "start_s" or one.kind is inspect.Parameter.VAR_KEYWORD for one in stated)
