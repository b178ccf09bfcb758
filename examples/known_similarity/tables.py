"""The tables: as CSV with every number, and as Markdown to read."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from audiolime_ext.text import counted
from examples.known_similarity.comparing import Compared, Estimate, of, pairs
from examples.known_similarity.design import LAYERS, NOTHING, SAME, SONGS, THINGS, Kind
from examples.known_similarity.embedding import USUAL

HEADER = ("embedder", "kind", "than", "n_sets", "n_songs")
MEASURES = ("similarity", "nearer", "way")
Found = Mapping[str, Sequence[Compared]]  # by embedder


def as_csv(found: Found, n_sets: int) -> str:
    """One line for each embedder and comparison."""
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n").writerow
    write([*HEADER, *(f"{measure}{end}" for measure in MEASURES for end in ("", "_low", "_high"))])
    for embedder, all_compared in found.items():
        for one in all_compared:
            estimates: list[Estimate] = [getattr(one, measure) for measure in MEASURES]
            numbers = [f"{number:.3f}" for each in estimates for number in (each.value, each.low, each.high)]
            write([embedder, one.kind, one.than, n_sets, n_sets * len(SONGS), *numbers])
    return text.getvalue()


def from_csv(text: str) -> Found:
    """What `as_csv` has written, to three decimals."""
    known = {(str(kind), str(than)): (kind, than) for kind, than in pairs()}
    found: dict[str, list[Compared]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        estimates = {m: Estimate(*(float(row[f"{m}{end}"]) for end in ("", "_low", "_high"))) for m in MEASURES}
        found.setdefault(row["embedder"], []).append(Compared(*known[row["kind"], row["than"]], **estimates))
    return found


def as_markdown(found: Found, n_sets: int) -> str:
    """All tables, one column an embedder."""
    about = f"{counted(n_sets * len(SONGS), 'song')} in {counted(n_sets, 'set')}; in brackets 95 % intervals."
    return "\n\n".join([about, *(f"## {title}\n\n{table}" for title, table in sections(found).items())]) + "\n"


def sections(found: Found) -> Mapping[str, str]:
    """Each table in Markdown, by its title."""
    header = ["", *(USUAL.get(embedder, f"`{embedder}`") for embedder in found)]
    return {
        title: _table(header, [[name, *(_cell(tell(one)) for one in found.values())] for name, tell in rows.items()])
        for title, rows in _tables()
    }


Tell = Callable[[Sequence[Compared]], Estimate]


def _tables() -> Iterator[tuple[str, Mapping[str, Tell]]]:
    only, but = ([Kind(shared, thing) for thing in THINGS] for shared in (True, False))
    yield (
        "One thing shared: how much of the way from nothing to the same song?",
        {kind.thing: _told("way", kind, NOTHING) for kind in only},
    )
    yield (
        "One thing shared: how often nearer than a song that shares nothing?",
        {kind.thing: _told("nearer", kind, NOTHING) for kind in only} | {"everything": _told("nearer", SAME, NOTHING)},
    )
    yield (
        "One thing changed: how much of the way is left?",
        {kind.thing: _told("way", kind, SAME) for kind in but},
    )
    yield (
        "One thing changed: how often nearer than the same song, played again?",
        {kind.thing: _told("nearer", kind, SAME) for kind in but},
    )
    layers = [(one, other) for one, other in pairs() if one.only and other.only and other.thing in LAYERS]
    yield (
        "Layers: how often is a song that shares the one nearer than a song that shares the other?",
        {f"{one.thing}, not {other.thing}": _told("nearer", one, other) for one, other in layers},
    )
    yield (
        "Mean similarity",
        {"nothing": _told("similarity", NOTHING, SAME), "the same song": _told("similarity", SAME, NOTHING)}
        | {str(kind): _told("similarity", kind, NOTHING) for kind in only}
        | {str(kind): _told("similarity", kind, SAME) for kind in but},
    )


def _told(measure: str, kind: Kind, than: Kind) -> Tell:
    return lambda found: getattr(of(found, kind, than), measure)


def _cell(estimate: Estimate) -> str:
    return f"{short(estimate.value)} ({short(estimate.low)} to {short(estimate.high)})"


def short(number: float) -> str:
    """A number around 1 in two decimals, such as ``.25`` and ``−.03``; an en dash where there is none."""
    if math.isnan(number):
        return "–"
    return re.sub(r"^(-?)0\.", r"\1.", f"{round(number, 2) + 0.0:.2f}").replace("-", "−")


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    ruler = ["---", *["--:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ruler, *rows))
