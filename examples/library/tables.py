"""The tables of an evaluation: for the README in Markdown, and with everything in it as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.recommendation.intervals import Difference
from audiolime_ext.recommendation.retrieval import Retrieval
from audiolime_ext.text import counted
from examples.library.excerpts import CONDITIONS
from examples.library.judging import Judged, K, ahead, best, crossed
from examples.library.treatments import OWN, PLAIN, STANDARDISED

MEASURES = {"P@1": "P@1", "R@k": f"R@{K}", "NDCG@k": f"NDCG@{K}", "AP": "MAP"}


@dataclass(frozen=True)
class Found:
    """All that was measured.

    Parameters
    ----------
    everything, filtered
        Every method, treatment and condition; the same without songs of the query's artist.
    soundtracks, artists
        Of each song.
    choosing
        True for songs of soundtracks by which treatments were chosen.
    ceilings, floor
        Anchors: the first method's where it is clear what to find, and where there is nothing.
    notes
        Lines on what could not run, and on versions of other packages.
    """

    everything: Sequence[Judged]
    filtered: Sequence[Judged]
    soundtracks: Sequence[str]
    artists: Sequence[str]
    choosing: NDArray[np.bool_]
    ceilings: Mapping[str, Retrieval]
    floor: Mapping[str, float]
    notes: tuple[str, ...] = ()

    @property
    def methods(self) -> list[str]:
        """Names, in order; the first is the one that others are compared with."""
        return list(dict.fromkeys(one.method for one in self.everything))

    def of(self, condition: str, method: str, among: Sequence[Judged] | None = None) -> list[Judged]:
        """A method's treatments in a condition."""
        found = self.everything if among is None else among
        return [one for one in found if (one.condition, one.method) == (condition, method)]

    def chosen(self, condition: str, method: str) -> Judged:
        """A method with the treatment that was best on the one half."""
        return best(self.of(condition, method), self.choosing)


def as_markdown(found: Found) -> str:
    """All tables."""
    parts = [_about(found)]
    for condition in CONDITIONS:
        parts += [f"### {condition.capitalize()}", *_tables(found, condition)]
    parts += ["### Anchors", *_anchors(found), *found.notes]
    return "\n\n".join(parts) + "\n"


def _about(found: Found) -> str:
    n_judged = len({name for name, chosen in zip(found.soundtracks, found.choosing, strict=True) if not chosen})
    n_choosing = len(set(found.soundtracks)) - n_judged
    return (
        f"{counted(len(found.soundtracks), 'excerpt')} of {counted(len(set(found.soundtracks)), 'soundtrack')}; "
        f"treatments chosen by the queries of {n_choosing} soundtracks, measured by those of the other {n_judged}."
    )


def _tables(found: Found, condition: str) -> Iterator[str]:
    first, judging = found.methods[0], ~found.choosing
    chosen = {method: found.chosen(condition, method) for method in found.methods}
    yield _compared(found, {(name, one.treatment): one.found.only(judging) for name, one in chosen.items()})
    yield "Both halves, each with the treatments that the other half chose:"
    both = {method: crossed(found.of(condition, method), found.choosing) for method in found.methods}
    yield _compared(found, {(name, "by the other half"): one for name, one in both.items()})
    yield "All queries, treatments that nothing chose:"
    here = [one for one in found.everything if one.condition == condition]
    plain = [one for one in here if one.treatment in (PLAIN, OWN, STANDARDISED)]
    yield _compared(found, {(one.method, one.treatment): one.found for one in plain})
    yield f"All treatments of {first}, all queries, and how skewed its neighbours are (0: no hubs):"
    rows = [[one.treatment, *_means(one.found), f"{one.hubs:.2f}"] for one in found.of(condition, first)]
    yield _table(["treatment", *MEASURES.values(), "hubs"], rows)
    yield "The judged half, where songs of the query's artist are neither found nor relevant:"
    filtered = {(one.method, one.treatment): one for one in found.filtered if one.condition == condition}
    kept = {(name, one.treatment): filtered[name, one.treatment] for name, one in chosen.items()}
    yield _compared(found, {key: one.found.only(judging) for key, one in kept.items()})


def _compared(found: Found, rows: Mapping[tuple[str, str], Retrieval]) -> str:
    """Methods with the same queries, and how far the first of them is ahead of each."""
    (name, _), first = next(iter(rows.items()))
    ahead_by = [f"{name} ahead by {MEASURES[measure]}" for measure in ("AP", "P@1")]
    lines = [
        [*key, *_means(one), *(_gains(ahead(first, one, found.soundtracks)) if one is not first else ("", ""))]
        for key, one in rows.items()
    ]
    return _table(["method", "treatment", *MEASURES.values(), *ahead_by], lines)


def _anchors(found: Found) -> Iterator[str]:
    rows = [[f"{name} ({found.methods[0]}, centred)", *_means(one)] for name, one in found.ceilings.items()]
    rows.append(["shuffled labels", *(f"{found.floor[measure]:.3f}" for measure in MEASURES)])
    yield _table(["anchor", *MEASURES.values()], rows)


def _means(found: Retrieval) -> list[str]:
    return [f"{found.mean(measure):.3f}" for measure in MEASURES]


def _gains(gains: Mapping[str, Difference]) -> list[str]:
    return [_gain(gain) for gain in gains.values()]


def _gain(gain: Difference) -> str:
    return f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    n_words = sum(name in ("method", "treatment", "anchor") for name in header)
    ruler = ["---"] * n_words + ["--:"] * (len(header) - n_words)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ruler, *rows))


def as_csv(found: Found) -> str:
    """Every method, treatment and condition, by queries: all, those of the judged half, and with the artist filter."""
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n").writerow
    write(["condition", "method", "treatment", "queries", "n_queries", *MEASURES.values(), "hubs"])
    for name, among, which in _cuts(found):
        for one in among:
            of = one.found.only(which)
            write([one.condition, one.method, one.treatment, name, len(of.queries), *_means(of), f"{one.hubs:.3f}"])
    return text.getvalue()


def _cuts(found: Found) -> Iterator[tuple[str, Sequence[Judged], NDArray[np.bool_]]]:
    everyone = np.ones(len(found.soundtracks), bool)
    yield "all", found.everything, everyone
    yield "judged half", found.everything, ~found.choosing
    yield "choosing half", found.everything, found.choosing
    yield "all, artist filter", found.filtered, everyone
