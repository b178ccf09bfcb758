"""A small collection to try maps and playlists on: pieces of five songs, three seconds each.

Writes the pieces and ``pieces.csv``, in which the group of a piece is the song that it is from, and says what to do
with them. A piece begins in the middle of the one before, so neighbours in time share half of their sound; that is
why they are near, and no result about music::

    python examples/pieces.py [FOLDER]
    audiolime index pieces/pieces.csv
    audiolime map pieces/pieces.index --group album -o map.html
"""

from __future__ import annotations

import sys
from pathlib import Path

from audiolime_ext import Audio, load_audio
from factorizations.oracle import OracleFactorization

HERE = Path(__file__).parent
PIECE_S, STEP_S = 3.0, 1.5
FILES = {
    "Vermocsár": HERE / "audio" / "vermocsar.ogg",
    "Ezer év": HERE.parent / "audiolime_ext" / "data" / "ezer_ev.ogg",
    "Slow Motion Dream": HERE / "audio" / "slow_motion_dream.mp3",
}
HALVES = {"Feelings": HERE / "audio" / "feelings", "Mutilated Mime": HERE / "audio" / "mime"}
ARTISTS = {
    "Vermocsár": "Obsidian Shell",
    "Ezer év": "Obsidian Shell",
    "Slow Motion Dream": "Steven M. Bryant",
    "Feelings": "Sectoid",
    "Mutilated Mime": "Muldjord",
}


def songs() -> dict[str, Audio]:
    """The songs by title; two are the sum of a guitar and everything else."""
    mixed = {title: OracleFactorization.from_folder(folder).mixture for title, folder in HALVES.items()}
    return {title: load_audio(path) for title, path in FILES.items()} | mixed


def main(folder: str = "pieces") -> None:
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    lines = ["path,title,artist,album"]
    for number, (title, song) in enumerate(songs().items()):
        for piece in range(int((song.duration_s - PIECE_S) / STEP_S) + 1):
            name = f"{number}-{piece:02d}.wav"
            song.excerpt(piece * STEP_S, PIECE_S).write(place / name)
            lines.append(f"{name},{title} {piece * STEP_S:g} s,{ARTISTS[title]},{title}")
    (place / "pieces.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"listen to {len(lines) - 1} pieces in {place}; index them: audiolime index {place / 'pieces.csv'}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
