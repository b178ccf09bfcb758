"""What MTT_musicnn listens to: ``python -m tests.studies.audit_musicnn DATA FOLDER``.

The recordings are of rendered songs (``make cerberus-data DATA=…``, splits human and mma), each with a random choice of
its sources, so that instruments are not tied to each other; with the sources as true stems. A recording is of the
classes that sound in it and that are tags of the model: guitar, piano, drums. Beside them are excerpts of the bundled
songs whose guitar is at hand as a stem. What is written to FOLDER is audited with:

    audiolime audit FOLDER/manifest.csv -f oracle -t musicnn:MTT_musicnn --threshold .1 --expected FOLDER/expected.csv
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from audiolime_ext import Audio
from factorizations.oracle import OracleFactorization

SR, EXCERPT_S = 16000, 9.0
SOURCES = ("piano", "guitar", "bass", "drums", "other")
TAGS = ("piano", "guitar", "drums")
AUDIBLE_DB = -20.0


def write(data: Path, folder: Path) -> int:
    """Write recordings, stems, ``manifest.csv`` and ``expected.csv``; how many recordings there are."""
    rng = np.random.default_rng(0)
    lines = ["path,label,song,stems"]
    for song in sorted(path for split in ("human", "mma") for path in (data / split).iterdir()):
        stems = np.load(song / "stems.npy").astype(np.float32) / 32768
        n_samples = round(EXCERPT_S * SR)
        if stems.shape[1] < n_samples:
            continue
        first = (stems.shape[1] - n_samples) // 2
        excerpt = stems[:, first : first + n_samples]
        power = (excerpt**2).mean(axis=1)
        sounding = np.flatnonzero(10 * np.log10(power / power.sum() + 1e-12) > AUDIBLE_DB)
        chosen = [i for i in sounding if rng.random() < 0.6]
        labels = [SOURCES[i] for i in chosen if SOURCES[i] in TAGS]
        if len(chosen) < 2 or not labels:
            continue
        mixture = excerpt[chosen].sum(axis=0)
        Audio(mixture[None], SR).write(folder / f"{song.name}.wav")
        place = folder / f"{song.name}-stems"
        place.mkdir(exist_ok=True)
        for i in chosen:
            Audio(excerpt[i][None], SR).write(place / f"{SOURCES[i]}.wav")
        lines.append(f"{song.name}.wav,{';'.join(labels)},{song.name},{song.name}-stems")
    lines += list(bundled(folder))
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    meant = "".join(f"{tag},{tag},+\n" for tag in TAGS)
    (folder / "expected.csv").write_text(f"class,component,sign\n{meant}", encoding="utf-8")
    return len(lines) - 1


def bundled(folder: Path) -> Iterator[str]:
    """Write excerpts of the songs in ``examples/audio``; their lines of the manifest."""
    for name in ("feelings", "mime"):
        whole = OracleFactorization.from_folder(f"examples/audio/{name}")
        for start_s in (0, 9):
            stems = whole.factorize(whole.mixture, start_s=start_s, duration_s=EXCERPT_S)
            label = f"{name}-{start_s}"
            Audio(stems.mixture, stems.sr).write(folder / f"{label}.wav")
            (folder / f"{label}-stems").mkdir(exist_ok=True)
            for stem in stems.names:
                stems[stem].write(folder / f"{label}-stems" / f"{stem}.wav")
            yield f"{label}.wav,guitar,{name},{label}-stems"


if __name__ == "__main__":
    target = Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    print(write(Path(sys.argv[1]), target), "recordings")
