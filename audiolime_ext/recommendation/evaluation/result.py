"""What an evaluation found: how well songs find their group, by which method, and who is surely ahead of whom."""

from __future__ import annotations

import csv
import html
import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiolime_ext.extras import require
from audiolime_ext.files.fresh import write_bytes
from audiolime_ext.files.names import legible, utf8
from audiolime_ext.recommendation.evaluation.words import compared, gain, mean, named, sentences, treated
from audiolime_ext.recommendation.intervals import Difference, Interval
from audiolime_ext.recommendation.retrieval import MEASURES, Retrieval
from audiolime_ext.text import counted, html_table, text_table

if TYPE_CHECKING:
    import pandas

SCHEMA_VERSION = 1


@dataclass(frozen=True, eq=False)
class Measured:
    """A method, in one condition.

    Parameters
    ----------
    name : str
        Name of the index, or of the anchor.
    condition : str
        Condition in which songs were heard: "as it is" or "alike".
    is_index : bool
        True for an index; False: an anchor that was heard for comparison.
    found : Retrieval
        Measures of all queries, each with the treatment that the other half of the groups chose.
    treatments : tuple of (str, str)
        Treatments that the halves chose for each other.
    means : mapping of str to Interval
        Measure → mean over the queries.
    by_treatment : mapping of str to Retrieval
        Treatment → measures of all queries; nothing chose it.
    hubs : mapping of str to float
        Treatment → skewness of how often songs are among the k nearest; 0: no hubs.
    usual : str
        Treatment that `audiolime_ext.similar` takes by itself.
    usual_means : mapping of str to Interval
        Measure → mean over all queries with that treatment.
    p_chance : float or None
        Share of deals of the groups in which mean average precision is as high; None: not asked of anchors.
    of : str or None
        Name of the index that an untrained network belongs to; "" for an index; None: it belongs to none.
    """

    name: str
    condition: str
    is_index: bool
    found: Retrieval = field(repr=False)
    treatments: tuple[str, str]
    means: Mapping[str, Interval]
    by_treatment: Mapping[str, Retrieval] = field(repr=False)
    hubs: Mapping[str, float] = field(repr=False)
    usual: str
    usual_means: Mapping[str, Interval] = field(repr=False)
    p_chance: float | None = None
    of: str | None = ""


@dataclass(frozen=True)
class Comparison:
    """How far one method is ahead of another on the same queries.

    Parameters
    ----------
    first, second : str
        Names of the two, with the condition where it matters.
    condition : str
        Condition in which both were heard; "" where it is what differs.
    differences : mapping of str to Difference
        Measure ("AP", "P@1") → difference of the means, with an interval of 95 %.
    corrected : Difference
        Difference by average precision, with an interval that allows for the number of comparisons.
    enough : bool
        True where there are groups enough for anything to be sure.
    """

    first: str
    second: str
    condition: str
    differences: Mapping[str, Difference]
    corrected: Difference
    enough: bool = True

    @property
    def verdict(self) -> str:
        """Whether the first is "surely ahead", "surely behind", or "not surely apart"."""
        if not (self.enough and self.corrected.is_clear):
            return "not surely apart"
        return "surely ahead" if self.corrected.value > 0 else "surely behind"


@dataclass(frozen=True, eq=False)
class EmbeddingEvaluation:
    """How well songs find others of their group by some embeddings, against anchors and each other.

    Parameters
    ----------
    column : str
        Name of the column that says which songs belong together.
    k : int
        Number of neighbours that R@k and NDCG@k look at.
    groups : mapping of str to int
        Group → number of its queries, largest first.
    n_songs : int
        Number of songs that are searched.
    measured : tuple of Measured
        Methods: indexes first, as it is and then alike.
    chance : mapping of str to (float, float, float)
        Measure → what chance gives by expectation, and the ends of the middle 95 % of deals of the groups.
    comparisons : tuple of Comparison
        Pairs of methods, and who is ahead.
    ceilings : mapping of str to mapping of str to Interval
        Anchor for which it is clear what to find → measure → mean.
    by_artist : bool
        True where songs of the query's artist were neither found nor relevant.
    notes : tuple of str
        Sentences on what was left out, and on what the numbers do not say.
    """

    column: str
    k: int
    groups: Mapping[str, int] = field(repr=False)
    n_songs: int
    measured: tuple[Measured, ...] = field(repr=False)
    chance: Mapping[str, tuple[float, float, float]]
    comparisons: tuple[Comparison, ...] = field(repr=False)
    ceilings: Mapping[str, Mapping[str, Interval]] = field(default_factory=dict, repr=False)
    by_artist: bool = False
    notes: tuple[str, ...] = ()

    @property
    def n_queries(self) -> int:
        """Number of songs that have another one to find."""
        return sum(self.groups.values())

    @property
    def sentences(self) -> list[str]:
        """What may be said, and what may not."""
        return sentences(self.measured, self.comparisons, self.chance)

    @property
    def headline(self) -> str:
        """`sentences` in one."""
        return " ".join(self.sentences)

    @property
    def about(self) -> str:
        """What was asked, of how many songs."""
        songs = counted(self.n_songs, "song")
        asked = f"{counted(self.n_queries, 'query', 'queries')} of {counted(len(self.groups), 'group')}"
        without = ", songs of the query's artist left out" if self.by_artist else ""
        return f"do songs find others of the same {legible(self.column)}? {asked} among {songs}{without}"

    def __str__(self) -> str:
        parts = ["\n".join([self.about, *self.sentences])]
        parts += [text_table(*table, left=left) for table, left in self._tables()]
        parts.append("\n".join(f"note: {utf8(note)}" for note in self.notes))
        return "\n\n".join(filter(None, parts))

    def _repr_html_(self) -> str:
        head, *notes = (f"<p>{html.escape(line)}</p>" for line in [self.about, *self.sentences, *self.notes])
        return "".join([head, *(html_table(*table) for table, _ in self._tables()), *notes])

    def _tables(self) -> Iterator[tuple[tuple[list[str], list[list[str]]], tuple[int, ...]]]:
        yield self.table(), (0, 1)
        yield self.comparison_table(), (0, 3)
        yield self.treatment_table(), (0, 1)

    def shown(self, condition: str) -> str:
        """The condition, where there are several; else ""."""
        return condition if len({one.condition for one in self.measured}) > 1 else ""

    def table(self) -> tuple[list[str], list[list[str]]]:
        """The means with their intervals, as a header and rows of text."""
        rows = [
            [
                named(one.name, self.shown(one.condition)),
                treated(one.treatments),
            ]
            + [mean(one.means[measure]) for measure in MEASURES]
            for one in self.measured
        ]
        rows += [
            [
                named(one.name, "default of similar"),
                one.usual,
                *(mean(one.usual_means[measure]) for measure in MEASURES),
            ]
            for one in self.measured
            if one.is_index and one.condition == self.measured[0].condition
        ]
        rows.append(["chance", ""] + [mean(Interval(*self.chance[measure])) for measure in MEASURES])
        rows += [
            [name, "centred", *(mean(means[measure]) for measure in MEASURES)] for name, means in self.ceilings.items()
        ]
        return ["", "treatment", *self.names.values()], rows

    def comparison_table(self) -> tuple[list[str], list[list[str]]]:
        """Who is ahead of whom, as a header and rows of text."""
        rows = [
            [
                compared(one.first, one.second, self.shown(one.condition)),
                *(gain(one.differences[by]) for by in ("AP", "P@1")),
                one.verdict,
            ]
            for one in self.comparisons
        ]
        return ["", "ahead by MAP", "by P@1", ""], rows

    def treatment_table(self) -> tuple[list[str], list[list[str]]]:
        """Every treatment of every index, as it is, which nothing chose, as a header and rows of text."""
        rows = [
            [legible(one.name), f"{treatment}{' (the default of similar)' if treatment == one.usual else ''}"]
            + [f"{found.mean(measure):.3f}" for measure in MEASURES]
            + [f"{one.hubs[treatment]:.2f}"]
            for one in self.measured
            if one.is_index and one.condition == self.measured[0].condition
            for treatment, found in one.by_treatment.items()
        ]
        return ["index", "treatment, all queries", *self.names.values(), "hubs"], rows

    @property
    def names(self) -> dict[str, str]:
        """Measure → what it is called, with k: MAP, R@10."""
        return {name: "MAP" if name == "AP" else name.replace("@k", f"@{self.k}") for name in MEASURES}

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "schema_version": SCHEMA_VERSION,
            "column": self.column,
            "k": self.k,
            "n_songs": self.n_songs,
            "n_queries": self.n_queries,
            "groups": dict(self.groups),
            "by_artist": self.by_artist,
            "headline": self.headline,
            "measured": [_measured(one, self.names) for one in self.measured],
            "chance": {self.names[name]: list(values) for name, values in self.chance.items()},
            "comparisons": [_compared(one) for one in self.comparisons],
            "ceilings": {name: _intervals(means, self.names) for name, means in self.ceilings.items()},
            "notes": list(self.notes),
        }

    def rows(self) -> list[dict[str, Any]]:
        """Every method in every condition with every treatment: one dictionary each, with means over all queries.

        The treatment "chosen by the other half" comes first, with the ends of its intervals.
        """
        found = []
        for one in self.measured:
            about = {"method": one.name, "condition": one.condition}
            ends = {
                f"{self.names[name]}{end}": value
                for name, of in one.means.items()
                for end, value in (("", of.value), (" low", of.low), (" high", of.high))
            }
            found.append({**about, "treatment": "chosen by the other half", "n_queries": self.n_queries, **ends})
            for treatment, of in one.by_treatment.items():
                means = {self.names[name]: of.mean(name) for name in MEASURES}
                found.append(
                    {**about, "treatment": treatment, "n_queries": self.n_queries, **means, "hubs": one.hubs[treatment]}
                )
        return found

    def to_dataframe(self) -> pandas.DataFrame:
        """`rows` as a table (needs the extra ``dataframe``)."""
        table: pandas.DataFrame = require("pandas", extra="dataframe").DataFrame(self.rows())
        return table

    def write_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write `rows` as a CSV and return its path.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        rows = self.rows()
        text = io.StringIO()
        writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_bytes(text.getvalue().encode("utf-8", "legible"), Path(path))
        return Path(path)


def _intervals(means: Mapping[str, Interval], names: Mapping[str, str]) -> dict[str, list[float]]:
    return {names[name]: [of.value, of.low, of.high] for name, of in means.items()}


def _measured(one: Measured, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": one.name,
        "condition": one.condition,
        "is_index": one.is_index,
        "treatments": list(one.treatments),
        "means": _intervals(one.means, names),
        "by_treatment": {
            treatment: {names[name]: found.mean(name) for name in MEASURES} | {"hubs": one.hubs[treatment]}
            for treatment, found in one.by_treatment.items()
        },
        "usual": one.usual,
        "usual_means": _intervals(one.usual_means, names),
        "p_chance": one.p_chance,
    }


def _compared(one: Comparison) -> dict[str, Any]:
    gains = {"MAP" if name == "AP" else name: [of.value, of.low, of.high] for name, of in one.differences.items()}
    sure = {"level": one.corrected.level, "low": one.corrected.low, "high": one.corrected.high}
    about = {"first": one.first, "second": one.second, "condition": one.condition}
    return {**about, "differences": gains, "corrected": sure, "verdict": one.verdict}
