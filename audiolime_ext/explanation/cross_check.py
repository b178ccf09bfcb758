"""A second separator's word: does it find the same sound behind a label?

Names prove nothing here: one separator's guitar is another's "other". So agreement is measured in sound, by the same
measure as `audiolime_ext.factorization.confusion`: how much of the energy of what the first names lies in what the
second names, and how much of the second's in the first's. Both from one half on: they agree. The first only: what the
second names is wider and holds other sound besides, which it cannot tell apart. Else they do not agree.

The second explanation is of the same excerpt, the same labels and the same settings, and costs predictions of its own,
which are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.confusion import OWN
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.factorization.landing import lands_in
from audiolime_ext.text import counted

if TYPE_CHECKING:
    from audiolime_ext.explanation.explanation import Explanation

Word = Literal["agree", "wider", "disagree", "only one has a leader", "neither has a leader"]


@dataclass(frozen=True)
class Agreement:
    """What both say about one label.

    Parameters
    ----------
    label : str
        Label that both explain.
    first, second : str or None
        Sources that each names for the label, joined by "or" where it does not tell them apart; None where it names
        none.
    lies_in, reverse : float or None
        Share (0 to 1) of the first's energy that lies in the second, and of the second's in the first; None unless both
        name a source.
    """

    label: str
    first: str | None
    second: str | None
    lies_in: float | None = None
    reverse: float | None = None

    @property
    def word(self) -> Word:
        """What that amounts to (see the module)."""
        if self.lies_in is None or self.reverse is None:
            return "neither has a leader" if self.first is self.second is None else "only one has a leader"
        if self.lies_in < OWN:
            return "disagree"
        return "agree" if self.reverse >= OWN else "wider"


@dataclass(frozen=True)
class CrossCheck:
    """What a second separator says about the labels of an explanation.

    Parameters
    ----------
    factorization : str
        Spec of the second separator.
    n_evals : int
        Number of predictions that it took.
    labels : tuple of Agreement
        Comparison for each label.
    """

    factorization: str
    n_evals: int
    labels: tuple[Agreement, ...]

    def remarks(self, called: Callable[[str], str] = str) -> list[str]:
        """A line on how many predictions it took, and a sentence for each label, as `called` names it.

        Examples
        --------
        >>> found = CrossCheck("hpss", 4, (Agreement("rock", "drums", "percussive", 0.71, 0.8),))
        >>> print(*found.remarks(), sep=chr(10))
        cross-checked with hpss, by 4 more predictions, its checks included
        rock: hpss agrees: 71 % of drums lies in its percussive
        """
        asked = counted(self.n_evals, "more prediction")
        head = f"cross-checked with {self.factorization}, by {asked}, its checks included"
        return [head, *(self._sentence(one, called(one.label)) for one in self.labels)]

    def _sentence(self, one: Agreement, label: str) -> str:
        other = self.factorization
        if one.lies_in is None or one.reverse is None:
            if one.word == "neither has a leader":
                return f"{label}: {other} names no source either"
            if one.first is None:
                return f"{label}: no source is named here, by {other} {one.second} is"
            return f"{label}: {one.first} is named here, by {other} no source is"
        share = f"{100 * one.lies_in:.0f} % of {one.first} lies in its {one.second}"
        if one.word == "disagree":
            return f"{label}: {other} does not agree: only {share}"
        besides = f", which holds more besides ({100 * one.reverse:.0f} % of it is {one.first})"
        return f"{label}: {other} agrees: {share}{besides if one.word == 'wider' else ''}"

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        labels = [{**asdict(one), "word": one.word} for one in self.labels]
        return {"factorization": self.factorization, "n_evals": self.n_evals, "labels": labels}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any] | None) -> CrossCheck | None:
        """From what `to_dict` gave; None stays None."""
        if plain is None:
            return None
        labels = ({name: value for name, value in one.items() if name != "word"} for one in plain["labels"])
        return cls(plain["factorization"], plain["n_evals"], tuple(Agreement(**one) for one in labels))


def another(second: Factorization, first: Factorization) -> Factorization:
    """The second factorization.

    Raises
    ------
    UsageError
        If it is the first: nothing checks itself.
    """
    same = bool(first.fingerprint) and (second.spec, second.fingerprint) == (first.spec, first.fingerprint)
    if same or getattr(second, "given", second) is getattr(first, "given", first):
        raise UsageError(f"{first.spec or 'a factorization'} cannot check itself; name another separator, such as hpss")
    return second


def compare(first: Explanation, second: Explanation, labels: Sequence[str]) -> CrossCheck:
    """What the second explanation, of the same excerpt by another separator, says about the labels of the first."""
    spec = second.provenance.factorization or "the other separator"
    return CrossCheck(spec, second.n_evals + second.checks.n_evals, tuple(_agreement(first, second, n) for n in labels))


def _agreement(first: Explanation, second: Explanation, label: str) -> Agreement:
    tops = first.top(label=label), second.top(label=label)
    one, other = (" or ".join(top.components) or None for top in tops)
    if tops[0].audio is None or tops[1].audio is None:
        return Agreement(label, one, other)
    ours, theirs = tops[0].audio.samples, tops[1].audio.samples
    mixture, sr = first.mixture.samples, first.mixture.sr
    there, back = lands_in(ours, mixture, theirs[None], sr), lands_in(theirs, mixture, ours[None], sr)
    return Agreement(label, one, other, round(float(there[0]), 4), round(float(back[0]), 4))
