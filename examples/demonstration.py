"""The demonstration that audioLIME began with, as pages to listen to.

Two songs whose guitar was published apart from the rest: the same labels explained with the true stems and with what
Spleeter makes of the mix, side by side. Then one recording in which one label is explained in several windows, as a
table and as a page. Everything is written into a folder; open its pages in a browser::

    python examples/demonstration.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

from audiolime_ext import explain_track, write_page
from factorizations.oracle import OracleFactorization

ROOT = Path(__file__).parent.parent
AUDIO = ROOT / "examples" / "audio"
SONGS = {
    "feelings": "Sectoid, “Feelings” (MIT/Expat)",
    "mime": "El Senator and Muldjord, “Mutilated Mime” (CC BY-SA 3.0)",
}
SUNG, CREDIT = ROOT / "audiolime_ext" / "data" / "ezer_ev.ogg", "Obsidian Shell, “Ezer Év” (CC BY-SA 3.0)"
MODEL = "musicnn:MSD_musicnn"


def main(folder: str = "demonstration") -> None:
    pages = Path(folder)
    pages.mkdir(exist_ok=True)
    for song, credit in SONGS.items():
        stems = OracleFactorization.from_folder(AUDIO / song)
        true = explain_track(stems.mixture, MODEL, factorization=stems, top_labels=3, min_score=0.1)
        estimated = explain_track(stems.mixture, MODEL, labels=true.labels, min_score=0.1)  # by spleeter:2stems
        print(f"{credit}: {', '.join(str(true.leaders(label)) for label in true.labels)}")
        print(f"listen to it: {write_page([true, estimated], pages / f'{song}.html', title=credit)}\n")

    windows = explain_track(SUNG, MODEL, labels=["female vocalists"], at=[3, 9, 15], min_score=0.2)
    print(f"{CREDIT}, “female vocalists” in three windows\n{windows.by_window()}")
    print(f"listen to them: {write_page(windows, pages / 'ezer_ev.html', title=CREDIT)}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
