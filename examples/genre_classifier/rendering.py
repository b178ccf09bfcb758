"""Render the songs of known style: ``FOLDER/songs/STYLE-SPLIT-NUMBER.flac`` and ``FOLDER/manifest.csv``.

Songs that are there are kept, so that a run that was stopped goes on. The manifest is one that
``audiolime concepts`` and ``audiolime audit`` read; its column ``split`` says who hears a song.
"""

from __future__ import annotations

from pathlib import Path

from tqdm import tqdm

from audiolime_ext.errors import MissingError
from audiolime_ext.files.fresh import make_folder, write_bytes
from examples.cerberus.rendering import TRAINING, UNSEEN, require_tools
from examples.genre_classifier.songs import SPLITS, make, styles

SIZES = {"train": 80, "valid": 12, "test": 24, "other": 12}  # songs of each style


def render(folder: Path, sizes: dict[str, int], *, seed: int = 0) -> Path:
    """Render what is missing; the manifest.

    Raises
    ------
    MissingError
        If FluidSynth, MMA or a SoundFont is missing.
    """
    try:
        require_tools((TRAINING[0], TRAINING[2], *UNSEEN))
    except FileNotFoundError as error:
        raise MissingError(str(error)) from error
    make_folder(folder / "songs")
    wanted = [(style, split, number) for style in styles() for split in SPLITS for number in range(sizes[split])]
    lines = []
    for style, split, number in tqdm(wanted, desc="songs", unit="song", disable=None, leave=False):
        name = f"{style}-{split}-{number:03d}"
        make(folder / "songs" / f"{name}.flac", style, split, f"{seed} {number}")
        lines.append(f"songs/{name}.flac,{style},{name},{split}\n")
    write_bytes(("path,label,group,split\n" + "".join(sorted(lines))).encode(), folder / "manifest.csv")
    return folder / "manifest.csv"
