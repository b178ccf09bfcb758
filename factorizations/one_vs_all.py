"""One source of any separator against everything else: the guitar, and the rest.

``ova:cerberus:guitar``, ``ova:spleeter:2stems:vocals``, ``ova:oracle:DIR:drums``: the last word is the source, what is
between is the separator. `rest` is the sum of all its other stems and of what they miss.
"""

from __future__ import annotations

import numpy as np

from audiolime_ext.audio import Audio
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.factorization import Factorization, Scope, Stems
from audiolime_ext.registry import build

REST = "rest"
VARIANTS = {"SEPARATOR:SOURCE": None}


class OneVsAllFactorization:
    """A separator's stem `source`, and all other sound as ``rest``.

    Parameters
    ----------
    separator
        Any factorization.
    source
        Name of one of its stems.
    spec
        The string that builds it again; found from the separator's if not given.

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
        """Of the separator and the source."""
        return f"ova-{self.source}-{self.separator.fingerprint}"

    @property
    def scope(self) -> Scope:
        """The separator's."""
        return self.separator.scope

    @property
    def references(self) -> tuple[str, ...]:
        """The separator's."""
        return self.separator.references

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        """Two stems of one excerpt; see `audiolime_ext.factorization.Factorization`.

        Raises
        ------
        UsageError
            If the separator has no such source.
        """
        stems = self.separator.factorize(audio, start_s=start_s, duration_s=duration_s)
        if self.source not in stems.names:
            raise unknown(f"source of {self.separator.spec or 'the separator'}", self.source, stems.names)
        one = stems.samples[stems.names.index(self.source)]
        first, end = audio.span(start_s, duration_s)
        both = np.stack([one, audio.samples[:, first:end] - one])
        return Stems((self.source, REST), both, stems.sr, stems.notes, stems.transcription)


def make(argument: str) -> OneVsAllFactorization:
    """``ova:SEPARATOR:SOURCE``, where SEPARATOR is any factorization's spec.

    Raises
    ------
    UsageError
        If one of the two is missing.
    """
    separator, _, source = argument.rpartition(":")
    if not separator or not source:
        raise UsageError(f"ova needs a separator and one of its sources, not {argument!r}: ova:cerberus:guitar")
    return OneVsAllFactorization(build("factorization", separator), source)
