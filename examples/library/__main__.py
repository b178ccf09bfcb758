"""A library of free game music, to try recommendation on: ``python -m examples.library LIBRARY``.

Fetches the Debian packages of `packages.csv` (1.4 GB; nothing is installed), unpacks their music and their licences,
mixes the halves of Frets on Fire, removes recordings that are there twice, and writes ``LIBRARY/manifest.csv`` and
``LIBRARY/removed.csv``. What is there is verified and kept, so the command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tqdm import tqdm

from audiolime_ext.errors import AudioError, AudiolimeError, MissingError
from audiolime_ext.files.fresh import make_folder, write_bytes
from audiolime_ext.files.names import legible
from audiolime_ext.text import counted
from examples.library import fetching
from examples.library.duplicates import Pair, Print, duplicates, fingerprint, likenesses
from examples.library.packages import COMMITTED, Package, read_packages
from examples.library.songs import Song, songs_of
from examples.library.unpacking import unpack

HEADER = ("path", "label", "group", "stems", "title", "artist", "album", "gain_db")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="LIBRARY", type=Path)
    parser.add_argument("--packages", metavar="CSV", type=Path, default=COMMITTED, help="another list of packages")
    args = parser.parse_args(argv)
    try:
        made = make(args.folder, read_packages(args.packages))
    except AudiolimeError as error:
        print(f"library: error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    print(*made, sep="\n")
    return 0


def make(folder: Path, packages: Sequence[Package]) -> list[str]:
    """Make the library; what there is to say of it, in lines.

    Raises
    ------
    MissingError
        If Debian's tools are missing, the mirror cannot be reached, or none of the packages is offered.
    """
    fetching.require_tools()
    offered, absent = fetching.offers(package.name for package in packages)
    if not offered:
        raise MissingError("apt-get offers none of the packages; fetch its lists first: apt-get update, as root")
    debs = folder / "packages"
    make_folder(debs)
    fetching.fetch(offered, debs)
    by_name = {package.name: package for package in packages}
    songs = []
    for offer in tqdm(offered, desc="unpacking", unit="package", disable=None, leave=False):
        into = folder / "songs" / offer.package
        songs += songs_of(by_name[offer.package], unpack(offer, debs / offer.file, into, by_name[offer.package]))
    prints, unread = fingerprints(songs, folder / "kept")
    readable = [song for song in songs if song.path in prints]
    gone = duplicates(likenesses(list(prints.values())), [song.duration_s for song in readable])
    write(folder, readable, gone, unread)
    return [*told(folder, readable, gone, unread), *(f"not offered by this machine's apt-get: {one}" for one in absent)]


def fingerprints(songs: Sequence[Song], kept: Path) -> tuple[dict[Path, Print], dict[Path, str]]:
    """The prints of all songs that can be read, and why the others cannot."""
    prints, unread = {}, {}
    for song in tqdm(songs, desc="fingerprints", unit="song", disable=None, leave=False):
        try:
            prints[song.path] = fingerprint(song.path, kept)
        except AudioError as error:
            unread[song.path] = str(error)
    return prints, unread


def write(folder: Path, songs: Sequence[Song], gone: Sequence[Pair], unread: Mapping[Path, str]) -> None:
    """The manifest, and what was removed from it, with paths relative to the folder."""
    lost = {pair.first for pair in gone}
    rows = [_row(song, folder) for i, song in enumerate(songs) if i not in lost]
    write_bytes(_csv([HEADER, *rows]), folder / "manifest.csv")
    paths = [_relative(song.path, folder) for song in songs]
    removed = [(paths[pair.first], paths[pair.second], f"{pair.likeness:.3f}", "there twice") for pair in gone]
    removed += [(_relative(path, folder), "", "", why) for path, why in unread.items()]
    write_bytes(_csv([("path", "same_as", "likeness", "why"), *removed]), folder / "removed.csv")


def _row(song: Song, folder: Path) -> tuple[str, ...]:
    stems = "" if song.stems is None else _relative(song.stems, folder)
    gain = f"{song.gain_db:g}" if song.stems is not None else ""
    package = song.package
    path, tags = _relative(song.path, folder), (song.title, song.artist, song.album)
    return (path, package.style, package.soundtrack, stems, *tags, gain)


def _relative(path: Path, folder: Path) -> str:
    return legible(path.relative_to(folder).as_posix())


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def told(folder: Path, songs: Sequence[Song], gone: Sequence[Pair], unread: Mapping[Path, str]) -> list[str]:
    """What the library holds."""
    lost = {pair.first for pair in gone}
    left = [song for i, song in enumerate(songs) if i not in lost]
    minutes = sum(song.duration_s for song in left) / 60
    soundtracks = len({song.package.soundtrack for song in left})
    with_stems = [song for song in left if song.stems is not None]
    return [
        f"{counted(len(left), 'song')} of {counted(soundtracks, 'soundtrack')}, {minutes:.0f} min, "
        f"{len(with_stems)} with true stems: {folder / 'manifest.csv'}",
        f"removed: {len(gone)} there twice, {len(unread)} that cannot be read: {folder / 'removed.csv'}",
        f"licences: {folder / 'songs'}/PACKAGE/copyright",
    ]


if __name__ == "__main__":
    sys.exit(main())
