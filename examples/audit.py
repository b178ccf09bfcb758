"""An audit: is a song “metal” because of its guitar? Two songs, their true stems, and an honest answer.

Excerpts of Muldjord's “Mutilated Mime” (metal) and Sectoid's “Feelings” (folk) are given each other's guitars, and lose
their own. Two songs are too few to decide anything: every verdict is open, and says how many it takes; the page has the
evidence, and mixes to listen to. A collection of your own is audited in the same way::

    python examples/audit.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

from audiolime_ext import run_audit
from audiolime_ext.audit.measurement.measure import Settings
from audiolime_ext.audit.verdict.verdicts import judge
from audiolime_ext.report.audit.page import write_report
from factorizations.oracle import OracleFactorization

AUDIO = Path(__file__).parent / "audio"
SONGS = {"mime": "metal", "feelings": "folk"}
EXCERPT_S, N_EXCERPTS = 3.0, 3


def collect(folder: Path) -> Path:
    """Write each song, and the manifest of its excerpts."""
    lines = ["path,label,song,start_s,duration_s,stems"]
    for name, label in SONGS.items():
        OracleFactorization.from_folder(AUDIO / name).mixture.write(folder / f"{name}.wav")
        for i in range(N_EXCERPTS):
            lines.append(f"{name}.wav,{label},{name},{4 + 5 * i},{EXCERPT_S},{(AUDIO / name).resolve()}")
    manifest = folder / "songs.csv"
    manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return manifest


def main(folder: str = "audit") -> None:
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    results = run_audit(
        collect(place),
        "musicnn:MSD_musicnn",
        store=place / "songs.sqlite",
        settings=Settings(n_donors=2, n_same=0),
        thresholds=0.15,
        workers=0,
    )
    for found in (results.transplants(), results.removals()):
        for verdict in judge(found, limit=0.5, stems=results.components):
            print(verdict.text)
    page = write_report(results, place)
    print(f"listen to {page}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
