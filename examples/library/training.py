"""Does an embedding trained on some soundtracks find those of others? ``python -m examples.library.training LIBRARY``.

The soundtracks are halved by lot, as for `judging`. Recipes of ``audiolime train-embedding`` train on the songs of half
A, each for the same time; then the middle half minute of each song of half B asks for its neighbours among those of B,
and the others of its soundtrack are right. It is compared with the same networks as they are drawn, before any
training; with the mean log-mel spectrum and MFCC, which cost nothing; and with musicnn, which was trained on 200,000
songs with tags. All of it *as it is* and *alike* (see `excerpts`), since songs of a soundtrack share their production.
Treatments are chosen by one half of B's soundtracks for the other.

With ``--both`` the halves change places, too, and the queries of both are taken together: twice as many soundtracks,
and still none on which its judge was trained. (The better recipe was chosen by trials on half A; so where A judges, it
is a little at an advantage, and B alone is told as well.)

Everything lies in LIBRARY/training, so that a run that was stopped goes on: models, indexes, and what is heard (in the
user's cache). It ends by writing ``training.md`` and ``training.csv`` there, beside how each training went
(``A-parts.json``, which ``TrainedEmbedding.load`` reads).
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.collection.index import Index
from audiolime_ext.collection.indexing.making import MODEL, make_index
from audiolime_ext.errors import AudiolimeError, UsageError
from audiolime_ext.files.fresh import make_folder, write_bytes
from audiolime_ext.files.names import legible
from audiolime_ext.files.plain import to_json
from audiolime_ext.files.reading import text_of
from audiolime_ext.progress.stages import tracked
from audiolime_ext.recommendation.evaluation.crossing import halves
from audiolime_ext.recommendation.evaluation.ears import LOG_MEL, MFCC
from audiolime_ext.recommendation.evaluation.excerpts import ALIKE, AS_IT_IS, DURATION_S
from audiolime_ext.recommendation.evaluation.judging import Judging, compare
from audiolime_ext.recommendation.evaluation.listening import listen
from audiolime_ext.recommendation.evaluation.result import Comparison
from audiolime_ext.recommendation.evaluation.songs import drawn, songs_of
from audiolime_ext.recommendation.evaluation.words import gain, mean
from audiolime_ext.recommendation.intervals import average
from audiolime_ext.recommendation.retrieval import MEASURES, Retrieval
from audiolime_ext.text import counted

BETTER, FOUNDING, MUSICNN = "parts", "founding", "musicnn"
RECIPES = (BETTER, FOUNDING)
UNTRAINED = {recipe: f"{recipe} untrained" for recipe in RECIPES}
NAMES = (BETTER, FOUNDING, *UNTRAINED.values(), MUSICNN)
QUESTIONS = (  # decided before anything was measured
    *((BETTER, other) for other in (FOUNDING, UNTRAINED[BETTER], LOG_MEL, MFCC, MUSICNN)),
    *((FOUNDING, other) for other in (UNTRAINED[FOUNDING], LOG_MEL, MFCC)),
)
CONDITIONS = (AS_IT_IS, ALIKE)
COLUMNS = ("path", "group", "title", "artist")
MINUTES, K, MOST, SOME = 30.0, 10, 10, 8
HEADS = {"P@1": "P@1", "R@k": f"R@{K}", "NDCG@k": f"NDCG@{K}", "AP": "MAP"}

Found = Mapping[tuple[str, str], Retrieval]  # name and condition


@dataclass(frozen=True, eq=False)
class Judged:
    """What the songs of some soundtracks find: their groups, the measures of each method, and by which treatment."""

    title: str
    groups: tuple[str, ...]
    found: Found
    treatments: Mapping[tuple[str, str], str]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Budget:
    """How long each recipe trains, on what seed, with which stems."""

    minutes: float | None
    steps: int | None
    stems: str | None
    seed: int

    @property
    def name(self) -> str:
        """A name for files, so that no other budget goes on from there."""
        length = f"{self.minutes:g}-min" if self.steps is None else f"{self.steps}-steps"
        return "-".join(filter(None, [length, (self.stems or "").replace(":", "-"), f"seed-{self.seed}"]))


def written_halves(library: Path, out: Path, *, most: int = MOST, seed: int = 0) -> dict[str, Path]:
    """The songs of each half of the soundtracks as a table: ``A.csv``, ``B.csv``; and ``some.csv``, of a few of them.

    Raises
    ------
    UsageError
        If the manifest cannot be read, or has fewer than four soundtracks.
    """
    manifest = library / "manifest.csv"
    try:
        rows = list(csv.DictReader(io.StringIO(text_of(manifest))))
        groups = [row["group"] for row in rows]
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"{legible(manifest)} cannot be read ({error}); make it: make library") from error
    if len(set(groups)) < 4:
        raise UsageError(f"{legible(manifest)} has fewer than four soundtracks; each half needs two")
    make_folder(out)
    chosen = halves(groups, seed)
    judged = set(drawn(groups, most, seed))
    tables = {}
    for name, which in {"A": chosen, "B": ~chosen}.items():
        there = np.flatnonzero(which).tolist()
        tables[name] = _table(out / f"{name}.csv", [rows[at] for at in there], library)
        tables[f"{name} judges"] = _table(
            out / f"{name}-judges.csv", [rows[at] for at in there if at in judged], library
        )
    tables["some"] = _table(out / "some.csv", rows[:SOME], library)
    return tables


def _table(path: Path, rows: Sequence[Mapping[str, str]], library: Path) -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore", restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({**row, "path": os.path.relpath(library / row["path"], path.parent)})
    write_bytes(text.getvalue().encode(), path)
    return path


def models(tables: Mapping[str, Path], half: str, out: Path, budget: Budget) -> dict[str, str]:
    """Name → spec of each model: trained on a half, as it is drawn, and musicnn."""
    from audiolime_ext.recommendation.training.pipeline import train_embedding

    found = {}
    for recipe in RECIPES:
        stems = budget.stems if recipe == BETTER else None
        length: dict[str, Any] = {"minutes": budget.minutes} if budget.steps is None else {"steps": budget.steps}
        name = f"{half}-{recipe}-{budget.name}"
        how = {**length, "stems": stems, "seed": budget.seed, "recipe": recipe}
        trained = train_embedding(tables[half], output=out / f"{name}.onnx", run=_run(out, name), **how)
        print(trained, file=sys.stderr)
        told = {**trained.to_dict(), "model": f"onnx:{name}.onnx", "run": name}  # of no machine
        write_bytes(to_json(told, indent=1).encode(), out / f"{half}-{recipe}.json")
        found[recipe] = trained.spec
        name = f"{recipe}-untrained-seed-{budget.seed}"
        how = {"steps": 0, "seed": budget.seed, "recipe": recipe}  # on a few songs: nothing is learnt of them
        drawn_ = train_embedding(tables["some"], output=out / f"{name}.onnx", run=_run(out, name), **how)
        found[UNTRAINED[recipe]] = drawn_.spec
    return {**{name: found[name] for name in NAMES if name != MUSICNN}, MUSICNN: MODEL}


def _run(out: Path, name: str) -> Path:
    """The folder of a training, whose prepared songs are those of all: they are named by their content."""
    folder = out / "runs" / name
    make_folder(out / "material")
    make_folder(folder)
    if not (folder / "material").exists():
        (folder / "material").symlink_to(Path("..", "..", "material"), target_is_directory=True)
    return folder


def judge(table: Path, specs: Mapping[str, str], folder: Path, *, title: str, seed: int = 0) -> Judged:
    """The songs of a table ask, by each model and each anchor, in each condition."""
    make_folder(folder)
    indexes: list[Index] = [
        make_index(table, spec, index=folder / f"{name}.index", middle_s=DURATION_S) for name, spec in specs.items()
    ]
    songs = songs_of(indexes, "group", table=table, seed=seed)
    vectors = listen(songs, anchors=True, alike=True, trust=False, seed=seed)
    judging = Judging(vectors.songs, K, seed)
    measured = [judging.measured(one) for one in tracked(vectors.methods, "ranking songs", "method")]
    found = {(one.name, one.condition): one.found for one in measured}
    treatments = {(one.name, one.condition): " / ".join(one.treatments) for one in measured}
    chance = {("chance", condition): judging.chance for condition in CONDITIONS}
    return Judged(title, vectors.songs.groups, found | chance, treatments, vectors.songs.notes)


def together(one: Judged, other: Judged) -> Judged:
    """The queries of both halves, each judged among the songs of its own."""
    n = len(one.groups)
    found = {
        key: Retrieval(
            np.concatenate([first.queries, other.found[key].queries + n]),
            {name: np.concatenate([first.measures[name], other.found[key].measures[name]]) for name in MEASURES},
            K,
            first.n_left_out + other.found[key].n_left_out,
        )
        for key, first in one.found.items()
    }
    return Judged("Both halves, each judged by models of the other", one.groups + other.groups, found, {})


def compared(judged: Judged, seed: int = 0) -> tuple[Comparison, ...]:
    """The `QUESTIONS`, in both conditions; what is called sure allows for all of them."""
    pairs = [
        (first, second, condition, judged.found[first, condition], judged.found[second, condition])
        for condition in CONDITIONS
        for first, second in QUESTIONS
    ]
    return compare(pairs, judged.groups, seed=seed)


def as_markdown(everything: Sequence[Judged], budget: Budget) -> str:
    """All tables."""
    length = f"{budget.minutes:g} minutes" if budget.steps is None else counted(budget.steps, "step")
    split = f"; {BETTER} with stems by {budget.stems}" if budget.stems else ""
    parts = [f"Each recipe was given {length}{split}; seed {budget.seed}. Intervals of 95 %, over soundtracks."]
    for judged in everything:
        parts += [f"### {judged.title}", *_tables(judged), *judged.notes]
    return "\n\n".join(parts) + "\n"


def _tables(judged: Judged) -> Iterator[str]:
    n_groups = len({judged.groups[query] for query in next(iter(judged.found.values())).queries})
    yield f"{counted(len(judged.groups), 'song')} of {counted(n_groups, 'soundtrack')}."
    for condition in CONDITIONS:
        yield f"{condition.capitalize()}:"
        here = {name: found for (name, when), found in judged.found.items() if when == condition}
        rows = [
            [name, judged.treatments.get((name, condition), ""), *_means(found, judged.groups)]
            for name, found in here.items()
        ]
        yield _grid(["method", "treatment of either half", *HEADS.values()], rows)
    rows = [
        [f"{one.first} over {one.second}", one.condition, *(gain(of) for of in one.differences.values()), one.verdict]
        for one in compared(judged)
    ]
    yield f"{counted(len(rows), 'question')}, decided before; “surely” allows for all of them:"
    yield _grid(["", "", "ahead by MAP", "by P@1", ""], rows)


def _means(found: Retrieval, groups: Sequence[str]) -> list[str]:
    return [mean(average(found, groups, measure=name, widened=True)) for name in MEASURES]


def _grid(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows))


def as_csv(everything: Sequence[Judged]) -> str:
    """Every method in every condition, and every question."""
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n").writerow
    write(["judged", "condition", "what", "treatment", *HEADS.values(), "MAP low", "MAP high", "verdict"])
    for judged in everything:
        for (name, condition), found in judged.found.items():
            of = average(found, judged.groups, widened=True)
            means = [f"{found.mean(measure):.4f}" for measure in MEASURES]
            treatment = judged.treatments.get((name, condition), "")
            write([judged.title, condition, name, treatment, *means, f"{of.low:.4f}", f"{of.high:.4f}", ""])
        for one in compared(judged):
            ends = one.differences["AP"]
            gains = [f"{one.differences['P@1'].value:.4f}", "", "", f"{ends.value:.4f}"]
            about = [judged.title, one.condition, f"{one.first} over {one.second}", ""]
            write([*about, *gains, f"{ends.low:.4f}", f"{ends.high:.4f}", one.verdict])
    return text.getvalue()


def study(library: Path, budget: Budget, *, both: bool, most: int = MOST) -> list[Judged]:
    """Train on one half and judge by the other; with `both`, the reverse as well, and the two together."""
    out = library / "training"
    tables = written_halves(library, out, most=most, seed=0)
    found = []
    for half, judge_half in (("A", "B"), ("B", "A"))[: 2 if both else 1]:
        specs = models(tables, half, out, budget)
        folder = out / f"{half}-{budget.name}"
        title = f"Trained on half {half}, judged by half {judge_half}"
        found.append(judge(tables[f"{judge_half} judges"], specs, folder, title=title, seed=budget.seed))
    return [*found, together(*found)] if both else found


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", metavar="LIBRARY", type=Path)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", metavar="M", type=float, default=MINUTES, help=f"of each (default: {MINUTES:g})")
    length.add_argument("--steps", metavar="N", type=int, help="steps of each training, in place of minutes")
    parser.add_argument("--stems", metavar="SPEC", help=f"split the songs for {BETTER}: hpss, spleeter:2stems, …")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of trainings and draws (default: 0)")
    parser.add_argument("--most", metavar="N", type=int, default=MOST, help=f"songs of a soundtrack (default: {MOST})")
    parser.add_argument("--both", action="store_true", help="also train on half B, and judge by half A")
    args = parser.parse_args(argv)
    budget = Budget(args.minutes, args.steps, args.stems, args.seed)
    try:
        found = study(args.library, budget, both=args.both, most=args.most)
        text = as_markdown(found, budget)
        write_bytes(as_csv(found).encode(), args.library / "training" / "training.csv")
        write_bytes(text.encode(), args.library / "training" / "training.md")
    except AudiolimeError as error:
        print(f"training: error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
