"""Scores of many songs as a few tables, for the terminal and for a model card."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from statistics import fmean, median

from audiolime_ext.text import Row, text_table
from examples.cerberus.cost import Cost
from examples.cerberus.references import BOUNDS, PITCHED, SOURCES
from examples.cerberus.scores import DRUMS, LIMIT_DB, Hearing, Separation, mean_interval

HEARD = (*(f"{source} notes" for source in PITCHED), *DRUMS)
FOUR = "all four"
_NONE = "–"


@dataclass(frozen=True)
class Result:
    """Scores of one separator on one song: by source, and by `HEARD`."""

    split: str
    song: str
    duration_s: float
    separator: str
    separation: Mapping[str, Separation]
    hearing: Mapping[str, Hearing] = field(default_factory=dict)


@dataclass(frozen=True)
class Spread:
    """Of one score over songs: mean with the ends of its 95 % bootstrap interval, and median."""

    mean: float
    low: float
    high: float
    median: float

    @classmethod
    def of(cls, values: Sequence[float | None]) -> Spread | None:
        """Of those values that are not None; None if all are."""
        known = [value for value in values if value is not None]
        return cls(fmean(known), *mean_interval(known), median(known)) if known else None


@dataclass(frozen=True)
class Separated:
    """One separator and source in one split.

    Parameters
    ----------
    n_songs
        With a target and an estimate that sound: SI-SDR and gain are over these, SDR over the empty estimates, too.
    n_silent, n_alone, n_empty
        Songs left out, see `scores.Separation`.
    improved
        Share of songs with a gain above 0 dB; those with an empty estimate count as not improved.
    leak_db
        Median level of the estimate, relative to the mixture, in songs whose target is silent.
    """

    split: str
    source: str
    separator: str
    n_songs: int
    n_silent: int
    n_alone: int
    n_empty: int
    si_sdr_db: Spread | None
    gain_db: Spread | None
    sdr_db: Spread | None
    improved: float | None
    leak_db: float | None


@dataclass(frozen=True)
class Heard:
    """One separator's transcription of `what` in one split; songs without it have no F1, and `n_false` notes in all."""

    split: str
    what: str
    separator: str
    n_songs: int
    n_without: int
    n_false: int
    f1: Spread | None
    precision: float | None
    recall: float | None


def separated(results: Sequence[Result]) -> list[Separated]:
    """By split, source and separator, in the order of the results; `FOUR` is one more source."""
    results = [_with_mean(result) for result in results]
    return [
        _separated(split, source, name, [result.separation[source] for result in of])
        for split in _distinct(results, lambda result: result.split)
        for source in (*SOURCES, FOUR)
        for name in _distinct(results, lambda result: result.separator)
        if (of := [r for r in results if (r.split, r.separator) == (split, name) and source in r.separation])
    ]


def heard(results: Sequence[Result]) -> list[Heard]:
    """By split, what is heard, and separator, in the order of the results."""
    return [
        _heard(split, what, name, [result.hearing[what] for result in of])
        for split in _distinct(results, lambda result: result.split)
        for what in HEARD
        for name in _distinct(results, lambda result: result.separator)
        if (of := [r for r in results if (r.split, r.separator) == (split, name) and what in r.hearing])
    ]


@dataclass(frozen=True)
class Table:
    """A title, a header and rows; the first two columns are names."""

    title: str
    header: Row
    rows: Sequence[Row]

    @property
    def text(self) -> str:
        """For a terminal."""
        return f"{self.title}\n\n{text_table(self.header, self.rows, left=(0, 1))}"

    @property
    def markdown(self) -> str:
        """For a model card."""
        aligned = [":--", ":--", *("--:" for _ in self.header[2:])]
        lines = [self.header, aligned, *self.rows]
        return "\n".join([f"**{self.title}**", "", *(f"| {' | '.join(line)} |" for line in lines)])


def text(results: Sequence[Result], costs: Mapping[str, Cost]) -> str:
    """Everything for a terminal."""
    return "\n\n".join([*(table.text for table in tables(results, costs)), *_unmatched(results)])


def markdown(results: Sequence[Result], costs: Mapping[str, Cost]) -> str:
    """Everything for a model card."""
    return "\n\n".join([*(table.markdown for table in tables(results, costs)), *_unmatched(results)]) + "\n"


def tables(results: Sequence[Result], costs: Mapping[str, Cost]) -> list[Table]:
    """Separation and transcription of every split, then the costs."""
    found = []
    for split in _distinct(results, lambda result: result.split):
        of = [result for result in results if result.split == split]
        n_songs = len({result.song for result in of})
        title = f"{split}, {n_songs} song{'s' * (n_songs > 1)}"
        rows = [row for row in separated(of) if row.n_songs or row.separator not in BOUNDS]
        found.append(_separation_table(f"Separation: {title}", rows))
        if transcribed := heard(of):
            found.append(_hearing_table(f"Transcription: {title}", transcribed))
    if costs:
        found.append(_cost_table(costs))
    return found


def _with_mean(result: Result) -> Result:
    """With the mean over those of the four sources that are scored, if the separator has stems for all of them."""
    if not set(SOURCES[:4]) <= set(result.separation):
        return result
    scored = [one for source in SOURCES[:4] if (one := result.separation[source]).case == "scored"]
    if not scored:
        return result
    columns = zip(*(astuple(one)[1:] for one in scored), strict=True)
    mean = Separation("scored", *(fmean(column) for column in columns))
    return replace(result, separation={**result.separation, FOUR: mean})


def _separated(split: str, source: str, name: str, of: Sequence[Separation]) -> Separated:
    case = {kind: [one for one in of if one.case == kind] for kind in ("scored", "silent", "alone", "empty")}
    gains = [one.gain_db for one in case["scored"]]
    n_judged = len(gains) + len(case["empty"])
    return Separated(
        split,
        source,
        name,
        n_songs=len(case["scored"]),
        n_silent=len(case["silent"]),
        n_alone=len(case["alone"]),
        n_empty=len(case["empty"]),
        si_sdr_db=Spread.of([one.si_sdr_db for one in case["scored"]]),
        gain_db=Spread.of(gains),
        sdr_db=Spread.of([one.sdr_db for one in of]),
        improved=sum(gain is not None and gain > 0 for gain in gains) / n_judged if n_judged else None,
        leak_db=median(one.estimate_db for one in case["silent"]) if case["silent"] else None,
    )


def _heard(split: str, what: str, name: str, of: Sequence[Hearing]) -> Heard:
    there = [one for one in of if one.n_reference]
    without = [one for one in of if not one.n_reference]
    return Heard(
        split,
        what,
        name,
        len(there),
        len(without),
        sum(one.n_estimated for one in without),
        Spread.of([one.f1 for one in there]),
        _mean(Spread.of([one.precision for one in there])),
        _mean(Spread.of([one.recall for one in there])),
    )


def _separation_table(title: str, rows: Sequence[Separated]) -> Table:
    header = (
        "source", "separator", "songs", "SI-SDR", "gain", "95 %", "median gain", "improved", "SDR", "silent in", "leak",
    )  # fmt: skip
    return Table(f"{title} (dB; gain: SI-SDR beyond the mixture's)", header, [_separation_row(row) for row in rows])


def _separation_row(row: Separated) -> Row:
    gain = row.gain_db
    return (
        row.source,
        row.separator,
        f"{row.n_songs}" + (f" (+{row.n_empty} empty)" if row.n_empty else ""),
        _db(_mean(row.si_sdr_db)),
        _db(_mean(gain)),
        f"{gain.low:.1f} … {gain.high:.1f}" if gain and row.n_songs > 1 else _NONE,
        _db(gain.median if gain else None),
        f"{row.improved:.0%}" if row.improved is not None else _NONE,
        _db(row.sdr_db.median if row.sdr_db else None),
        str(row.n_silent),
        "nothing" if row.leak_db is not None and row.leak_db < -LIMIT_DB else _db(row.leak_db),
    )


def _hearing_table(title: str, rows: Sequence[Heard]) -> Table:
    header = ("what", "separator", "songs", "F1", "95 %", "median", "precision", "recall", "silent in", "false there")
    cells = [
        (
            row.what,
            row.separator,
            str(row.n_songs),
            _share(_mean(row.f1)),
            f"{row.f1.low:.2f} … {row.f1.high:.2f}" if row.f1 and row.n_songs > 1 else _NONE,
            _share(row.f1.median if row.f1 else None),
            _share(row.precision),
            _share(row.recall),
            str(row.n_without),
            str(row.n_false),
        )
        for row in rows
    ]
    return Table(f"{title} (onsets within 50 ms)", header, cells)


def _cost_table(costs: Mapping[str, Cost]) -> Table:
    header = ("separator", "", "× real time", "cores used", "× per core", "peak MB", "before")
    cells = [
        (
            name,
            f"{cost.duration_s:.0f} s",
            f"{cost.times_real_time:.1f}",
            f"{cost.cores_busy:.1f} of {cost.cores}",
            f"{cost.times_real_time_per_core:.1f}",
            f"{cost.peak_mb:.0f}",
            f"{cost.peak_before_mb:.0f}",
        )
        for name, cost in costs.items()
    ]
    return Table("Cost of separating one song", header, cells)


def _unmatched(results: Sequence[Result]) -> list[str]:
    names = _distinct([result for result in results if not result.separation], lambda result: result.separator)
    return [f"{name}: no matching stems" for name in names]


def _distinct(results: Sequence[Result], key: Callable[[Result], str]) -> list[str]:
    return list(dict.fromkeys(map(key, results)))


def _mean(spread: Spread | None) -> float | None:
    return spread.mean if spread else None


def _db(value: float | None) -> str:
    return _NONE if value is None else f"{round(value, 1) + 0.0:.1f}"  # no -0.0


def _share(value: float | None) -> str:
    return _NONE if value is None else f"{value:.2f}"
