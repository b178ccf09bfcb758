"""The tables of `examples.library.reasons`: what is said by each separator, and how often two of them agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

Record = dict[str, Any]

TRUE_STEMS = "true stems"
MERGED = {"piano": "piano+guitar", "guitar": "piano+guitar"}
HALVES = {"guitar": "guitar", "piano": "guitar", "piano+guitar": "guitar"}  # all other stems are the rest
# Separators that are compared, and what of each is called alike.
COMPARED: Sequence[tuple[str, str, Mapping[str, str] | None]] = (
    ("cerberus", "cerberus?merge=none", MERGED),
    (TRUE_STEMS, "cerberus", HALVES),
    (TRUE_STEMS, "cerberus?merge=none", HALVES),
)
_ABOUT = (
    ("a stem leads", lambda one: one["state"] == "leads"),
    ("not told apart", lambda one: one["state"] == "tied"),
    ("nothing to tell apart", lambda one: one["state"] == "whole"),
    ("nothing argues", lambda one: one["state"] == "nothing"),
    ("not known", lambda one: one["state"] == "unknown"),
    ("silence has half or more", lambda one: one["silence"] >= one["score"] / 2),
)
_OF_LEADERS = (
    ("it leads in most windows", lambda one: 2 * one["agree"] > one["windows"]),
    ("it may be its level", lambda one: one["level"]),
    ("without it another song is nearest", lambda one: one["moves"]),
)


def as_markdown(found: Sequence[Record]) -> str:
    """All tables."""
    names = list(dict.fromkeys(one["separator"] for one in found))
    by_name = {name: [one for one in found if one["separator"] == name] for name in names}
    rows = [["songs", *(str(len(some)) for some in by_name.values())]]
    rows += [[what, *(_share(map(so, some)) for some in by_name.values())] for what, so in _ABOUT]
    rows += [["silence's share of the similarity, median", *(_silence(some) for some in by_name.values())]]
    leading = {name: [one for one in some if one["state"] == "leads"] for name, some in by_name.items()}
    for what, so in _OF_LEADERS:
        rows.append([f"of those that lead: {what}", *(_share(map(so, some)) for some in leading.values())])
    agreed = [_agreement(by_name.get(one, []), by_name.get(other, []), names) for one, other, names in COMPARED]
    compared = [[f"{one} and {other}", *cells] for (one, other, _), cells in zip(COMPARED, agreed, strict=True)]
    header = ["separators", "songs", "a reason by both", "the same, summed", "the same, as named"]
    return f"{_table(['', *names], rows)}\n\n{_table(header, compared)}\n"


def top(one: Record, called: Mapping[str, str] | None, rest: str = "rest") -> str:
    """The stem that adds most, after those that are called alike are summed.

    >>> top({"shares": {"piano": 0.2, "guitar": 0.2, "drums": 0.3}}, MERGED)
    'piano+guitar'
    >>> top({"shares": {"piano": 0.1, "vocals": 0.1, "drums": 0.3}}, HALVES)
    'rest'
    """
    sums: dict[str, float] = {}
    for stem, share in one["shares"].items():
        name = _called(stem, called, rest)
        sums[name] = sums.get(name, 0.0) + share
    return max(sums, key=lambda name: sums[name])


def _called(stem: str, called: Mapping[str, str] | None, rest: str = "rest") -> str:
    return stem if called is None else called.get(stem, stem if called is MERGED else rest)


def _agreement(some: Sequence[Record], others: Sequence[Record], called: Mapping[str, str] | None) -> list[str]:
    """Songs that both were asked about, of which both name a reason, and of which it is the same: after summing what is
    called alike, and by the stem that is named first.
    """
    by_song = {one["song"]: one for one in others}
    pairs = [(one, by_song[one["song"]]) for one in some if one["song"] in by_song]
    named = [pair for pair in pairs if all(one["state"] in ("leads", "tied") for one in pair)]
    same = [top(one, called) == top(other, called) for one, other in named]
    first = [_called(one["first"][0], called) == _called(other["first"][0], called) for one, other in named]
    return [str(len(pairs)), str(len(named)), _share(same), _share(first)]


def _share(so: Iterable[Any]) -> str:
    """``7 of 10``; a dash where there are none."""
    known = [bool(one) for one in so if one is not None]
    return f"{sum(known)} of {len(known)}" if known else "–"


def _silence(some: Sequence[Record]) -> str:
    shares = [one["silence"] / one["score"] for one in some if one["score"] > 0]
    return f"{median(shares):.2f}" if shares else "–"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    ruler = ["---", *["--:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ruler, *rows))
