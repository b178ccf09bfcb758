"""What a store of concepts holds: its identity, the songs of its classes, and what was measured of each."""

from __future__ import annotations

from dataclasses import dataclass

from audiolime_ext.collection.engine.jobs import Task, canonical

VERSION = 2  # of the arithmetic: another one is another store


@dataclass(frozen=True)
class Identity:
    """What all measurements of a store have in common.

    Parameters
    ----------
    model, fingerprint : str
        Spec of the model, and its fingerprint.
    layer : str
        Layer that is read.
    labels : tuple of str
        Classes: labels of the model, in the order of their names.
    splits, split_fingerprints : tuple of str
        Specs of the factorizations that make the patches, and their fingerprints.
    duration_s : float
        Length of the excerpt in seconds, from the middle of each recording.
    sr : int or None
        Rate in Hz at which a plain function listens; None: the model has one of its own.
    controls : bool
        True if each patch is asked about in another song's place, too.
    augmentation : str
        Name of the augmentation that windows are heard with, and a hash of what it does; "": none.
    version : int
        Version of the arithmetic.
    """

    model: str
    fingerprint: str
    layer: str
    labels: tuple[str, ...]
    splits: tuple[str, ...]
    split_fingerprints: tuple[str, ...]
    duration_s: float
    sr: int | None = None
    controls: bool = True
    augmentation: str = ""
    version: int = VERSION

    def plain(self) -> dict[str, str]:
        """Its fields, each as JSON."""
        return {name: canonical(getattr(self, name)) for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class Entry:
    """A song of a class.

    Parameters
    ----------
    path : str
        Path of the file, as it is opened.
    sha256 : str
        SHA-256 of its bytes.
    name : str
        Name that tells it from all others, for people.
    label : str
        Class of it.
    group : str
        Album, artist or whatever holds songs that are alike; the song's own hash where nobody says.
    start_s, duration_s : float or None
        Start and length of its excerpt in seconds; None: from the middle, as long as the store's.
    """

    path: str
    sha256: str
    name: str
    label: str
    group: str
    start_s: float | None = None
    duration_s: float | None = None

    @property
    def task(self) -> Task:
        """What is to be measured: the same song under another class is another task."""
        return Task(self.sha256, self.start_s, self.duration_s, self.label)

    @property
    def key(self) -> str:
        """The task's key."""
        return self.task.key
