"""What is trained on: the songs of a folder or a table, decoded once and kept as levels in the run's folder.

Songs are those that ``audiolime index`` would hear. Of each, the middle is taken, so that long songs do not need more
room than they help; and, where the recipe wants them, a copy encoded at a low bit rate and back, and the stems. All are
files named by the song's content, so that a renamed song is not decoded again and a changed one is.

Left out and named are songs that cannot be read, that are silent, or shorter than a chunk. *What is trained on follows
from the recordings and the settings alone*: songs are ordered by content, not by name.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.encoding import decode, encode
from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.audio.silence import power
from audiolime_ext.collection.indexing.listing import Recording, listing
from audiolime_ext.collection.omissions import left_out
from audiolime_ext.collection.vectors import middle
from audiolime_ext.errors import AudioError, CorruptError, UsageError
from audiolime_ext.factorization.contract import Factorization, factorize_in_parts
from audiolime_ext.files.fresh import make_folder, write_bytes
from audiolime_ext.files.names import legible
from audiolime_ext.progress.stages import tracked
from audiolime_ext.recommendation.training.spectra import N_FRAMES, SR, VERSION, WINDOW_S, levels, mono
from audiolime_ext.recommendation.training.splitting import Splitting, digest_of

Levels = NDArray[np.float16]
SHORTEST_S = WINDOW_S + 2 / SR  # of a song, where a rate of its own is rounded
_COPY = 0.842  # soundfile's compression of MP3: 32 kb/s, mono, at 22,050 Hz


@dataclass(frozen=True)
class Wanted:
    """What is wanted of each song.

    Parameters
    ----------
    middle_s : float or None
        Seconds from the middle of each song; None: all of it.
    copy : bool
        True for a copy of low bit rate, too.
    splitting : Splitting or None
        Splitting of songs into stems; None: they are not split.
    """

    middle_s: float | None = 120.0
    copy: bool = False
    splitting: Splitting | None = None


class KeptLevels:
    """Levels in a file, of which only what is asked for is read; thousands of files are not held open at once.

    Parameters
    ----------
    file : Path
        File that NumPy wrote.

    Raises
    ------
    CorruptError
        If it is damaged.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.shape = self._opened().shape

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, part: Any) -> Levels:
        return np.array(self._opened()[part])

    def _opened(self) -> Levels:
        try:
            found: Levels = np.load(self.file, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise CorruptError(f"{legible(self.file)} is damaged ({error}); delete it, and it is made anew") from error
        return found


@dataclass(frozen=True, eq=False)
class Song:
    """A song as levels in dB.

    Parameters
    ----------
    name : str
        Name that tells it from the others.
    sha256 : str
        SHA-256 of its file.
    levels : KeptLevels or ndarray of float16, shape (n_frames, 128)
        Levels of the song.
    copy : as `levels`, or None
        Levels of its copy of low bit rate.
    stems : as `levels`, shape (n_stems, n_frames, 128), or None
        Levels of its stems.
    """

    name: str
    sha256: str
    levels: Levels | KeptLevels = field(repr=False)
    copy: Levels | KeptLevels | None = field(default=None, repr=False)
    stems: Levels | KeptLevels | None = field(default=None, repr=False)

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.levels)


@dataclass(frozen=True, eq=False)
class Material:
    """Songs in the order of their content, notes on them, and each song that was left out, with the reason."""

    songs: tuple[Song, ...]
    digest: str
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def material_of(source: str | Path, folder: Path, wanted: Wanted, *, root: str | Path | None = None) -> Material:
    """The songs of a folder or a table; those whose files are in `folder` already are not decoded again.

    Parameters
    ----------
    source : str or Path
        Folder of recordings or table, as for `audiolime_ext.make_index`.
    folder : Path
        Folder of the run.
    wanted : Wanted
        Parts of each song that are wanted.
    root : str, Path or None
        Folder that the paths of a table are relative to; None: its own.

    Raises
    ------
    UsageError
        If there are no recordings, or a folder of stems cannot be used.
    OutputError
        If the folder cannot be written.
    """
    found = listing(source, folder, root=root)
    kept = folder / "material"
    make_folder(kept)
    songs, unusable, damaged, made = list[Song](), list[str](), list[str](), list[str]()
    for recording in tracked(sorted(found.songs, key=lambda one: one.sha256), "preparing the songs", "song"):
        try:
            files = _files(recording, kept, wanted)
            song, warnings = _song(recording, files, wanted)
        except AudioError as error:
            unusable.append(f"{recording.name} ({error})")
            continue
        songs.append(song)
        made += [file.name for file in files.values()]
        damaged += [recording.name] * bool(warnings)
    notes = [
        left_out(unusable, "song is left out", "songs are left out"),
        left_out(damaged, "song has a damaged file, and is used", "songs have damaged files, and are used"),
    ]
    if wanted.splitting is not None:
        whole = [song.name for song in songs if song.stems is None]
        notes.append(left_out(whole, "song has no stems, and is not split", "songs have no stems, and are not split"))
    digest = sha256("\n".join(made).encode()).hexdigest()
    return Material(tuple(songs), digest, (*found.notes, *filter(None, notes)), tuple(unusable))


def _files(recording: Recording, folder: Path, wanted: Wanted) -> dict[str, Path]:
    """The files of a song, by the names of their fields."""
    span = f"{VERSION} {wanted.middle_s}"
    made_by = {"levels": span} | ({"copy": f"{span} copy {_COPY}"} if wanted.copy else {})
    key = None if wanted.splitting is None else wanted.splitting.key(recording)
    made_by |= {} if key is None else {"stems": f"{span} {key}"}
    return {part: folder / f"{recording.sha256}-{digest_of(what)}.npy" for part, what in made_by.items()}


def _song(recording: Recording, files: Mapping[str, Path], wanted: Wanted) -> tuple[Song, Sequence[str]]:
    """A song's levels, made where they are not there, and warnings about its file."""
    warnings: Sequence[str] = ()
    if missing := [part for part, file in files.items() if not file.exists()]:
        audio = load_audio(recording.path)
        if audio.sha256 != recording.sha256:
            raise AudioError("it was changed meanwhile")
        warnings = audio.warnings
        start_s, duration_s = _span(audio, wanted.middle_s)
        for part in missing:
            separator = wanted.splitting.of(recording) if part == "stems" and wanted.splitting is not None else None
            _keep(_made(part, audio, start_s, duration_s, separator), files[part])
    arrays: dict[str, Any] = {part: KeptLevels(file) for part, file in files.items()}
    return Song(recording.name, recording.sha256, **arrays), warnings


def _span(audio: Audio, middle_s: float | None) -> tuple[float, float]:
    """Start and length of what is taken of a song; `AudioError` where that is too short, or silent."""
    start_s, duration_s = middle(audio.duration_s, middle_s)
    if duration_s < SHORTEST_S:
        raise AudioError(f"{audio.duration_s:.3f} s are less than a chunk of {SHORTEST_S:.3f} s")
    if not power(audio, start_s, duration_s, 1) > 1e-8:  # −80 dB
        raise AudioError("silent, at least in mono")
    return start_s, duration_s


def _made(part: str, audio: Audio, start_s: float, duration_s: float | None, separator: Factorization | None) -> Levels:
    excerpt = audio.excerpt(start_s, duration_s)
    if separator is not None:
        if not getattr(separator, "of_one_song", False):  # which are of the recording's own rate; others need a quarter
            audio, start_s, duration_s = Audio(mono(excerpt)[None], SR, audio.name), 0.0, None
        pieces = list(factorize_in_parts(separator, audio, start_s=start_s, duration_s=duration_s))
        samples = np.concatenate([piece.samples for piece in pieces], axis=2)
        return np.stack([levels(mono(Audio(stem, audio.sr))) for stem in samples])
    heard = mono(excerpt)
    return levels(_encoded_again(heard) if part == "copy" else heard)


def _encoded_again(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Through MP3 of a low bit rate and back."""
    loudest = np.float32(max(1.0, float(np.abs(samples).max())))  # an encoder clips what is beyond full scale
    how: dict[str, Any] = {"bitrate_mode": "CONSTANT", "compression_level": _COPY}
    file = encode((samples / loudest)[None], SR, "MP3", "MPEG_LAYER_III", **how)
    return decode(file)[0][0, : len(samples)] * loudest


def _keep(found: Levels, file: Path) -> None:
    buffer = io.BytesIO()
    np.save(buffer, found, allow_pickle=False)
    write_bytes(buffer.getvalue(), file)


def held_out(songs: Sequence[Song], seed: int) -> tuple[list[int], list[int]]:
    """Places of the songs to train on, and of those held out, drawn by a seed.

    A tenth is held out, 40 at the most; of few songs 8, or a quarter. A song is held out only if two chunks of it do
    not overlap.

    Raises
    ------
    UsageError
        If there are too few songs.
    """
    long = [i for i, song in enumerate(songs) if song.n_frames >= 2 * N_FRAMES]
    if len(songs) < 4 or len(long) < 2:
        raise UsageError(
            f"an embedding is trained on 4 songs or more, 2 of them of {2 * WINDOW_S:.1f} s or more; there are "
            f"{len(songs)}, {len(long)} of that length: a song is told from others, so give many, best some hundreds"
        )
    n = min(40, max(2, round(0.1 * len(songs)), min(8, len(songs) // 4)), len(long) - (len(long) == len(songs)))
    drawn = sorted(np.random.default_rng([seed, 1]).permutation(long)[:n].tolist())
    return [i for i in range(len(songs)) if i not in set(drawn)], drawn
