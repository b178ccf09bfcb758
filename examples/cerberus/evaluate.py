"""How well factorizations separate songs whose stems are known: ``python -m examples.cerberus.evaluate DATA -f SPEC``.

DATA holds splits of songs that ``python -m examples.cerberus.dataset DATA`` rendered; ``--stems`` adds recordings with
one audio file for each source (piano.flac, guitar.flac, bass.flac, drums.flac, other.flac; those that are not there are
silent). Every factorization that the project knows by a spec can be evaluated, each stem against the source it is meant
to hold, between two bounds (`references`). What the scores are says `scores`; what a separation costs, `cost`.

Means, medians and intervals are over songs. A source that is silent in a song has no SI-SDR: it is left out and
counted, and the level of what the separator put there, relative to the mixture, is reported as its leak. *All four* is
the mean over those of piano, guitar, bass and drums that have a score in a song, for separators with stems for each.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from audiolime_ext.audio.recording import Samples
from audiolime_ext.errors import AudiolimeError, UsageError
from audiolime_ext.extras import require
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.factorization.transcription import Transcription
from audiolime_ext.files.fresh import write_bytes
from audiolime_ext.files.places import require_writable
from audiolime_ext.files.plain import to_json
from examples.cerberus import references, scores, summary
from examples.cerberus.cost import Cost, measure
from examples.cerberus.references import PITCHED, SOURCES, SPLITS, Song, matches
from examples.cerberus.scores import Hearing
from examples.cerberus.summary import Result

DEFAULT = ("cerberus?merge=none", "hpss")
RECORDED = "stems"  # the split of the folders given with --stems


@dataclass(frozen=True, eq=False)
class Estimates:
    """What one separator made of one song: samples by source and, from some, a transcription."""

    samples: Mapping[str, Samples]
    transcription: Transcription | None = None


Separator = Callable[[Song], Estimates]


def bound(estimate: Callable[[Song], dict[str, Samples]]) -> Separator:
    """One of `references.BOUNDS`, as if it were a separator."""
    return lambda song: Estimates(estimate(song))


def separator(factorization: Factorization) -> Separator:
    """A factorization as a function from songs to estimates of the sources."""

    def separate(song: Song) -> Estimates:
        stems = factorization.factorize(song.mixture)
        samples = {source: stems[stem].samples for source, stem in matches(stems.names).items()}
        return Estimates(samples, stems.transcription)

    return separate


def evaluate(song: Song, name: str, separate: Separator, *, split: str) -> Result:
    """Separate one song and compare."""
    found, mixture = separate(song), song.mixture
    separation = {
        source: scores.separation(estimate, song.stems[source], mixture.samples, mixture.sr)
        for source, estimate in found.samples.items()
    }
    hearing = {}
    if found.transcription is not None and song.notes is not None:
        hearing = hear(found.transcription, song.notes)
    return Result(split, song.name, mixture.duration_s, name, separation, hearing)


def hear(transcription: Transcription, notes: NDArray[np.float32]) -> dict[str, Hearing]:
    """Compare the notes of each pitched source that was transcribed, and the strokes of each kind."""
    of = {source: notes[notes[:, 0] == i] for i, source in enumerate(SOURCES)}
    found = {
        f"{source} notes": scores.notes(transcription.notes[source], of[source][:, [2, 3, 1]])
        for source in PITCHED
        if source in transcription.notes
    }
    for kind in scores.DRUMS:
        if kind in transcription.strokes:
            true = [onset_s for _, key, onset_s, _ in of["drums"] if scores.drum(key) == kind]
            found[kind] = scores.strokes(transcription.strokes[kind][:, 0], true)
    return found


def songs(args: argparse.Namespace) -> list[tuple[str, Callable[[], Song]]]:
    """Split and loader of every song asked for; none is in memory yet."""
    if args.data is None and not args.stems:
        raise UsageError("name the folder DATA of rendered songs, or folders of recorded stems with --stems")
    splits = {} if args.data is None else references.split_folders(args.data, args.split)
    there = [(split, partial(Song.rendered, folder)) for split in splits for folder in splits[split][: args.songs]]
    return [*there, *((RECORDED, partial(Song.recorded, folder)) for folder in args.stems)]


def run(args: argparse.Namespace) -> None:
    require("mir_eval", extra=scores.EXTRA)
    for file in filter(None, (args.json, args.markdown)):
        require_writable(file.parent)
    found = songs(args)
    if args.data is not None and (absent := {} if args.split else set(SPLITS) - {split for split, _ in found}):
        print(f"not there, so left out: {', '.join(sorted(absent))}", file=sys.stderr)
    factorizations = {spec: load_factorization(spec) for spec in args.factorization or DEFAULT}
    separators = {name: bound(estimate) for name, estimate in references.BOUNDS.items()}
    separators |= {spec: separator(one) for spec, one in factorizations.items()}
    results = []
    with tqdm(total=len(found) * len(separators), desc="separating", unit="song", disable=None, leave=False) as bar:
        for split, load in found:
            song = load()
            for name, separate in separators.items():
                bar.set_postfix_str(f"{split}/{song.name}: {name}")
                results.append(evaluate(song, name, separate, split=split))
                bar.update()
    costs = {} if args.no_cost else {spec: measure(spec, found[0][1]().mixture) for spec in factorizations}
    print(summary.text(results, costs))
    if args.json:
        about = {spec: one.fingerprint for spec, one in factorizations.items()}
        write_bytes(to_json(everything(results, costs, about), indent=1).encode(), args.json)
    if args.markdown:
        write_bytes(summary.markdown(results, costs).encode(), args.markdown)


def everything(results: Sequence[Result], costs: Mapping[str, Cost], fingerprints: Mapping[str, str]) -> dict[str, Any]:
    """What the JSON file holds."""
    return {
        "format": "audiolime-separation-evaluation-1",
        "fingerprints": dict(fingerprints),
        "versions": {name: version(name) for name in ("audiolime-ext", "mir_eval", "numpy", "onnxruntime")},
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "silent_db": scores.SILENT_DB,
        "tolerance_s": scores.TOLERANCE_S,
        "separation": [asdict(row) for row in summary.separated(results)],
        "transcription": [asdict(row) for row in summary.heard(results)],
        "cost": {name: asdict(cost) for name, cost in costs.items()},
        "songs": [asdict(result) for result in results],
    }


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("data", metavar="DATA", nargs="?", type=Path)
    made.add_argument(
        "-f",
        "--factorization",
        metavar="SPEC",
        action="append",
        help=f"may be repeated (default: {' and '.join(DEFAULT)})",
    )
    made.add_argument("--split", action="append", default=[], help=f"may be repeated (default: {', '.join(SPLITS)})")
    made.add_argument("--stems", metavar="DIR", action="append", default=[], type=Path, help="may be repeated")
    made.add_argument("--songs", metavar="N", type=int, help="at most N songs of each split")
    made.add_argument("--no-cost", action="store_true", help="measure neither speed nor memory")
    made.add_argument("--json", metavar="FILE", type=Path, help="everything, song by song")
    made.add_argument("--markdown", metavar="FILE", type=Path, help="the tables, for a model card")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        run(parser().parse_args(argv))
    except AudiolimeError as error:
        print(f"evaluate: error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
