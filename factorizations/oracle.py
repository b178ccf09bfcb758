"""True stems: from a dictionary, a folder of files, a stem.mp4 or a track of the musdb package.

The truth that every separator is measured against, and the way to use stems that any other tool has made. Where the
stems do not sum to the recording, what they miss is the `residual`. Stems must have the recording's rate and channels;
these tools write 44.1 kHz stereo. What each writes for SONG.wav, and the spec of it::

    demucs -n htdemucs_6s --float32 --clip-mode none -o DIR SONG.wav    # DIR/htdemucs_6s/SONG/vocals.wav, drums.wav, …
        oracle:DIR/htdemucs_6s/SONG
    spleeter separate -p spleeter:4stems -o DIR SONG.wav                # DIR/SONG/vocals.wav, drums.wav, …
        oracle:DIR/SONG
    audio-separator SONG.wav -m htdemucs_6s.yaml --output_format WAV --normalization 1.0 --output_dir DIR/SONG
        oracle:DIR/SONG                                                 # DIR/SONG/SONG_(Vocals)_htdemucs_6s.wav, …

`audiolime_ext.audio.stem_folders` says how else a folder may be laid out (MedleyDB, MoisesDB, MUSDB18-HQ).

What stems must satisfy is checked, not taken on trust; errors are levels relative to the recording, over all of it:

- *The mix is not a stem.* A stem that is the recording or the sum of all others, up to one gain and to −12 dB, is
  refused: it would hold everything. (MP3 and Ogg Vorbis at 128 kbit/s left errors of −14 to −25 dB for two metal songs;
  no stem of 60 rendered songs and of Slakh's came nearer to all others than −0.4 dB.) The error must also be 6 dB below
  that of any single other stem, which this one may double, and 6 dB below the level of the others. By its name alone,
  only ``mixture`` or ``mix`` is taken for the recording: which file of a folder is explained must not be guessed.
- *A mixdown may be softer or louder than the sum.* Where the stems miss more than −40 dB of the recording, and one gain
  for all of them mends that, they are multiplied by it, and the result says so.
- Else what they miss is the residual, and from −40 dB on, where it is heard, the result says how loud it is.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from audiolime_ext.audio.mpeg4 import decode_stems
from audiolime_ext.audio.musdb import is_musdb, musdb_folder, musdb_track
from audiolime_ext.audio.recording import Audio, Samples, level_db, load_audio
from audiolime_ext.audio.resampling import padded_span
from audiolime_ext.audio.stem_folders import read_stem_folder
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.factorization.contract import Scope, require_recording
from audiolime_ext.factorization.stems import RESIDUAL, Stems, with_residual
from audiolime_ext.files.names import meant
from audiolime_ext.files.reading import contents
from audiolime_ext.text import counted

TOLERATED_SHORTFALL_S = 0.1
HEARD_DB = -40.0  # of what stems miss of their recording
MUCH_DB = -10.0
SAME_DB = -12.0  # error of a stem that is the mix
NEARER_DB = 6.0
_VERSION = "2"  # of this module's arithmetic

VARIANTS: Mapping[str, None] = {"DIR": None}

_MUSDB_REFERENCE = """@misc{musdb18,
  author = {Rafii, Zafar and Liutkus, Antoine and St{\\"o}ter, Fabian-Robert and Mimilakis, Stylianos Ioannis
    and Bittner, Rachel},
  title = {The {MUSDB18} Corpus for Music Separation},
  year = {2017},
  doi = {10.5281/zenodo.1117372}
}"""


class OracleFactorization:
    """Known stems of one recording.

    Parameters
    ----------
    stems : mapping of str to audio
        Stem's name → anything `load_audio` reads. All have the same sampling rate and number of channels; a stem up to
        0.1 s shorter than the longest is padded with zeros, which is noted in the result.
    mixture : audio or None
        The recording they belong to (anything `load_audio` reads); None: their sum.
    spec : str or None
        Spec string that builds it again; None: it exists in memory only.
    references, notes : tuple of str
        BibTeX entries to cite, and notes that belong to every result.

    Raises
    ------
    AudioError
        If the stems disagree in rate, channels or length.
    UsageError
        If one of them is the mix of all others.

    Examples
    --------
    >>> import numpy as np
    >>> tone = np.sin(np.arange(8000) / 10).astype(np.float32)
    >>> oracle = OracleFactorization({"tone": (tone, 8000), "echo": (tone / 2, 8000)})
    >>> oracle.factorize(oracle.mixture).names
    ('tone', 'echo')
    """

    scope: Scope = "blocks"
    of_one_song = True  # so that nobody splits another one by it

    def __init__(
        self,
        stems: Mapping[str, Any],
        *,
        mixture: Any = None,
        spec: str | None = None,
        references: tuple[str, ...] = (),
        notes: tuple[str, ...] = (),
    ) -> None:
        if not stems:
            raise UsageError("an oracle needs at least one stem")
        if RESIDUAL in stems:
            raise UsageError(f"{RESIDUAL!r} is what the stems miss; name that stem otherwise")
        loaded = {name: load_audio(source, name=name) for name, source in stems.items()}
        self._mixture = None if mixture is None else load_audio(mixture)
        self.names = tuple(loaded)
        self.samples, self.sr, padded = _aligned(loaded, self._mixture)
        self.notes = (*notes, *padded)
        self.spec = spec
        self.references = references
        _refuse_sum(self.names, self.samples)
        self._fits: WeakKeyDictionary[Audio, tuple[float, tuple[str, ...]]] = WeakKeyDictionary()
        content = hashlib.sha256(repr((_VERSION, self.names, self.sr)).encode())
        content.update(self.samples.data)
        self.fingerprint = content.hexdigest()

    @property
    def mixture(self) -> Audio:
        """The recording: the one given, else the sum of the stems."""
        if self._mixture is not None:
            return self._mixture
        return Audio(np.sum(self.samples, axis=0, dtype=np.float32), self.sr, "mixture")

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        """Stems of one excerpt; `audio` must be the recording that they belong to.

        Raises
        ------
        AudioError
            If `audio` has another rate, length or number of channels than the stems.
        UsageError
            If one of the stems is the recording itself.
        """
        shortfall = audio.n_samples - self.samples.shape[-1]
        same_form = (audio.sr, audio.n_channels) == (self.sr, self.samples.shape[1])
        stems, notes = self.samples, self.notes
        if same_form and 0 < abs(shortfall) <= TOLERATED_SHORTFALL_S * self.sr:
            verb = "padded" if shortfall > 0 else "cut"
            notes = (*notes, f"all stems were {verb} by {abs(shortfall) / self.sr:.3f} s to the recording's length")
            stems = padded_span(stems, 0, audio.n_samples)
        require_recording("this oracle", audio, sr=self.sr, n_channels=stems.shape[1], n_samples=stems.shape[-1])
        if audio not in self._fits:
            self._fits[audio] = _fit(self.names, stems, audio.samples)
        gain, told = self._fits[audio]
        first, end = audio.span(start_s, duration_s)
        excerpt = stems[..., first:end] if gain == 1 else stems[..., first:end] * np.float32(gain)
        return with_residual(audio.samples[:, first:end], self.names, excerpt, self.sr, notes=(*notes, *told))

    @classmethod
    def from_folder(
        cls, folder: str | Path, *, spec: str | None = None, references: tuple[str, ...] = ()
    ) -> OracleFactorization:
        """The stems of a folder, in any layout of `audiolime_ext.audio.stem_folders`.

        Raises
        ------
        UsageError
            If there is no such folder or no stem in it.
        """
        found = read_stem_folder(Path(folder))
        stems: dict[str, Any] = {name: _summed(name, files) for name, files in found.stems.items()}
        mixture: Any = found.mixture
        if RESIDUAL in stems and mixture is None:  # a folder that `audiolime separate` wrote holds all of the recording
            parts, sr, _ = _aligned({name: load_audio(stem) for name, stem in stems.items()}, None)
            mixture = (np.sum(parts, axis=0, dtype=np.float32), sr)
        stems.pop(RESIDUAL, None)
        return cls(stems, mixture=mixture, spec=spec or f"oracle:{folder}", references=references, notes=found.notes)

    @classmethod
    def from_stem_file(cls, path: str | Path) -> OracleFactorization:
        """A ``.stem.mp4``: its first sound is the recording, the others are stems; needs the extra ``codecs``.

        Raises
        ------
        AudioError
            If it cannot be read, or holds one sound only.
        """
        mixture = load_audio(path)
        return cls(decode_stems(contents(Path(path)), str(path)), mixture=mixture, spec=f"oracle:{path}")

    @classmethod
    def from_musdb(cls, track: Any, *, spec: str | None = None) -> OracleFactorization:
        """The sources of a track of the musdb package; its chunk_start and chunk_duration are respected."""
        stems = {name: (np.asarray(source.audio).T, int(source.rate)) for name, source in track.sources.items()}
        return cls(stems, mixture=load_audio(track), spec=spec, references=(_MUSDB_REFERENCE,))


def _summed(name: str, files: Sequence[Path]) -> Path | tuple[Samples, int]:
    """A stem's file, or the sum of several."""
    if len(files) == 1:
        return files[0]
    parts, sr, _ = _aligned({f"{name}/{file.name}": load_audio(file) for file in files}, None)
    return np.sum(parts, axis=0, dtype=np.float32), sr


def _fit(names: Sequence[str], stems: Samples, mixture: Samples) -> tuple[float, tuple[str, ...]]:
    """One gain for all stems of a recording, and notes on how well they fit it (see the module)."""
    total = np.asarray(np.sum(stems, axis=0, dtype=np.float32))
    missed_db = level_db(mixture - total, mixture)
    if missed_db <= HEARD_DB:
        return 1.0, ()
    for name, stem in zip(names, stems, strict=True):
        others_db, error_db = level_db(total - stem, mixture), _error_db(stem, mixture)
        if error_db <= min(SAME_DB, others_db - NEARER_DB):
            raise UsageError(_is_mix(name, "the recording itself"))
    gain = _gain(total, mixture)
    if gain > 0 and level_db(mixture - np.float32(gain) * total, mixture) <= HEARD_DB:
        gain_db = 20 * math.log10(gain)
        return gain, (f"the stems sum to the recording at {gain_db:+.1f} dB, by which all were multiplied",)
    if missed_db > MUCH_DB:
        return 1.0, (f"the stems miss much of this recording (residual at {missed_db:.1f} dB); are they its own?",)
    return 1.0, (f"the stems miss part of this recording: the residual, what is left of it, is at {missed_db:.1f} dB",)


def _refuse_sum(names: Sequence[str], stems: Samples) -> None:
    """Raise `UsageError` if a stem is the sum of all others; with two stems, it could be either."""
    if len(stems) < 3:
        return
    total = np.sum(stems, axis=0, dtype=np.float32)
    for i, (name, stem) in enumerate(zip(names, stems, strict=True)):
        error_db = _error_db(stem, total - stem)
        if error_db <= SAME_DB and all(_error_db(e, stem) >= error_db + NEARER_DB for e in np.delete(stems, i, axis=0)):
            raise UsageError(_is_mix(name, "the sum of all others"))


def _is_mix(name: str, what: str) -> str:
    return (
        f"oracle: {name!r} is not a stem but {what}: call its file mixture (mixture.wav) if it is what to explain, "
        "or move it out of the folder"
    )


def _error_db(one: Samples, other: Samples) -> float:
    """Level of what the first, at the best gain, leaves of the second, in dB; 0 where either is silent."""
    if not (one.any() and other.any()):
        return 0.0
    return level_db(other - np.float32(_gain(one, other)) * one, other)


def _gain(one: Samples, other: Samples) -> float:
    """The gain at which the first comes nearest to the second."""
    energy = _product(one, one)
    return _product(one, other) / energy if energy else 0.0


def _product(one: Samples, other: Samples) -> float:
    return float(np.einsum("cn,cn->", one, other, dtype=np.float64))  # BLAS would sum in float32


def _aligned(stems: Mapping[str, Audio], mixture: Audio | None) -> tuple[Any, int, tuple[str, ...]]:
    """Stems of one shape (n_stems, n_channels, n_samples), the rate, and notes on what was padded."""
    forms = {(stem.sr, stem.n_channels) for stem in stems.values()}
    if len(forms) > 1:
        listed = "; ".join(
            f"{name}: {stem.sr} Hz, {counted(stem.n_channels, 'channel')}" for name, stem in stems.items()
        )
        raise AudioError(f"stems must agree in sampling rate and channels ({listed})")
    sr = next(iter(forms))[0]
    n_samples = max(stem.n_samples for stem in stems.values())
    if mixture is not None and mixture.sr == sr and 0 < mixture.n_samples - n_samples <= TOLERATED_SHORTFALL_S * sr:
        n_samples = mixture.n_samples
    notes = []
    for name, stem in stems.items():
        shortfall_s = (n_samples - stem.n_samples) / sr
        if shortfall_s > TOLERATED_SHORTFALL_S:
            raise AudioError(
                f"stem {name!r} is {shortfall_s:.2f} s shorter than the longest; up to "
                f"{TOLERATED_SHORTFALL_S} s is padded, more must be fixed by hand (are all stems of one recording?)"
            )
        if shortfall_s:
            notes.append(f"stem {name!r} was padded by {shortfall_s:.3f} s")
    return np.stack([padded_span(stem.samples, 0, n_samples) for stem in stems.values()]), sr, tuple(notes)


def make(argument: str) -> OracleFactorization:
    """``oracle:DIR``, a folder with one file for each stem; ``oracle:FILE.stem.mp4``; ``oracle:musdb:ROOT#4``."""
    if not argument:
        raise UsageError("oracle needs a folder with one file for each stem: oracle:DIR")
    if is_musdb(argument):
        if folder := musdb_folder(argument):
            return OracleFactorization.from_folder(folder, spec=f"oracle:{argument}", references=(_MUSDB_REFERENCE,))
        return OracleFactorization.from_musdb(musdb_track(argument), spec=f"oracle:{argument}")
    path = meant(Path(argument))
    if argument.endswith(".mp4"):
        return OracleFactorization.from_stem_file(path)
    return OracleFactorization.from_folder(path)
