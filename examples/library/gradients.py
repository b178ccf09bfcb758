"""Why this song and not that one, by bands and by stems? ``python -m examples.library.gradients LIBRARY INDEX``.

LIBRARY holds the ``manifest.csv`` that ``python -m examples.library LIBRARY`` writes, INDEX its songs as musicnn heard
them (``audiolime index LIBRARY/manifest.csv -m 'musicnn:MSD_musicnn?layer=penultimate' --middle 30 -o INDEX``). A
triplet is a song, drawn by a seed; A, the nearest song of another soundtrack; and B, the tenth nearest of all others
but A's. So triplets are chosen before a map is made, and no two queries are of one soundtrack.

Of each, the map of the similarity to A less that to B is made, from silence, as ``audiolime why --gradients ig`` makes
it, but of the `N_WINDOWS` windows where that is highest, and with `N_STEPS` nodes. Beside it stand B as the baseline,
over the same windows (as the code of the question's first author has it); for the first `N_BOTH` triplets, the
difference of two maps; the same map blurred along time and across bands; how far it agrees with the stems of each of
`SEPARATORS`; and what switching the thirds of the bands on and off, as sound, changes in the same windows. A and B are
compared by their vectors.

Answers are kept in ``FOLDER/gradients.jsonl``, a line for each triplet, so that a run that was stopped goes on. Prints
the tables of ``gradients.md``; ``FOLDER/gradients.csv`` has the total of each band.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from audiolime_ext.audio.recording import load_audio
from audiolime_ext.collection.index import Index, load_index
from audiolime_ext.collection.vectors import middle
from audiolime_ext.errors import AudiolimeError, UsageError
from audiolime_ext.files.fresh import make_folder, write_bytes
from audiolime_ext.files.names import legible
from audiolime_ext.files.plain import from_json, to_json
from audiolime_ext.files.reading import text_of
from audiolime_ext.gradients.hearing import Heard, hear, other_windows
from audiolime_ext.gradients.methods.contrast import difference_of_integrals, other_as_baseline
from audiolime_ext.gradients.methods.smoothing import gaussian
from audiolime_ext.gradients.parts.agreement import agreement
from audiolime_ext.gradients.parts.nearness import nearness_map
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.prediction.similarity import similarity_to
from audiolime_ext.prediction.targets import Target
from audiolime_ext.recommendation.queries import Asking, Query
from audiolime_ext.recommendation.similar import similar
from audiolime_ext.recommendation.why.pipeline import why
from audiolime_ext.recommendation.why.result import Why
from examples.library.gradients_table import BLURS, THIRDS, Record, as_csv, as_markdown
from examples.library.reasons import drawn, rows_of
from factorizations.bands import BandsFactorization

SEPARATORS = ("spleeter:2stems", "hpss")
N_TRIPLETS, RANK = 12, 10
N_WINDOWS, N_STEPS, N_BOTH = 2, 64, 2
ANSWERS, BANDS = "gradients.jsonl", "gradients.csv"
Floats = NDArray[np.float64]
Features = NDArray[np.float32]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", metavar="LIBRARY", type=Path)
    parser.add_argument("index", metavar="INDEX", type=Path)
    parser.add_argument("-o", "--out", metavar="FOLDER", type=Path, help="where answers are kept (default: LIBRARY)")
    parser.add_argument("--triplets", metavar="N", type=int, default=N_TRIPLETS, help="triplets (default: %(default)s)")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of the draw (default: 0)")
    args = parser.parse_args(argv)
    out = args.out or args.library
    try:
        found = asked(args.library, args.index, out, n_triplets=args.triplets, seed=args.seed)
    except AudiolimeError as error:
        print(f"gradients: error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    write_bytes(as_csv(found).encode(), out / BANDS)
    print(as_markdown(found))
    return 0


def asked(
    library: Path,
    index: Path,
    out: Path,
    *,
    n_triplets: int = N_TRIPLETS,
    seed: int = 0,
    separators: Sequence[str] = SEPARATORS,
    rank: int = RANK,
    model: Any = None,
) -> list[Record]:
    """What is found of each triplet, asked now or kept from before; the model is the index's, unless one is given.

    Raises
    ------
    UsageError
        If the manifest cannot be read, or names no song of the index.
    """
    loaded, kept = load_index(index), out / ANSWERS
    known = [from_json(line) for line in text_of(kept).splitlines()] if kept.exists() else []
    answers = {tuple(one["songs"]): one for one in known}
    chosen = list(triplets(loaded, library, n_triplets, seed, rank))
    make_folder(out)
    for number, places in enumerate(tqdm(chosen, desc="asking why", unit="triplet", disable=None, leave=False)):
        songs = tuple(str(loaded.songs[at].path) for at in places)
        own = answers.setdefault(songs, {"songs": list(songs)})
        if "similarities" not in own:
            own |= answer(loaded, places, separators, model, both=number < N_BOTH)
            _keep(answers.values(), kept)
        if "switched" not in own:
            own |= switched(loaded, places, own, model)
            _keep(answers.values(), kept)
    return [answers[tuple(str(loaded.songs[at].path) for at in places)] for places in chosen]


def _keep(answers: Iterable[Record], kept: Path) -> None:
    write_bytes("".join(f"{to_json(one)}\n" for one in answers if "similarities" in one).encode(), kept)


def triplets(index: Index, library: Path, n: int, seed: int, rank: int = RANK) -> Iterator[tuple[int, int, int]]:
    """Positions of a query, A and B: of three soundtracks, and no two queries of one.

    Raises
    ------
    UsageError
        If the manifest cannot be read, or names no song of the index.
    """
    rows, places = rows_of(library / "manifest.csv"), {song.key: at for at, song in enumerate(index.songs)}
    at_path = {place.resolve(): at for at, song in enumerate(index.songs) if (place := index.path_of(song)) is not None}
    groups = {at_path[path]: row["group"] for path, row in rows.items() if path in at_path}
    if not groups:
        raise UsageError(f"no song of {legible(library)} is in {legible(index.folder)}; index its manifest.csv")
    names = {str(index.songs[at].path): at for at in groups}
    used: set[str] = set()
    for name in drawn(names, len(names), seed):
        at = names[name]
        if groups[at] in used or len(used) == n:
            continue
        near = [places[row.song.key] for row in similar(index.songs[at], index, k=len(index.songs) - 1).rows]
        others = [one for one in near if one in groups and groups[one] != groups[at]]
        further = [one for one in others if groups[one] != groups[others[0]]] if others else []
        if len(further) >= rank - 1:
            used.add(groups[at])
            yield at, others[0], further[rank - 2]


def answer(
    index: Index, places: Sequence[int], separators: Sequence[str], model: Any = None, *, both: bool = True
) -> Record:
    """Everything that is counted of a triplet; `both`: the difference of two maps, too, which takes twice the time."""
    query, a, b = (index.songs[at] for at in places)
    others = [_silent(index, one) for one in (a, b)]
    reasons = [why(query, *others, index=index, factorization=one, model=model) for one in separators]
    found = nearness_map(reasons[0], strongest=N_WINDOWS, n_steps=N_STEPS, most_steps=N_STEPS).relevance
    windows = [i for i, one in enumerate(found.windows) if not one.abstained]
    facts = [found.windows[i] for i in windows]
    maps = np.array([found.values[found.frames_of(i)] for i in windows]).reshape(
        len(windows), -1, found.values.shape[1]
    )
    record = {
        "similarities": [round(one, 4) for one in reasons[0].similarities],
        "score": round(reasons[0].score, 4),
        "bands_khz": [] if found.bands_hz is None else [round(float(hz) / 1000, 4) for hz in found.bands_hz],
        "starts_s": [one.start_s for one in facts],
        "n_abstained": len(found.windows) - len(facts),
        "moved": [round(one.value - (one.baseline or 0.0), 5) for one in facts],
        "gaps": [round(one.gap or 0.0, 6) for one in facts],
        "steps": [one.steps for one in facts],
        "stems": {name: _agreed(found, one) for name, one in zip(separators, reasons, strict=True)},
    }
    if not windows:
        return record
    blurred = {name: gaussian(maps, (0.0, *sizes)) for name, sizes in BLURS.items()}
    return (
        record
        | _readings(reasons[0], found, windows, maps, partial(_windows_of, index, index.path_of(b)), both=both)
        | {"blurs": {name: _bands(one) for name, one in blurred.items()}}
    )


class Parts(BandsFactorization):
    """Bands whose edges are given, to half the sampling rate."""

    def __init__(self, inner_hz: Sequence[float]) -> None:
        super().__init__(len(inner_hz) + 1)
        self.inner_hz, self.spec = tuple(inner_hz), None
        self.fingerprint = f"{self.fingerprint} {self.inner_hz}"

    def edges_hz(self, sr: int) -> Floats:
        """Where the bands meet, shape (n_bands + 1,)."""
        return np.array([0.0, *self.inner_hz, sr / 2])


def switched(index: Index, places: Sequence[int], record: Record, model: Any = None) -> Record:
    """What switching the thirds of the bands on and off adds, as sound, in the windows of the map: Shapley values."""
    if not record["starts_s"] or not record["bands_khz"]:
        return {"switched": []}
    query, a, b = (index.songs[at] for at in places)
    ends = [(part[0], part[-1]) for part in np.array_split(np.array(record["bands_khz"]) * 1000, len(THIRDS))]
    inner_hz = [round(float(low[1] + high[0]) / 2, 1) for low, high in pairwise(ends)]
    others = [_silent(index, one) for one in (a, b)]
    track = why(query, *others, index=index, factorization=Parts(inner_hz), model=model).track
    windows = [int(np.abs(track.times_s - start).argmin()) for start in record["starts_s"]]
    weights = dict(zip(track.names, track.all_weights[windows, 0].mean(axis=0).tolist(), strict=True))
    rising = sorted(weights, key=lambda name: float(name.partition("–")[0]))
    return {"switched": [round(weights[name], 5) for name in rising]}


def _readings(
    reason: Why, found: Relevance, windows: Sequence[int], maps: Floats, of_b: Callable[..., Features], *, both: bool
) -> dict[str, Any]:
    """The other readings over the same windows: totals of bands, and what they sum to."""
    asked, space = reason.query.asked, reason.space
    model, sr = asked.asking.model, asked.recording.sr
    heard = hear(asked.recording, model, start_s=asked.first / sr, duration_s=(asked.end - asked.first) / sr)
    starts = [found.windows[i].start_s for i in windows]
    numbers = np.array([int(np.abs(heard.starts_s - start).argmin()) for start in starts])
    to_a, to_b = (
        similarity_to(one.vector, reason.query.vector, centre=space.centre, scale=space.scale).target(name)
        for one, name in zip(reason.candidates, ("to A", "to B"), strict=True)
    )
    features, other = heard.features[numbers], of_b(model, heard)[numbers]
    steps: Any = {"n_steps": N_STEPS, "most_steps": N_STEPS, "near": 0}
    third = other_as_baseline(model, features, to_a, other=other, **steps)
    record: dict[str, Any] = {"bands": _bands(maps), "B as baseline": _bands(third.values)}
    if both:
        first = difference_of_integrals(model, features, to_a, to_b, baseline=heard.silence, **steps).values
        record |= {"difference of two": _bands(first)}
        record |= {"apart": float(np.abs(first - maps).max() / np.abs(maps).max())}
    return record | {
        "third moved": third.moved.round(5).tolist(),
        "third gaps": [] if third.gaps is None else third.gaps.round(6).tolist(),
        "of B": _values(model, other, to_a, to_b),
        "of silence": _values(model, heard.silence[None], to_a, to_b)[0],
        "of query": _values(model, features, to_a, to_b),
    }


def _windows_of(index: Index, path: Path | None, model: Any, heard: Heard) -> Features:
    """As many windows of B as the query has, of the same part of the song that the index heard."""
    if path is None:
        raise UsageError("the index does not know where the file of a song is; make it of the library's manifest.csv")
    audio = load_audio(path)
    start_s, duration_s = middle(audio.duration_s, index.middle_s)
    return other_windows(hear(audio, model, start_s=start_s, duration_s=duration_s), len(heard.features))[0]


def _values(model: Any, features: Features, *targets: Target) -> list[list[float]]:
    """The values of some windows by each target."""
    outputs = np.asarray(model.vjp(features, np.zeros_like)[0], np.float64)
    return np.concatenate([one.apply(outputs) for one in targets], axis=1).round(5).tolist()  # type: ignore[no-any-return]


def _bands(maps: Floats) -> list[float]:
    """Each band's sum within a window, in the mean over windows."""
    return maps.sum(axis=1).mean(axis=0).round(8).tolist()  # type: ignore[no-any-return]


def _agreed(found: Relevance, reason: Why) -> dict[str, Any]:
    """What a separator's stems and the map say of each other, over the windows of the map."""
    told = agreement(found, reason.track)
    rows = {
        row.component: {
            "state": row.state,
            "relevance": round(row.relevance, 5),
            "weight": round(row.weight, 5),
            "removal": None if row.removal is None else round(row.removal, 5),
            "on": None if row.on_all is None else round(row.on_all, 4),
            "energy": round(row.chance.energy, 4),
            "cells": round(row.chance.cells, 4),
        }
        for row in told.rows
    }
    return {"near": round(told.near, 5), "state": reason.leading.state, "rows": rows, "said": list(told.sentences())}


def _silent(index: Index, song: Any) -> Query:
    """A song that is compared by its vector."""
    found = Asking(index).query(song)
    return replace(found, song=None if found.song is None else replace(found.song, path=None))


if __name__ == "__main__":
    sys.exit(main())
