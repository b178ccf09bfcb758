"""The song that another's patches are put into: drawn from the songs of other classes, by the seed and both contents.

Every song ranks all songs of other classes and other groups by a hash of the two and takes the first. So a partner
depends neither on the order of songs nor on who draws, and where a song is added or cannot be used, only those whose
first it is have another partner. A song for which `MOST_TRIED` partners did not do is measured without one, and the
result says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from audiolime_ext.concepts.measurement.measuring import Measured
from audiolime_ext.concepts.measurement.records import Entry, Identity
from audiolime_ext.text import counted, share_of

MOST_TRIED = 5  # partners that do not suit one song


@dataclass(eq=False)
class Partners:
    """Draws each song's partner.

    Parameters
    ----------
    entries : sequence of Entry
        Songs of all classes.
    seed : int
        Random seed.
    unusable : set of str
        Keys of songs that cannot be partners; more may be added while songs are measured.
    unsuited : set of (str, str)
        Keys of songs, each with that of one that cannot be its partner.

    Examples
    --------
    >>> songs = [Entry(f"{i}.wav", str(i), f"{i}", "ab"[i % 2], f"album {i}") for i in range(8)]
    >>> drawn = Partners(songs)
    >>> (one,) = drawn.of(songs[0])
    >>> drawn.leave_out(one.key)
    >>> (other,) = drawn.of(songs[0])
    >>> one.label, other.label, one == other
    ('b', 'b', False)
    """

    entries: Sequence[Entry]
    seed: int = 0
    unusable: set[str] = field(default_factory=set)
    unsuited: set[tuple[str, str]] = field(default_factory=set)

    def of(self, host: Entry) -> tuple[Entry, ...]:
        """The partner of a song; none where there is no song of another class and group that will do."""
        tried = {other for song, other in self.unsuited if song == host.key}
        if len(tried) >= MOST_TRIED:
            return ()
        left_out = self.unusable | tried
        able = [one for one in self.entries if one.label != host.label and one.group != host.group]
        able = [one for one in able if one.key not in left_out and one.sha256 != host.sha256]
        return (min(able, key=lambda one: _rank(self.seed, host.key, one.key)),) if able else ()

    @property
    def left_out(self) -> list[str]:
        """Names of the songs that cannot be partners."""
        return [entry.name for entry in self.entries if entry.key in self.unusable]

    def leave_out(self, donor: str, host: str | None = None) -> None:
        """Draw a song no more, by its key: for one song or (None) for all."""
        if host is None:
            self.unusable.add(donor)
        else:
            self.unsuited.add((host, donor))


def _rank(*of: object) -> bytes:
    return hashlib.sha256(repr(of).encode()).digest()


def control_notes(identity: Identity, measured: Sequence[Measured]) -> list[str]:
    """What a result must say of how its songs were put beside others.

    Parameters
    ----------
    identity : Identity
        Identity of the store.
    measured : sequence of Measured
        Measurements of its songs.
    """
    if not identity.controls:
        return ["measured without controls: nothing is known of patches in other songs' places, or added to them"]
    notes, n_songs = [], len(measured)
    if n := sum(not found.partner for found in measured):
        told = share_of(n, n_songs, "song", verb=("has", "have"))
        notes.append(f"{told} no other song that will do, so nothing is known of its patches elsewhere")
    if n := sum(found.n_beyond for found in measured):
        pairs = sum(len(found.patches) for found in measured)
        notes.append(
            f"{n} of {counted(pairs, 'patch', 'patches')} bring the other song beyond full scale where they are added "
            "to it; the model hears that unclipped"
        )
    return notes
