"""What is to be measured: the manifest's recordings by content, the excerpt of each, and the donors that it is given.

Which donors are drawn depends on the contents of the recordings alone, never on their order or on who draws. Every
class has a ring. A hash of a recording's content chooses where it lies on the rings of its classes. A host begins at a
point that a hash of its own content chooses, and takes the next recordings of other songs. So shards of a manifest draw
the same donors as the whole, and where recordings are added or fail, other hosts keep their donors.
"""

from __future__ import annotations

import hashlib
import os
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from audiolime_ext.audio.decoding import count
from audiolime_ext.audio.stem_folders import read_stem_folder
from audiolime_ext.audit.measurement.measure import Settings
from audiolime_ext.audit.store.records import Entry
from audiolime_ext.cache import Cache, Store
from audiolime_ext.collection.manifest import Manifest, Row
from audiolime_ext.collection.table import Problems
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible, told_apart
from audiolime_ext.files.reading import contents
from audiolime_ext.progress.stages import tracked
from audiolime_ext.text import counted

DURATION_S = 10.0
_BELIEVED_S = 60.0  # longest excerpt that a manifest may claim before its file has been counted


def entries_of(
    manifest: Manifest, *, duration_s: float = DURATION_S, stems_needed: bool = False, store: Store | None = None
) -> list[Entry]:
    """The manifest's recordings, each with the hash of its content and the excerpt that is heard.

    Where the middle or the end of a recording is to be found, or the manifest claims an excerpt of more than a minute,
    it is decoded to count its samples (see `decoding` for what that costs), once for each content: the number is kept
    in the cache. What cannot be read is no problem here: it fails when it is measured, and the others do not.

    Parameters
    ----------
    manifest : Manifest
        Manifest of the recordings.
    duration_s : float
        Seconds to take from the recording's middle where the manifest names no excerpt; a shorter recording is taken
        whole.
    stems_needed : bool
        True if every recording must bring its true stems.
    store : Store or None
        Store in which lengths are kept; None: that of the user's cache.

    Raises
    ------
    UsageError
        If two recordings have the same content, an excerpt ends behind its recording, or stems are missing.
    """
    problems, store = Problems(manifest.source), Store(Cache.of_user()) if store is None else store
    entries: list[Entry] = []
    found: dict[str, Entry] = {}
    broken: set[str] = set()  # keys of several recordings that cannot be read, each of which fails by itself
    names = told_apart(str(row.path) for row in manifest.rows)
    for row in tracked(manifest.rows, "reading the manifest", "file"):
        if stems_needed and row.stems is None:
            problems.add(row.line, "no stems; name the folder of its true stems, or choose a factorization")
        try:
            entry = replace(_entry(row, duration_s, store), known_as=names[str(row.path)])
        except UsageError as error:  # of its stems or its excerpt
            problems.add(row.line, str(error))
            continue
        if entry.duration_s <= 0:
            problems.add(row.line, f"{entry.name!r} has ended by {entry.start_s:g} s; choose another start")
        entries.append(entry)
        first = found.setdefault(entry.key, entry)
        if first is not entry and _duration_s(row.path, entry.sha256, store) is None:
            broken.add(entry.key)
        elif first is not entry:
            problems.add(row.line, f"{entry.name!r} is the same recording as {first.name!r}; keep one")
    problems.raise_any()
    return [replace(entry, sha256=_sha256_of_name(entry.path)) if entry.key in broken else entry for entry in entries]


def _entry(row: Row, duration_s: float, store: Store) -> Entry:
    start_s, length_s, sha256 = row.start_s, row.duration_s, _sha256(row.path)
    if start_s is None or length_s is None or length_s > _BELIEVED_S:
        whole_s = _duration_s(row.path, sha256, store)
        if length_s is None:
            length_s = duration_s if whole_s is None else min(duration_s, whole_s - (start_s or 0.0))
        elif whole_s is None:
            length_s = min(length_s, duration_s)
        elif (start_s or 0.0) + length_s > whole_s + 0.001:
            raise UsageError(
                f"{row.path.name!r} is {whole_s:.3f} s long, and the excerpt is to end at "
                f"{(start_s or 0.0) + length_s:g} s; shorten it"
            )
        if start_s is None:
            start_s = 0.0 if whole_s is None else int(max(0.0, whole_s - length_s) / 2 * 1000) / 1000
    return Entry(
        path=str(row.path),
        sha256=sha256,
        labels=row.labels,
        song=row.song,
        start_s=start_s,
        duration_s=length_s,
        split=row.split,
        stems=None if row.stems is None else str(row.stems),
        stems_sha256="" if row.stems is None else _sha256_of_stems(row.stems),
    )


def _sha256_of_stems(folder: Path) -> str:
    """The SHA-256 of the names and bytes of all stems: a stem with another name is another component."""
    files = [(name, _sha256(file)) for name, file in read_stem_folder(folder).files]
    return hashlib.sha256(repr(files).encode()).hexdigest()


def _sha256(file: Path) -> str:
    try:
        return hashlib.sha256(contents(file)).hexdigest()
    except OSError:  # reported when it is to be measured
        return _sha256_of_name(file)


def _sha256_of_name(file: str | Path) -> str:
    return hashlib.sha256(os.fsencode(file)).hexdigest()


def _duration_s(path: Path, sha256: str, store: Store) -> float | None:
    """The length of a recording in seconds; None where it cannot be read, which is reported when it is measured."""
    key = {"kind": "length", "version": 1, "recording": sha256}
    if (kept := store.read(key)) is not None:
        return float(kept.facts["n_samples"] / kept.facts["sr"])
    try:
        n_samples, sr = count(contents(path), str(path))
    except Exception:  # noqa: BLE001 - whatever it is, it is this file's
        return None
    if not n_samples:
        return None
    store.write(key, {}, {"n_samples": n_samples, "sr": sr}, recording=legible(path.stem), by="decoding")
    return n_samples / sr


def usual_duration_s(entries: Sequence[Entry]) -> float | None:
    """The length of most excerpts in seconds; None where there are none."""
    return next((length for length, _ in Counter(entry.duration_s for entry in entries).most_common(1)), None)


def of_one_song(entries: Sequence[Entry]) -> tuple[str, ...]:
    """A note where no recording can have a donor, since all are of one song and a donor must be of another.

    Examples
    --------
    >>> of_one_song([Entry(f"{i}.wav", f"{i:064x}", ("guitar",), "one", 0.0, 10.0) for i in range(3)])
    ('all 3 recordings are of one song, and what is put in must be of another: only what is taken out can be measured',)
    """
    if len(entries) < 2 or len({entry.song for entry in entries}) > 1:
        return ()
    return (
        f"all {counted(len(entries), 'recording')} are of one song, and what is put in must be of another: only what "
        "is taken out can be measured",
    )


@dataclass(eq=False)
class Donors:
    """Draws donors from the recordings of a manifest.

    Parameters
    ----------
    entries : sequence of Entry
        Recordings of the manifest.
    settings : Settings
        Settings, with the numbers of donors to draw and the seed.
    unusable : set of str
        Keys of recordings that cannot be donors; more may be added while the audit runs.
    unsuited : set of (str, str)
        Keys of hosts, each with that of a recording that cannot be its donor.

    Examples
    --------
    >>> classes = ("guitar",), ("piano",)
    >>> songs = [Entry(f"{i}.wav", f"{i:064x}", classes[i % 2], f"song {i}", 0.0, 10.0) for i in range(9)]
    >>> drawn = Donors(songs, Settings(n_donors=2, n_same=1)).of(songs[0])
    >>> [donor.labels for donor in drawn]
    [('piano',), ('piano',), ('guitar',)]
    """

    entries: Sequence[Entry]
    settings: Settings
    unusable: set[str] = field(default_factory=set)
    unsuited: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Lay the recordings of every class on its ring."""
        rings: dict[str, list[tuple[int, Entry]]] = defaultdict(list)
        for entry in self.entries:
            for label in entry.labels:
                rings[label].append((_place("donor", entry.key, self.settings.seed), entry))
        self._rings = {label: sorted(ring, key=lambda lying: lying[0]) for label, ring in sorted(rings.items())}

    def leave_out(self, donor: str, host: str | None = None) -> None:
        """Draw a donor no more, for one host or (None) for all."""
        if host is None:
            self.unusable.add(donor)
        else:
            self.unsuited.add((host, donor))

    def of(self, host: Entry) -> tuple[Entry, ...]:
        """The donors of a host: of other classes in turn, then of its own; fewer where there are too few."""
        taken = {host.song}
        order = sorted(self._rings, key=lambda label: _place("class", host.key, label, self.settings.seed))
        others = self._draw(host, [label for label in order if label not in host.labels], self.settings.n_donors, taken)
        same = self._draw(host, [label for label in order if label in host.labels], self.settings.n_same, taken)
        return (*others, *same)

    def _draw(self, host: Entry, labels: Collection[str], n: int, taken: set[str]) -> list[Entry]:
        """Draw `n` recordings of songs that are not taken, one class after the other."""
        walks = [self._walk(host, label) for label in labels]
        drawn: list[Entry] = []
        while walks and len(drawn) < n:
            walk = walks.pop(0)
            for entry in walk:
                if entry.song in taken or entry.duration_s < host.duration_s - 1e-6:
                    continue
                if entry.key in self.unusable or (host.key, entry.key) in self.unsuited:
                    continue
                taken.add(entry.song)
                drawn.append(entry)
                walks.append(walk)
                break
        return drawn

    def _walk(self, host: Entry, label: str) -> Iterator[Entry]:
        ring = self._rings[label]
        first = bisect_left(ring, _place("host", host.key, label, self.settings.seed), key=lambda lying: lying[0])
        for step in range(len(ring)):
            yield ring[(first + step) % len(ring)][1]


def _place(*of: object) -> int:
    return int.from_bytes(hashlib.sha256(repr(of).encode()).digest()[:8], "big")
