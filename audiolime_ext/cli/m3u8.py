"""``--m3u8``: where a playlist is written, and what is said of it; as that of ``-o``, its folder is made if missing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible, utf8

if TYPE_CHECKING:
    from audiolime_ext.recommendation.playlists.m3u import Playable


def m3u8_file(given: str) -> Path:
    """The playlist that `--m3u8` names, where it can be written.

    Raises
    ------
    UsageError
        If it does not end as playlists do.
    OutputError
        If it is clear that it cannot be written.
    """
    from audiolime_ext.files.places import require_writable_file

    if Path(given).suffix.lower() not in (".m3u8", ".m3u"):
        raise UsageError(f"--m3u8 {legible(given)} is not named as a playlist is; end its name in .m3u8")
    require_writable_file(Path(given), in_new_folder=True)
    return Path(given)


def write_m3u8_of(result: Playable, given: str) -> None:
    """Write the songs of a result as a playlist, in a folder that is made if it is missing."""
    from audiolime_ext.files.fresh import make_folder

    result.require_listable(Path(given).parent)
    make_folder(Path(given).parent)
    result.write_m3u8(given)


def print_m3u8_of(result: Playable, given: str) -> None:
    """Say where the playlist of a result lies, and which of its songs are not in it."""
    print(f"\nplaylist: {legible(given)}")
    if lacking := result.not_in_m3u8(Path(given).parent):
        print(utf8(f"note: {lacking}"))
