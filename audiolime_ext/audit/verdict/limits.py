"""The limit: the share of flipped decisions with which every pair of class and component is compared.

A deterministic model never has an effect of exactly zero, so "is there an effect?" would flag every model. What is
asked is whether decisions flip more often than a limit that was chosen before anything was seen. There are two kinds:
*δ of a factorization*, which tells clean models from confounded ones where it splits the recordings, and *a tolerance*:
what those who admit models can accept. Every verdict names its limit and where that comes from.

δ lies halfway between the most frequent flips that a clean development model showed for anything that should not
matter and the least frequent that a confounded one showed for its confounder (examples/guitar_vs_piano, seeds 0 and 10
to 12 on 45 songs each: .13 and .58 with true stems, .19 and .61 with HPSS, .14 and .61 with Cerberus's four stems, of
which it merges two by default today). It was frozen before the models of other seeds were audited. Nobody has measured
it for any other factorization, or for other weights of these: there it is a convention, and is called one.
"""

from __future__ import annotations

from dataclasses import dataclass

from audiolime_ext.audit.measurement.heard import TRUE_STEMS
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.errors import UsageError
from audiolime_ext.registry import split_spec
from audiolime_ext.text import share_of

DELTAS = {TRUE_STEMS: 0.36, "cerberus": 0.38, "hpss": 0.4}
CONVENTION = 0.5  # the δ of any other
TOLERANCE = 0.05  # of a gate that is given none
_MEASURED = "measured on models of known faults that tell guitars from pianos"
_MEASURED_WITH = {"cerberus": ", with its four stems apart"}  # where the stems are different by default today


@dataclass(frozen=True)
class Limit:
    """A share of flipped decisions, and where it comes from.

    Parameters
    ----------
    share : float
        Share of decisions, between 0 and 1.
    name : str
        Name of the limit, such as "δ of true stems".
    origin : str
        Origin of the limit; "" where the name says it already.

    Raises
    ------
    UsageError
        If the share is 0 or less, or 1 or more.

    Examples
    --------
    >>> print(Limit(0.36, "δ of true stems", "measured on four models").text)
    limit 36 %: δ of true stems, measured on four models
    """

    share: float
    name: str
    origin: str = ""

    def __post_init__(self) -> None:
        """Check the share."""
        if not 0 < self.share < 1:
            raise UsageError(
                f"{self.name} must lie between 0 and 1, not {self.share!r}: no model's effect is exactly 0; .05 is "
                "usual for a gate"
            )

    @property
    def percent(self) -> str:
        """Such as ``"36 %"``."""
        return f"{100 * self.share:.4g} %"

    @property
    def text(self) -> str:
        """The whole limit, for a heading."""
        return f"limit {self.percent}: {self.name}" + (f", {self.origin}" if self.origin else "")

    @property
    def sentence(self) -> str:
        """The same, as a sentence."""
        return f"L{self.text[1:]}."


def delta_for(factorization: str) -> Limit:
    """The δ of a factorization, by its spec; options such as ``?merge=`` do not change it.

    Examples
    --------
    >>> delta_for("cerberus?merge=piano+guitar").text
    'limit 38 %: δ of cerberus, measured on models of known faults that tell guitars from pianos, with its four stems
    apart'
    >>> delta_for("spleeter:2stems").text, delta_for("cerberus:own.onnx").text
    ('limit 50 %: a convention, not measured for spleeter', 'limit 50 %: a convention, not measured for cerberus:…')
    """
    name, argument = split_spec(factorization)
    own = name in DELTAS and argument.partition("?")[0]
    if name not in DELTAS or own:
        return Limit(CONVENTION, f"a convention, not measured for {name}" + (":…" if own else ""))
    return Limit(
        DELTAS[name], f"δ of {'true stems' if name == TRUE_STEMS else name}", _MEASURED + _MEASURED_WITH.get(name, "")
    )


def floor_of(results: Results) -> Limit | None:
    """The limit beyond which flips are the model's, and not the separator's leakage; None where stems are true.

    It is δ: some decisions of a clean model flip, too, where part of the instrument that it hears is in another stem. A
    tolerance below δ can be shown to be kept, but that it is exceeded can be shown only beyond δ.
    """
    return None if results.identity.factorization == TRUE_STEMS else limit_of(results)


def given(share: float) -> Limit:
    """The limit that the caller gave."""
    return Limit(share, "the limit you gave")


def tolerance(share: float | None = None) -> Limit:
    """The limit of a gate: the share it was given; None: the usual one.

    Examples
    --------
    >>> print(tolerance(0.1).text, tolerance().text, sep="; ")
    limit 10 %: the tolerance you gave; limit 5 %: the tolerance of a gate that is given none
    """
    if share is None:
        return Limit(TOLERANCE, "the tolerance of a gate that is given none")
    return Limit(share, "the tolerance you gave")


def limit_of(results: Results) -> Limit:
    """δ of the factorization that recordings were really split by.

    Audits used to take the true stems that a manifest names even where another factorization was asked for, and to
    keep them under its name. For such a store nobody has measured a limit, and this says so.
    """
    named = results.identity.factorization
    if named != TRUE_STEMS and any(entry.stems for entry in results.entries):
        n = sum(entry.stems is not None for entry in results.entries)
        were = share_of(n, len(results.entries), "recording", verb=("was", "were"))
        name = split_spec(named)[0]
        return Limit(
            CONVENTION,
            f"a convention, for {were} split by true stems, not by {name}",
        )
    return delta_for(named)
