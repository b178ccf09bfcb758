"""Run what is not there yet, print the table; status 1 where a sentence was wrong or too few were right."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.studies.planted import table
from tests.studies.planted.judge import ABSTAINED, RIGHT, WRONG
from tests.studies.planted.songs import Song, from_folder, gathered, released, sketch, sung
from tests.studies.planted.study import TRUE_STEMS, records
from tests.studies.planted_why import __doc__ as about
from tests.studies.planted_why.asking import N_WINDOWS, Query
from tests.studies.planted_why.embedders import BESIDE_A_CONSTANT, SEVERAL
from tests.studies.planted_why.pairs import pair_cases, partner
from tests.studies.planted_why.study import cases

FACTORIZATIONS = (TRUE_STEMS, "spleeter:2stems", "cerberus", "cerberus?merge=none", "hpss")
SETTINGS = ("excerpt", "windows", "pairs")


def songs_of(data: Path | None, folders: Sequence[Path], most: int, skip: int) -> list[Song]:
    """The songs of the study of planted listeners, and two under a singer."""
    given = [*(from_folder(folder) for folder in folders), *(gathered(data, (), most, skip) if data else ())]
    known = [sketch(0), sketch(1), *(released(name) for name in ("feelings", "mime"))]
    return list({song.name: song for song in [*known, sung(known[2]), sung(known[0]), *given]}.values())


def asked(song: Song, factorization: str, setting: str, turn: int) -> Iterable[dict[str, Any]]:
    """What became of each question, asked in one way each; the next song's turn is another."""
    planted = (*SEVERAL, *BESIDE_A_CONSTANT)
    if setting == "pairs":
        return pair_cases(song, factorization)
    return cases(Query.of(song, factorization, 1 if setting == "excerpt" else N_WINDOWS), planted, turn=turn)


def run(songs: Iterable[Song], factorizations: Sequence[str], settings: Sequence[str], folder: Path) -> None:
    """Whatever of the study is not there yet, a file for each."""
    folder.mkdir(parents=True, exist_ok=True)
    for turn, song in enumerate(songs):
        for name in factorizations:
            for setting in settings:
                target = folder / f"{song.name}--{name}--{setting}.jsonl".replace(":", "-").replace(" ", "_")
                missing = {"windows": len(song.windows(2)) < 2, "pairs": partner(song) is None}
                if target.exists() or missing.get(setting):
                    continue
                origin = {"song": song.name, "factorization": name, "setting": setting}
                lines = [json.dumps(origin | case) for case in asked(song, name, setting, turn)]
                unfinished = target.with_suffix(".part")
                unfinished.write_text("\n".join(lines) + "\n", encoding="utf-8")
                unfinished.replace(target)
                print(f"{song.name}, {name}, {setting}: {len(lines)} answers", flush=True)


def summary(found: Sequence[dict[str, Any]]) -> str:
    """A row for each factorization and way of asking: how many answers are right, wrong, or none."""
    lines = [f"{'':22}{'':10}{'right':>7}{'wrong':>7}{'none':>7}{'songs':>7}{'rate':>8}{'wrong without notes':>21}"]
    for name in dict.fromkeys(record["factorization"] for record in found):
        for setting in SETTINGS:
            some = [one for one in found if (one["factorization"], one["setting"]) == (name, setting)]
            if some:
                n, songs = table.counts(some), len({one["song"] for one in some})
                counts = "".join(f"{n[outcome]:7}" for outcome in (RIGHT, WRONG, ABSTAINED))
                bare = table.wrong_without_notes(some)
                lines.append(f"{name:22}{setting:10}{counts}{songs:7}{table.rate(some):8.3f}{bare:21.3f}")
    return "\n".join(lines)


def main() -> int:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where results are kept, a file for each song")
    parser.add_argument("--data", type=Path, help="songs rendered by examples.cerberus.dataset")
    parser.add_argument("--songs", type=int, default=6, help="at most so many of each rendered split (default: 6)")
    parser.add_argument("--skip", type=int, default=0, help="leave out so many first ones of each split (default: 0)")
    parser.add_argument("--true", metavar="DIR", type=Path, nargs="*", default=[], help="folders of true stems")
    parser.add_argument("--factorizations", nargs="+", default=list(FACTORIZATIONS))
    parser.add_argument("--settings", nargs="+", default=list(SETTINGS), choices=SETTINGS)
    chosen = parser.parse_args()
    run(
        songs_of(chosen.data, chosen.true, chosen.songs, chosen.skip),
        chosen.factorizations,
        chosen.settings,
        chosen.folder,
    )
    found = records(chosen.folder)
    for setting in dict.fromkeys(record["setting"] for record in found):
        print(f"\n{setting}: right / wrong / no answer\n")
        print(table.as_text([record for record in found if record["setting"] == setting]))
    print("", summary(found), "", *table.sentences(found, 3), sep="\n")
    true = table.counts(record for record in found if record["factorization"] == TRUE_STEMS)
    few = true[RIGHT] < table.LEAST_RIGHT * sum(true.values())
    return 1 if few or table.counts(found)[WRONG] else 0


if __name__ == "__main__":
    sys.exit(main())
