"""Does the reason of a recommendation survive another separator? ``python -m examples.library.reasons LIBRARY INDEX``.

LIBRARY holds the ``manifest.csv`` that ``python -m examples.library LIBRARY`` writes, INDEX its songs as a model heard
them (``audiolime index LIBRARY/manifest.csv -m 'musicnn:MSD_musicnn?layer=penultimate' --middle 30 -o INDEX``). Of some
songs, drawn by a seed, the nearest song of another soundtrack is looked up, and `why` asked which stems of the song
make the two similar: by every separator of `SEPARATORS`, and by the true stems where there are any. The neighbour is
compared by its vector, which takes half the time and changes no share.

Answers are kept in ``FOLDER/reasons.jsonl``, a line for each, so that a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from audiolime_ext.collection.index import Index, load_index
from audiolime_ext.errors import AudiolimeError, UsageError
from audiolime_ext.files.fresh import make_folder, write_bytes
from audiolime_ext.files.names import legible
from audiolime_ext.files.plain import from_json, to_json
from audiolime_ext.files.reading import text_of
from audiolime_ext.recommendation.queries import Asking, Query
from audiolime_ext.recommendation.similar import similar
from audiolime_ext.recommendation.why.pipeline import why
from audiolime_ext.recommendation.why.result import Why
from examples.library.reasons_table import TRUE_STEMS, Record, as_markdown

SEPARATORS = ("cerberus", "cerberus?merge=none", "spleeter:2stems")
N_SONGS = 40
ANSWERS = "reasons.jsonl"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", metavar="LIBRARY", type=Path)
    parser.add_argument("index", metavar="INDEX", type=Path)
    parser.add_argument("-o", "--out", metavar="FOLDER", type=Path, help="where answers are kept (default: LIBRARY)")
    parser.add_argument("--songs", metavar="N", type=int, default=N_SONGS, help=f"songs drawn (default: {N_SONGS})")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of the draw (default: 0)")
    args = parser.parse_args(argv)
    try:
        found = asked(args.library, args.index, args.out or args.library, n_songs=args.songs, seed=args.seed)
    except AudiolimeError as error:
        print(f"reasons: error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    print(as_markdown(found))
    return 0


def asked(
    library: Path,
    index: Path,
    out: Path,
    *,
    n_songs: int = N_SONGS,
    seed: int = 0,
    separators: Sequence[str] = SEPARATORS,
    model: Any = None,
) -> list[Record]:
    """The answers about a sample of songs and those with true stems, asked now or kept from before.

    The model is that of the index, unless one is given.

    Raises
    ------
    UsageError
        If the manifest cannot be read, or names no song of the index.
    """
    loaded, rows = load_index(index), rows_of(library / "manifest.csv")
    known = {place.resolve(): at for at, song in enumerate(loaded.songs) if (place := loaded.path_of(song)) is not None}
    songs = {row["path"]: (known[path], row) for path, row in rows.items() if path in known}
    if not songs:
        raise UsageError(f"no song of {legible(library)} is in {legible(index)}; index its manifest.csv")
    groups = {at: row["group"] for at, row in songs.values()}
    tasks = [(name, spec) for name in drawn(songs, n_songs, seed) for spec in separators]
    true = {name: library / row["stems"] for name, (_, row) in songs.items() if row.get("stems")}
    tasks += [(name, spec) for name, stems in true.items() for spec in (f"oracle:{stems}", *separators)]
    answers = {(one["song"], one["separator"]): one for one in kept_in(out)}
    make_folder(out)
    for name, spec in tqdm(dict.fromkeys(tasks), desc="asking why", unit="answer", disable=None, leave=False):
        key = name, TRUE_STEMS if spec.startswith("oracle:") else spec
        if key not in answers:
            answers[key] = {"song": key[0], "separator": key[1]} | answer(loaded, songs[name][0], groups, spec, model)
            write_bytes("".join(f"{to_json(one)}\n" for one in answers.values()).encode(), out / ANSWERS)
    return list(answers.values())


def rows_of(manifest: Path) -> dict[Path, Mapping[str, str]]:
    """The songs of a manifest by where their files are.

    Raises
    ------
    UsageError
        If it cannot be read.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(text_of(manifest))))
        return {(manifest.parent / row["path"]).resolve(): row for row in rows if row["group"]}
    except (OSError, KeyError, TypeError) as error:
        raise UsageError(f"{legible(manifest)} cannot be read ({error}); make it: make library") from error


def drawn(names: Iterable[str], n: int, seed: int) -> list[str]:
    """At most `n` of these, by a seed, whatever else is among them; more of them begin with the same ones.

    >>> drawn(["a", "b", "c"], 2, 0), drawn(["a", "b", "c", "d"], 3, 0)
    (['b', 'a'], ['b', 'a', 'c'])
    """
    return sorted(names, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest())[:n]


def kept_in(out: Path) -> list[Record]:
    """The answers that a folder holds."""
    kept = out / ANSWERS
    return [from_json(line) for line in text_of(kept).splitlines()] if kept.exists() else []


def neighbour(index: Index, at: int, groups: Mapping[int, str]) -> int:
    """The nearest song of another soundtrack."""
    rows = similar(index.songs[at], index, k=len(index.songs) - 1).rows
    places = {song.key: place for place, song in enumerate(index.songs)}
    near = (places[row.song.key] for row in rows)
    return next(place for place in near if groups.get(place, "") != groups[at])


def answer(index: Index, at: int, groups: Mapping[int, str], separator: str, model: Any = None) -> Record:
    """What `why` says of a song and its neighbour."""
    other = Asking(index).query(index.songs[neighbour(index, at, groups)])
    assert other.song is not None
    silent: Query = replace(other, song=replace(other.song, path=None))
    found = why(index.songs[at], silent, index=index, factorization=separator, model=model)
    return {"neighbour": other.song.path or other.name} | told(found)


def told(found: Why) -> dict[str, Any]:
    """What of an answer is counted."""
    first = [found.leading.sources[i] for i in found.leading.first]
    leader = first[0] if found.leading.known else None
    counts = found.track.leaders().counts
    return {
        "state": found.leading.state,
        "first": first,
        "score": round(found.score, 4),
        "silence": round(found.silence, 4),
        "shares": {stem: round(share, 4) for stem, share in found.weights.items()},
        "windows": len(found.track.windows),
        "agree": counts.get(leader, 0) if leader else 0,
        "level": any("this may be the level" in note for note in found.notes),
        "moves": _moves(found, leader),
        "sentence": found.sentence,
    }


def _moves(found: Why, leader: str | None) -> bool | None:
    """Whether another song of the collection would be nearest without the stem that leads; None: not known."""
    places = [removal.standing for removal in found.removals if removal.stem == leader]
    if not places or places[0] is None or found.standing is None:
        return None
    then, now = places[0].nearest, found.standing.nearest
    return None if then is None or now is None else then.key != now.key


if __name__ == "__main__":
    sys.exit(main())
