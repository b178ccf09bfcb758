"""Which songs hold what musicnn calls metal? ``python -m examples.library.tags LIBRARY SONGS.csv``.

LIBRARY holds the ``manifest.csv`` that ``python -m examples.library LIBRARY`` writes. Each song is given to one of
`TAGS`: to the one in which it ranks highest among all songs, by musicnn's scores of its middle ten seconds. Of each tag
the `N_SONGS` songs of the highest scores are written to SONGS.csv, with their soundtrack as the group, so that concepts
can be looked for in them::

    audiolime concepts SONGS.csv -m musicnn:MSD_musicnn --layer mean_pool --songs 30 --duration 9

So classes are the model's own opinion of the songs, and not what the songs are.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from audiolime_ext.audio.recording import load_audio
from audiolime_ext.collection.vectors import middle
from audiolime_ext.errors import AudiolimeError
from audiolime_ext.files.fresh import write_bytes
from audiolime_ext.files.reading import text_of
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.taggram import tag

TAGS = ("metal", "female vocalists", "ambient", "electronic", "jazz", "rock")
N_SONGS, LENGTH_S = 30, 10.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", metavar="LIBRARY", type=Path)
    parser.add_argument("out", metavar="SONGS.csv", type=Path)
    args = parser.parse_args(argv)
    try:
        rows = list(csv.DictReader(io.StringIO(text_of(args.library / "manifest.csv"))))
        paths = [args.library.resolve() / row["path"] for row in rows]
        write_bytes(as_csv([str(path) for path in paths], [row["group"] for row in rows], scores(paths)), args.out)
    except AudiolimeError as error:
        print(f"tags: error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def scores(paths: Sequence[Path]) -> NDArray[np.float64]:
    """The mean scores of `TAGS` in the middle of each recording, shape (n_paths, n_tags); NaN where it is not heard."""
    model, found = load_model("musicnn:MSD_musicnn"), np.full((len(paths), len(TAGS)), np.nan)
    columns = [list(model.labels or ()).index(name) for name in TAGS]
    for i, path in enumerate(tqdm(paths, desc="hearing tags", unit="song", disable=None, leave=False)):
        try:
            audio = load_audio(path)
            start_s, duration_s = middle(audio.duration_s, LENGTH_S)
            found[i] = np.mean(tag(audio, model, start_s=start_s, duration_s=duration_s).scores, axis=0)[columns]
        except AudiolimeError as error:
            print(f"left out: {error}", file=sys.stderr)
    return found


def given(found: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs (song, tag): of each tag the songs that rank higher in it than in any other, the highest first.

    Examples
    --------
    >>> given(np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.2], [np.nan, np.nan]]))
    [(0, 0), (2, 0), (1, 1)]
    """
    known = np.flatnonzero(~np.isnan(found).any(axis=1))
    ranks = np.argsort(np.argsort(-found[known], axis=0, kind="stable"), axis=0)
    own = ranks.argmin(axis=1)
    pairs = [
        (int(known[i]), column)
        for column in range(found.shape[1])
        for i in np.argsort(-found[known, column], kind="stable")
        if own[i] == column
    ]
    return [pair for n, pair in enumerate(pairs) if sum(other[1] == pair[1] for other in pairs[:n]) < N_SONGS]


def as_csv(paths: Sequence[str], groups: Sequence[str], found: NDArray[np.float64]) -> bytes:
    """The manifest of the songs that were given to tags."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("path", "label", "group"))
    writer.writerows((paths[song], TAGS[column], groups[song]) for song, column in given(found))
    return text.getvalue().encode()


if __name__ == "__main__":
    sys.exit(main())
