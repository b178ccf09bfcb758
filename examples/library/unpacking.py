"""The audio in a Debian package, and its licences; nothing else of it is written.

The tar archive of a package is read as a stream (``dpkg-deb --fsys-tarfile``). Audio files of 40 s or more, those in
zip archives (``.pk3`` and ``.love`` are such), and ``copyright`` are written below one folder, without the folders that
all audio of the package has in common. Links are not followed: they name files that are in the package anyway.

Invariants: *nothing is written outside the folder*: a path that leads out of it refuses the package; *a folder is
unpacked whole or again*: a record of the package's hash and the sizes of all files is written last.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

import soundfile
from tqdm import tqdm

from audiolime_ext.errors import CorruptError
from audiolime_ext.files.fresh import make_folder, write_bytes
from audiolime_ext.files.plain import from_json, to_json
from audiolime_ext.files.reading import text_of
from examples.library.fetching import Offer
from examples.library.packages import Package
from examples.library.songs import renamed

SHORTEST_S = 40.0  # what is shorter is a jingle or the sound of an explosion
ENDINGS = (".ogg", ".oga", ".opus", ".flac", ".mp3", ".wav")
ARCHIVES = (".pk3", ".love", ".zip")
COPYRIGHT = "copyright"
RECORD = ".unpacked.json"
_GROWTH = 4  # times an archive's size: compressed audio hardly shrinks again


def unpack(offer: Offer, deb: Path, into: Path, package: Package) -> list[Path]:
    """Write the audio of a package and its ``copyright`` into a folder; the audio files, sorted.

    Raises
    ------
    CorruptError
        If the package is damaged or holds a path that leads out of it.
    """
    record = into / RECORD
    if (files := _recorded(record, offer.sha256)) is None:
        shutil.rmtree(into, ignore_errors=True)
        make_folder(into)
        files = _written(deb, into, package)
        write_bytes(to_json({"sha256": offer.sha256, "files": files}).encode(), record)
    return sorted(into / name for name in files if name != COPYRIGHT)


def _recorded(record: Path, sha256: str) -> dict[str, int] | None:
    """The files that were unpacked from this very package and still are there; None where any is not."""
    try:
        told = from_json(text_of(record))
        whole = told["sha256"] == sha256
        files = {str(name): int(size) for name, size in told["files"].items()}
        there = all((record.parent / name).stat().st_size == size for name, size in files.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return files if whole and there else None


def _written(deb: Path, into: Path, package: Package) -> dict[str, int]:
    with tempfile.TemporaryDirectory(dir=into, prefix=".") as scratch:
        found = {path: _kept(content, Path(scratch)) for path, content in _members(deb, Path(scratch))}
        music = [path for path in found if path.name != COPYRIGHT and package.is_music(path)]
        audio = [path for path in music if _lasts(found[path], path)]
        above = PurePosixPath(os.path.commonpath([path.parent for path in audio])) if audio else PurePosixPath()
        targets = {path: str(renamed(path, audio).relative_to(above)) for path in audio}
        targets |= {path: COPYRIGHT for path in found if path.name == COPYRIGHT}
        for path, name in targets.items():
            target = into / name
            target.parent.mkdir(parents=True, exist_ok=True)
            found[path].replace(target)
    return {name: (into / name).stat().st_size for name in targets.values()}


def _lasts(file: Path, path: PurePosixPath) -> bool:
    """Whether an audio file is long enough to be a song; one that cannot be read is told."""
    try:
        return bool(soundfile.info(file).duration >= SHORTEST_S)
    except soundfile.LibsndfileError as error:
        tqdm.write(f"{path} cannot be read and is left out: {error}")
        return False


def _kept(content: IO[bytes], scratch: Path) -> Path:
    with tempfile.NamedTemporaryFile(dir=scratch, delete=False) as file:
        shutil.copyfileobj(content, file)
    path = Path(file.name)
    path.chmod(0o644)
    return path


def _members(deb: Path, scratch: Path) -> Iterator[tuple[PurePosixPath, IO[bytes]]]:
    """Paths and contents of the audio files in a package, those of its archives, and its ``copyright``."""
    try:
        command = ["dpkg-deb", "--fsys-tarfile", str(deb)]
        with (
            subprocess.Popen(command, stdout=subprocess.PIPE) as process,
            tarfile.open(fileobj=process.stdout, mode="r|") as tar,
        ):
            for member in tar:
                path = _inside(member.name, deb.name)
                if member.isreg() and _wanted(path) and (content := tar.extractfile(member)):
                    yield from _opened(path, content, scratch, deb.name)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise CorruptError(f"{deb.name} is damaged ({error}); remove it, and it is fetched again") from error


def _wanted(path: PurePosixPath) -> bool:
    is_licence = path.name == COPYRIGHT and path.parts[:-2] == ("usr", "share", "doc")
    return is_licence or path.suffix.lower() in (*ENDINGS, *ARCHIVES)


def _opened(
    path: PurePosixPath, content: IO[bytes], scratch: Path, origin: str
) -> Iterator[tuple[PurePosixPath, IO[bytes]]]:
    if path.suffix.lower() not in ARCHIVES:
        yield path, content
        return
    archive = _kept(content, scratch)
    with zipfile.ZipFile(archive) as opened:
        inside = [member for member in opened.infolist() if member.filename.lower().endswith(ENDINGS)]
        if sum(member.file_size for member in inside) > _GROWTH * archive.stat().st_size:
            raise CorruptError(f"{origin}: {path.name} unpacks to more than {_GROWTH} times its size; nothing is used")
        for member in inside:
            with opened.open(member) as file:
                yield path.parent / _inside(member.filename, f"{origin}: {path.name}"), file
    archive.unlink()


def _inside(name: str, origin: str) -> PurePosixPath:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        raise CorruptError(f"{origin} holds {name!r}, which leads out of it; nothing of it is used")
    return path
