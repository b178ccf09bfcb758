"""Debian packages as files: fetched by apt-get with its own mirrors and proxies, verified, not installed.

The lists of packages that this machine's apt-get trusts say how large a package is and what its SHA-256 is; a file that
is there with that hash is not fetched again. A package that the lists do not offer (a game's next version has another
name) is said, and the library is made without it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from audiolime_ext.errors import CorruptError, MissingError
from audiolime_ext.files.fresh import fresh_folder
from audiolime_ext.files.reading import sha256_of

TOOLS = ("apt-get", "dpkg-deb")
_OFFER = re.compile(r"'[^']+' (?P<file>[^\s/]+\.deb) (?P<size>\d+) SHA256:(?P<sha256>[0-9a-f]{64})")
_WARNING = re.compile(r"^W: .*\n?", re.MULTILINE)  # that root downloads as root


@dataclass(frozen=True)
class Offer:
    """A file that the package lists offer: its package, its name, bytes and SHA-256."""

    package: str
    file: str
    size: int
    sha256: str

    def is_in(self, folder: Path) -> bool:
        """Whether the file lies there as it was published."""
        path = folder / self.file
        return path.is_file() and path.stat().st_size == self.size and sha256_of(path) == self.sha256


def require_tools() -> None:
    """Raise `MissingError` unless Debian's tools are there."""
    if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
        raise MissingError(
            f"no command {' and no command '.join(missing)} on PATH: the music comes in Debian packages. Run this on "
            "Debian or Ubuntu (nothing is installed, and root is not needed), or in a container of either"
        )


def offers(packages: Iterable[str]) -> tuple[list[Offer], list[str]]:
    """What this machine's package lists offer of some packages, and the packages that they do not have."""
    found, absent = [], []
    for package in packages:
        said = _apt("download", "--print-uris", package)
        match = _OFFER.search(said.stdout)
        if match is None:
            absent.append(package)
        else:
            found.append(Offer(package, match["file"], int(match["size"]), match["sha256"]))
    return found, absent


def fetch(wanted: Sequence[Offer], folder: Path) -> None:
    """Download what is not in the folder yet, one after the other, each verified.

    Raises
    ------
    MissingError
        If apt-get cannot fetch one of them; `CorruptError` if what came is not what the lists say.
    """
    lacking = [offer for offer in wanted if not offer.is_in(folder)]
    total = sum(offer.size for offer in lacking)
    with tqdm(total=total, desc="fetching", unit="B", unit_scale=True, disable=None, leave=False) as bar:
        for offer in lacking:
            bar.set_postfix_str(offer.package)
            _fetch_one(offer, folder)
            bar.update(offer.size)


def _fetch_one(offer: Offer, folder: Path) -> None:
    with fresh_folder(folder) as fresh:
        said = _apt("download", offer.package, within=fresh)
        if said.returncode:
            why = _WARNING.sub("", said.stderr).strip().splitlines() or ["it said nothing"]
            raise MissingError(
                f"apt-get could not fetch {offer.package}: {why[0]}. Try again when the mirror can be reached; what "
                "came so far is kept"
            )
        (came,) = fresh.glob("*.deb")
        path = came.rename(fresh / offer.file)
        if sha256_of(path) != offer.sha256:
            raise CorruptError(f"{offer.file} is not what the package lists say; nothing of it was kept. Try again")


def _apt(*words: str, within: Path | None = None) -> subprocess.CompletedProcess[str]:
    english = {**os.environ, "LC_ALL": "C"}
    command = ["apt-get", *words]
    return subprocess.run(
        command, cwd=within, env=english, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
