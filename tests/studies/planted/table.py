"""The table of the study, what it must show, and the rates that are frozen.

A *rate* is the share of answerable cases (something leads, the model says this, and the separator divides the excerpt)
in which the right part was named; each kind of listener counts as much as any other. A separator's rate is frozen at
what the development songs gave, less a margin: a product that names less and less would also make no mistakes. The
other songs are judged.

What a stem may hold is part of the answer. How often its name would be wrong without that word is printed besides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from tests.studies.planted.judge import ABSTAINED, RIGHT, WRONG

TRUE_STEMS = "true stems"
LEAST_RIGHT = 0.95  # of all cases with true stems
MARGIN = 0.05
# Development songs less the margin: a sketch, “Feelings”, two rendered by MMA, one of these with a singer, too.
FROZEN = {"cerberus": 0.92, "spleeter:2stems": 0.88, "hpss": 0.92, "bands:mel-5": 0.93}

Record = dict[str, Any]


def counts(records: Iterable[Record]) -> Counter[str]:
    """How often each outcome was reached."""
    return Counter(record["outcome"] for record in records)


def rate(records: Iterable[Record]) -> float:
    """The mean over kinds of the share of answerable cases that were answered rightly; NaN where there are none.

    >>> rate([{"kind": "level", "answerable": True, "outcome": "right"}, {"kind": "or", "answerable": False}])
    1.0
    """
    by_kind: dict[str, list[bool]] = defaultdict(list)
    for record in records:
        if record["answerable"]:
            by_kind[record["kind"]].append(record["outcome"] == RIGHT and bool(record.get("named", True)))
    shares = [sum(right) / len(right) for right in by_kind.values()]
    return sum(shares) / len(shares) if shares else float("nan")


def as_text(records: Sequence[Record]) -> str:
    """A row for each kind, a column for each factorization: right / wrong / no answer."""
    factorizations = list(dict.fromkeys(record["factorization"] for record in records))
    factorizations.sort(key=lambda name: name != TRUE_STEMS)
    kinds = list(dict.fromkeys(record["kind"] for record in records))
    wide = max(map(len, kinds), default=0) + 1
    lines = [" " * wide + "".join(f"{name:>18}" for name in factorizations)]
    for kind in [*kinds, "all"]:
        row = [record for record in records if kind in ("all", record["kind"])]
        cells = [counts(r for r in row if r["factorization"] == name) for name in factorizations]
        marks = [f"{c[RIGHT]} / {c[WRONG]} / {c[ABSTAINED]}" if c else "–" for c in cells]
        lines.append(f"{kind:{wide}}" + "".join(f"{mark:>18}" for mark in marks))
    rates = [rate(r for r in records if r["factorization"] == name) for name in factorizations]
    lines.append(f"{'answered rightly':{wide}}" + "".join(f"{share:18.3f}" for share in rates))
    bare = [wrong_without_notes(r for r in records if r["factorization"] == name) for name in factorizations]
    lines.append(f"{'wrong without notes':{wide}}" + "".join(f"{share:18.3f}" for share in bare))
    return "\n".join(lines)


def wrong_without_notes(records: Iterable[Record]) -> float:
    """The share of sentences that would be wrong if nothing were said of what stems may hold; NaN: not looked at."""
    found = [record["bare"] == WRONG for record in records if "bare" in record]
    return sum(found) / len(found) if found else float("nan")


def sentences(records: Iterable[Record], most: int = 2) -> list[str]:
    """The wrong ones: at most so many of each kind and factorization, with the number of all."""
    found: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for record in records:
        if record["outcome"] == WRONG:
            found[record["setting"], record["factorization"], record["kind"]].append(record)
    return [
        f"{factorization}, {setting}, {kind} ({len(group)}): {one['song']}, {'/'.join(one['roles'])}: "
        f"“{one['sentence']}” ({one['why']})"
        for (setting, factorization, kind), group in found.items()
        for one in group[:most]
    ]


def missed(records: Sequence[Record]) -> list[str]:
    """What the study must show and does not; empty: nothing."""
    found = []
    if wrong := counts(records)[WRONG]:
        found.append(f"{wrong} of {len(records)} sentences name what is not so; there must be none")
    for setting in dict.fromkeys(record["setting"] for record in records):
        true = [r for r in records if r["factorization"] == TRUE_STEMS and r["setting"] == setting]
        share = counts(true)[RIGHT] / len(true) if true else 1.0
        if share < LEAST_RIGHT:
            found.append(f"{setting}: with true stems {share:.3f} are right; {LEAST_RIGHT} must be")
    judged = [record for record in records if not record["development"] and record["setting"] == "plain"]
    for factorization, least in FROZEN.items():
        reached = rate(record for record in judged if record["factorization"] == factorization)
        if reached < least:
            found.append(f"{factorization}: {reached:.3f} are answered rightly; {least:.2f} is frozen")
    return found


def to_freeze(records: Sequence[Record]) -> dict[str, float]:
    """Rates of the development songs, less the margin, for each separator."""
    chosen = [record for record in records if record["development"] and record["setting"] == "plain"]
    names = dict.fromkeys(r["factorization"] for r in chosen if r["factorization"] != TRUE_STEMS)
    return {name: round(rate(r for r in chosen if r["factorization"] == name) - MARGIN, 2) for name in names}
