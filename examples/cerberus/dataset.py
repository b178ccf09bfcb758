"""Render the songs that Cerberus is trained and tested on: ``python -m examples.cerberus.dataset DATA --split train``.

Splits: ``train`` and ``valid``, random songs in different grooves; for tests ``mma``, random songs in grooves of their
own, ``human``, pieces by human composers, and ``unseen``, both with a SoundFont that training never hears.

A song is a folder ``DATA/SPLIT/NAME`` with ``stems.npy`` (int16, 5 × n_samples, 16 kHz: piano, guitar, bass, drums,
other), ``notes.npy`` (float32, n_notes × 4: source, MIDI pitch or percussion key, onset and offset in seconds) and
``song.json``. Songs that are there are kept, so the command goes on where it was interrupted; a seed gives the same
song whatever the number of jobs.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from itertools import islice
from pathlib import Path

import numpy as np
from tqdm import tqdm

from examples.cerberus import accompaniment, human
from examples.cerberus.rendering import TRAINING, UNSEEN, render, require_tools

SPLITS = ("train", "valid", "mma", "human", "unseen")
SIZES = {"train": 2000, "valid": 40, "mma": 40, "unseen": 20}


def make(folder: Path, split: str, name: str, seed: str) -> Path:
    """Render one song, unless it is there; its folder."""
    target = folder / split / name
    if target.exists():
        return target
    if name in (pieces := _pieces() if split in ("human", "unseen") else {}):
        song = pieces[name]
    else:
        song = accompaniment.compose(split if split in ("train", "valid") else "test", seed)
    fonts = UNSEEN if split == "unseen" else TRAINING
    rendered = render(song, f"{seed} {split}", fonts=fonts, effects=split in ("train", "valid"))
    temporary = target.with_name(f".{name}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    np.save(temporary / "stems.npy", rendered.stems)
    np.save(temporary / "notes.npy", rendered.notes)
    (temporary / "song.json").write_text(json.dumps(rendered.about, indent=1), encoding="utf-8")
    temporary.replace(target)
    return target


@cache
def _pieces() -> dict[str, accompaniment.Song]:
    return dict(human.pieces())


def contents(split: str, *, seed: int, n_songs: int | None) -> list[tuple[str, str]]:
    """Names and seeds of a split's songs."""
    found: list[tuple[str, str]] = []
    if split != "human":
        source = split if split in ("train", "valid") else "test"
        found += accompaniment.numbered(source, seed, n_songs or SIZES[split])
    if split in ("human", "unseen"):
        found += [(name, f"{seed} {name}") for name in islice(_pieces(), n_songs)]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DATA", type=Path)
    parser.add_argument("--split", choices=SPLITS, action="append", help="may be repeated (default: all)")
    parser.add_argument("--songs", type=int, help=f"at most N of each kind (default: {SIZES}, all human pieces)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    args = parser.parse_args()
    try:
        require_tools((*TRAINING, *UNSEEN))
        for split in args.split or SPLITS:
            wanted = contents(split, seed=args.seed, n_songs=args.songs)
            with ProcessPoolExecutor(args.jobs) as pool:
                names, seeds = zip(*wanted, strict=True)
                done = pool.map(partial(make, args.folder, split), names, seeds)
                for _ in tqdm(done, desc=split, total=len(wanted), unit="song"):
                    pass
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
