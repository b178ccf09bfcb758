"""Does a list that is put in order as a whole hold to its end? ``python -m examples.library.playlists INDEX``

245 songs are drawn from an index and put in order: by `playlist`, and by always taking the nearest song that is left,
from every song as the first. And lists of 30 are chosen between two songs that are drawn, with and without the
correction for hubs. Prints the tables of ``playlists.md``. A soundtrack is a song's folder below ``songs``.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import PurePosixPath
from statistics import fmean, median

import numpy as np

from audiolime_ext import playlist
from audiolime_ext.collection.index import Index, load_index
from audiolime_ext.collection.songs import Song
from audiolime_ext.recommendation.hubs import HubCorrection
from audiolime_ext.recommendation.playlists.greedy import greedy_order
from audiolime_ext.recommendation.playlists.judging import weak_below
from audiolime_ext.recommendation.playlists.pool import Pool
from audiolime_ext.recommendation.playlists.result import ENDS
from audiolime_ext.recommendation.playlists.rules import rules_of
from audiolime_ext.recommendation.space import space_of

N_SONGS, N_LISTS, N_CHOSEN = 245, 20, 30
HUBS: tuple[HubCorrection | None, ...] = (None, "mutual proximity")


def arranged(index: Index, n_songs: int, seed: int) -> list[list[str]]:
    """Rows of some drawn songs in order: by `playlist`, and by the simple order from its best and its median start."""
    drawn = np.sort(np.random.default_rng(seed).choice(len(index.songs), n_songs, replace=False))
    pool, some = Pool(index, space_of(index), drawn), [index.songs[at] for at in drawn]
    number = {song.key: at for at, song in enumerate(some)}
    limit, rules, rest = weak_below(pool), rules_of(index, drawn, None, None), np.full(n_songs - 1, -1)
    starts = [greedy_order(pool, rules, np.array([start, *rest])) for start in range(n_songs)]
    starts.sort(key=lambda order: float(pool.along(order).sum()))
    orders = {
        f"playlist{', hubs corrected' if hubs else ''}": np.array(
            [number[song.key] for song in playlist(index, songs=some, hubs=hubs, seed=seed).songs]
        )
        for hubs in HUBS
    }
    orders |= {"nearest, best start": starts[0], "nearest, median start": starts[len(starts) // 2]}
    orders["shuffled"] = np.random.default_rng(seed).permutation(n_songs)
    rows = []
    for name, order in orders.items():
        near, tracks = 1 - pool.along(order), [soundtrack(some[at]) for at in order]
        alike = fmean(one == other for one, other in pairwise(tracks))
        numbers = [f"{value:.3f}" for value in (near.mean(), near[:ENDS].mean(), near[-ENDS:].mean())]
        distance, weak = f"{float((1 - near).sum()):.2f}", str((near < limit - 1e-6).sum())
        rows.append([str(seed), name, distance, *numbers, f"{near.min():.2f}", weak, f"{alike:.2f}"])
    return rows


def chosen(index: Index, n_lists: int, n_songs: int) -> list[list[str]]:
    """Rows of lists that are chosen between two songs, for each correction for hubs."""
    rng = np.random.default_rng(0)
    ends = [rng.choice(len(index.songs), 2, replace=False) for _ in range(n_lists)]
    rows = []
    for hubs in HUBS:
        used, near, alike = Counter[str](), list[float](), list[float]()
        for start, end in ends:
            found = playlist(index, n=n_songs, start=index.songs[start], end=index.songs[end], hubs=hubs)
            used.update(song.key for song in found.songs[1:-1])
            near += [one.similarity for one in found.transitions]
            tracks = [soundtrack(song) for song in found.songs]
            alike += [one == other for one, other in pairwise(tracks)]
        most = max(used.values(), default=0)
        rows.append([hubs or "none", str(len(used)), str(most), f"{fmean(near):.3f}", f"{fmean(alike):.2f}"])
    return rows


def soundtrack(song: Song) -> str:
    """The folder of a song below ``songs``."""
    parts = PurePosixPath(song.place).parts
    return parts[parts.index("songs") + 1] if "songs" in parts[:-1] else ""


def study(index: Index, seeds: Sequence[int], n_songs: int = N_SONGS, n_lists: int = N_LISTS) -> str:
    """Both tables."""
    heads = [
        "seed",
        "order",
        "distance",
        "similarity",
        f"first {ENDS}",
        f"last {ENDS}",
        "lowest",
        "weak",
        "same soundtrack",
    ]
    rows = [row for seed in seeds for row in arranged(index, n_songs, seed)]
    ratio = median(float(rows[at][2]) / float(rows[at + 2][2]) for at in range(0, len(rows), 5))
    lines = [_table(heads, rows), f"Median of the distances, playlist over nearest from its best start: {ratio:.3f}."]
    heads = ["correction for hubs", "songs used", "most lists of a song", "similarity", "same soundtrack"]
    return "\n\n".join([*lines, _table(heads, chosen(index, n_lists, min(N_CHOSEN, n_songs)))]) + "\n"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---", *["--:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index")
    print(study(load_index(parser.parse_args().index), range(5)), end="")
