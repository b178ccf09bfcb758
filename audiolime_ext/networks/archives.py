"""Some members of a publisher's archive, written below a folder of ours: a wheel, or the ``.tar.gz`` of a release.

Invariants: *nothing is written outside the folder*, since only members that the caller names are written. *An archive
of weights holds only files and folders*: a ``.tar.gz`` with a path that leads out of it, a link or a device is refused
as a whole, and so is one that unpacks to far more than weights do (they hardly shrink when they are compressed).
"""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from audiolime_ext.errors import CorruptError

_BLOCK = 1 << 20
_GROWTH = 4  # times the archive's size
_DAMAGE = (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, EOFError, zlib.error)


def unpack(archive: Path, names: Collection[str], into: Path) -> None:
    """Write the members `names` to their paths below `into`; no other is written.

    Raises
    ------
    CorruptError
        If one of them is missing, or the archive is damaged or holds what does not belong in an archive of weights.
    """
    missing = set(names)
    try:
        for name, member in (_zipped if zipfile.is_zipfile(archive) else _tarred)(archive, names):
            target = into / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with member, target.open("wb") as file:
                shutil.copyfileobj(member, file, _BLOCK)
            missing.discard(name)
    except _DAMAGE as error:
        raise _refused(archive, f"is damaged or cut short ({error})") from error
    if missing:
        raise _refused(archive, f"lacks {min(missing)}")


def _refused(archive: Path, reason: str) -> CorruptError:
    return CorruptError(f"{archive.name} {reason}; nothing was kept")


def _zipped(archive: Path, names: Collection[str]) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(archive) as opened:
        for name in set(names) & set(opened.namelist()):
            yield name, opened.open(name)


def _tarred(archive: Path, names: Collection[str]) -> Iterator[tuple[str, IO[bytes]]]:
    room = _GROWTH * archive.stat().st_size
    with tarfile.open(archive, "r:gz") as opened:
        for member in opened:
            path = PurePosixPath(member.name)
            if path.is_absolute() or ".." in path.parts:
                raise _refused(archive, f"holds {member.name!r}, which leads out of it")
            if not (member.isreg() or member.isdir()):
                raise _refused(archive, f"holds {member.name!r}, which is not a file but a link or a device")
            room -= member.size
            if room < 0:
                raise _refused(archive, f"unpacks to more than {_GROWTH} times its size, which weights never do")
            if str(path) in names and (content := opened.extractfile(member)):
                yield str(path), content
