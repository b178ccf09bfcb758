"""Songs with bars, as sound: ``python -m examples.genre_classifier.barred MANIFEST OUT``.

The founding recipe looked for concepts in its training pictures, three in four of which have black bars. These are
recordings of that kind: the middle 30 s of some songs of each style, as many in each of the four versions; the seed
draws which. ``OUT/manifest.csv`` has columns more, ``bars`` for the version and ``silent_s`` and ``hole`` for where
the bars lie, so that what is found can be compared with what was put there. The library's songs are found with
``--library``.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from tqdm import tqdm

from audiolime_ext.audio.recording import load_audio
from audiolime_ext.errors import AudiolimeError
from audiolime_ext.files.fresh import fresh_file, make_folder, write_bytes
from examples.genre_classifier.bars import KINDS, Bar, drawn, silenced
from examples.genre_classifier.pictures import FRONT_END, SR, WINDOW_S, windows
from examples.genre_classifier.tables import Song, of_library, read

N_SONGS, PIXELS = 50, 112
COLUMNS = ("path", "label", "group", "split", "bars", "silent_s", "hole")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", metavar="MANIFEST", type=Path)
    parser.add_argument("out", metavar="OUT", type=Path)
    parser.add_argument("--library", action="store_true", help="the manifest is that of make library")
    parser.add_argument("--songs", metavar="N", type=int, default=N_SONGS, help="of each style (default: %(default)s)")
    parser.add_argument("--seed", metavar="N", type=int, default=0)
    args = parser.parse_args(argv)
    try:
        songs = of_library(args.manifest) if args.library else read(args.manifest)
        print(write(songs, args.out, n_songs=args.songs, seed=args.seed))
    except AudiolimeError as error:
        print(f"barred: error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def write(songs: Sequence[Song], out: Path, *, n_songs: int = N_SONGS, seed: int = 0) -> Path:
    """Write songs with bars, unless they are there; the manifest."""
    make_folder(out / "songs")
    rng, rows = np.random.default_rng(seed), []
    for style in sorted({song.style for song in songs}):
        own = [song for song in songs if song.style == style]
        for number, i in enumerate(rng.permutation(len(own))[:n_songs].tolist()):
            kind = KINDS[number % len(KINDS)]
            rows.append((own[i], kind, drawn(kind, PIXELS, rng)))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for song, kind, bars in tqdm(rows, desc="songs", unit="song", disable=None, leave=False):
        path = out / "songs" / f"{Path(song.name).stem}.flac"
        if not path.exists():
            sound = silenced(windows(load_audio(song.path), 1)[0], bars, sr=SR, n_mels=FRONT_END.n_mels)
            with fresh_file(path) as temporary:
                soundfile.write(temporary, np.clip(sound, -1, 1), SR, format="FLAC", subtype="PCM_16")
        about = (f"songs/{path.name}", song.style, song.group, song.split, kind)
        table.writerow([*about, _place(bars, "time", WINDOW_S), _place(bars, "bands", FRONT_END.n_mels)])
    write_bytes(text.getvalue().encode(), out / "manifest.csv")
    return out / "manifest.csv"


def _place(bars: Sequence[Bar], axis: str, length: float) -> str:
    """Where a bar lies on an axis: from and to, in seconds or mel bands."""
    return ";".join(f"{bar.begin * length:.2f}-{bar.end * length:.2f}" for bar in bars if bar.axis == axis)


if __name__ == "__main__":
    sys.exit(main())
