"""One source of any separator against everything else: the guitar, and the rest.

``ova:cerberus:drums``, ``ova:spleeter:2stems:vocals``, ``ova:oracle:DIR:drums``: the last word is the source, what is
between is the separator. `rest` is the sum of all its other stems and of what they miss.

A source that its separator cannot tell from another is not a stem of its own there, and asking for it is refused:
``ova:cerberus:piano+guitar`` can be had. To get the stem that is called guitar nevertheless, write
``ova:cerberus?merge=none:guitar``; the result then says what it may hold.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.factorization.confusion import Confusion
from audiolime_ext.factorization.contract import Factorization, Scope
from audiolime_ext.factorization.holding import confusion_of
from audiolime_ext.factorization.stems import Stems
from audiolime_ext.registry import build, formerly_meant

REST = "rest"
VARIANTS = {"SEPARATOR:SOURCE": None}


class OneVsAllFactorization:
    """A separator's stem `source`, and all other sound as ``rest``.

    Parameters
    ----------
    separator : Factorization
        Factorization that has the stem.
    source : str
        Name of one of its stems.
    spec : str or None
        Spec string that builds it again; None: it is made from the separator's.

    Examples
    --------
    >>> import numpy as np
    >>> from factorizations.hpss import HPSSFactorization
    >>> noise = Audio(np.random.default_rng(0).normal(0, 0.1, (1, 8000)).astype(np.float32), 8000)
    >>> OneVsAllFactorization(HPSSFactorization(), "percussive").factorize(noise).names
    ('percussive', 'rest')
    """

    def __init__(self, separator: Factorization, source: str, *, spec: str | None = None) -> None:
        self.separator, self.source = separator, source
        self.spec = spec or (f"ova:{separator.spec}:{source}" if separator.spec else None)

    @property
    def fingerprint(self) -> str:
        """The separator's fingerprint, and the source."""
        return f"ova-{self.source}-{self.separator.fingerprint}"

    @property
    def scope(self) -> Scope:
        """The separator's scope."""
        return self.separator.scope

    @property
    def references(self) -> tuple[str, ...]:
        """The separator's references."""
        return self.separator.references

    @property
    def confusion(self) -> Confusion | None:
        """The separator's confusion, for these two stems; None where nothing was measured."""
        measured: Confusion | None = getattr(self.separator, "confusion", None)
        return measured and measured.split_as((self.source, REST))

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        """Two stems of one excerpt; see `audiolime_ext.factorization.contract.Factorization`.

        Raises
        ------
        UsageError
            If the separator has no such source.
        """
        stems = self.separator.factorize(audio, start_s=start_s, duration_s=duration_s)
        _require(self.source, stems.names, self.separator.spec)
        one = stems.samples[stems.names.index(self.source)]
        first, end = audio.span(start_s, duration_s)
        both = np.stack([one, audio.samples[:, first:end] - one])
        return Stems((self.source, REST), both, stems.sr, stems.notes, stems.transcription)


def _require(source: str, stems: Sequence[str], separator: str | None) -> None:
    """Raise `UsageError` unless a separator has a stem of that name; for a merged source the message is another."""
    if source in stems:
        return
    merged = next((stem for stem in stems if source in stem.split("+")), None)
    if merged is None:
        raise unknown(f"source of {separator or 'the separator'}", source, stems)
    name, others = separator or "the separator", [each for each in merged.split("+") if each != source]
    raise UsageError(
        f"{name} does not tell {source} from {' and '.join(others)}: they are one stem there. Write ova:{name}:{merged}"
        f" or, for the stem called {source}, whatever it holds, ova:{name.partition('?')[0]}?merge=none:{source}"
    )


def _split(argument: str) -> tuple[str, str]:
    """The separator's spec and the source."""
    separator, _, source = argument.rpartition(":")
    return separator, source


def confusion(argument: str) -> Confusion | None:
    """The separator's confusion, for the source and the rest."""
    separator, source = _split(argument)
    measured = confusion_of(separator)
    return measured and measured.split_as((source, REST))


def formerly(argument: str) -> str | None:
    """The argument that means today what this one meant when its separator's spec meant something else."""
    separator, source = _split(argument)
    then = formerly_meant(separator)
    return then and f"{then}:{source}"


def make(argument: str) -> OneVsAllFactorization:
    """``ova:SEPARATOR:SOURCE``, where SEPARATOR is any factorization's spec.

    Raises
    ------
    UsageError
        If one of the two is missing, or the separator has merged the source with another.
    """
    separator, source = _split(argument)
    if not separator or not source:
        raise UsageError(f"ova needs a separator and one of its sources, not {argument!r}: ova:cerberus:drums")
    built = build("factorization", separator)
    stems = getattr(built, "instruments", ())
    if any(source in stem.split("+") for stem in stems):
        _require(source, stems, separator)
    return OneVsAllFactorization(built, source)
