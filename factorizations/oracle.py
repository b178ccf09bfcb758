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

The stems of the last are named so unless its option says otherwise: ``--custom_output_names '{"Vocals": "vocals"}'``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.audio import AUDIO_ENDINGS, Audio, level_db, load_audio
from audiolime_ext.containers import decode_stems
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.factorization import RESIDUAL, Scope, Stems, require_recording, with_residual
from audiolime_ext.musdb_tracks import is_musdb, musdb_track
from audiolime_ext.resampling import padded_span

TOLERATED_SHORTFALL_S = 0.1
_NOT_STEMS = {"mixture", "mix"}

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
    stems
        Name → anything `load_audio` reads. All of one sampling rate and as many channels; a stem up to 0.1 s shorter
        than the longest is padded with zeros, which is noted in the result.
    mixture
        The recording they belong to; by default their sum.

    Raises
    ------
    AudioError
        If the stems disagree in rate, channels or length.

    Examples
    --------
    >>> import numpy as np
    >>> tone = np.sin(np.arange(8000) / 10).astype(np.float32)
    >>> oracle = OracleFactorization({"tone": (tone, 8000), "echo": (tone / 2, 8000)})
    >>> oracle.factorize(oracle.mixture).names
    ('tone', 'echo')
    """

    scope: Scope = "blocks"

    def __init__(
        self,
        stems: Mapping[str, Any],
        *,
        mixture: Any = None,
        spec: str | None = None,
        references: tuple[str, ...] = (),
    ) -> None:
        if not stems:
            raise UsageError("an oracle needs at least one stem")
        if RESIDUAL in stems:
            raise UsageError(f"{RESIDUAL!r} is what the stems miss; name that stem otherwise")
        loaded = {name: load_audio(source, name=name) for name, source in stems.items()}
        self._mixture = None if mixture is None else load_audio(mixture)
        self.names = tuple(loaded)
        self.samples, self.sr, self.notes = _aligned(loaded, self._mixture)
        self.spec = spec
        self.references = references
        content = hashlib.sha256(repr((self.names, self.sr)).encode())
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
        """
        shortfall = audio.n_samples - self.samples.shape[-1]
        same_form = (audio.sr, audio.n_channels) == (self.sr, self.samples.shape[1])
        stems, notes = self.samples, self.notes
        if same_form and 0 < abs(shortfall) <= TOLERATED_SHORTFALL_S * self.sr:
            verb = "padded" if shortfall > 0 else "cut"
            notes = (*notes, f"all stems were {verb} by {abs(shortfall) / self.sr:.3f} s to the recording's length")
            stems = padded_span(stems, 0, audio.n_samples)
        require_recording("this oracle", audio, sr=self.sr, n_channels=stems.shape[1], n_samples=stems.shape[-1])
        first, end = audio.span(start_s, duration_s)
        mixture = audio.samples[:, first:end]
        found = with_residual(mixture, self.names, stems[..., first:end], self.sr, notes=notes)
        if found.names[-1] == RESIDUAL and level_db(found.samples[-1], mixture) > -10:
            missed = level_db(found.samples[-1], mixture)
            notes = (*notes, f"the stems miss much of this recording (residual at {missed:.1f} dB); are they its own?")
            found = Stems(found.names, found.samples, found.sr, notes)
        return found

    @classmethod
    def from_folder(cls, folder: str | Path) -> OracleFactorization:
        """Every audio file of a folder is a stem named like the file; ``mixture`` or ``mix`` is the recording.

        Raises
        ------
        UsageError
            If there is no such folder or no stem in it.
        """
        path = Path(folder)
        if not path.is_dir():
            raise UsageError(f"oracle: {path} is no folder; name one that holds a file for each stem")
        files = sorted(
            file for file in path.iterdir() if file.suffix.lower() in AUDIO_ENDINGS and not file.name.startswith(".")
        )
        stems = {file.stem: file for file in files if file.stem.lower() not in _NOT_STEMS}
        if not stems:
            raise UsageError(f"oracle: no stems in {path}; it needs files such as vocals.wav and drums.wav")
        if len(stems) < len([file for file in files if file.stem.lower() not in _NOT_STEMS]):
            raise UsageError(f"oracle: {path} holds two files of one name with different endings; keep one")
        mixture: Any = next((file for file in files if file.stem.lower() in _NOT_STEMS), None)
        if RESIDUAL in stems and mixture is None:  # a folder that `audiolime separate` wrote holds all of the recording
            parts, sr, _ = _aligned({name: load_audio(file) for name, file in stems.items()}, None)
            mixture = (np.sum(parts, axis=0, dtype=np.float32), sr)
        stems.pop(RESIDUAL, None)
        return cls(stems, mixture=mixture, spec=f"oracle:{path}")

    @classmethod
    def from_stem_file(cls, path: str | Path) -> OracleFactorization:
        """A ``.stem.mp4``: its first sound is the recording, the others are stems; needs the extra ``codecs``.

        Raises
        ------
        AudioError
            If it cannot be read, or holds one sound only.
        """
        mixture = load_audio(path)
        return cls(decode_stems(Path(path).read_bytes(), str(path)), mixture=mixture, spec=f"oracle:{path}")

    @classmethod
    def from_musdb(cls, track: Any, *, spec: str | None = None) -> OracleFactorization:
        """The sources of a track of the musdb package; its chunk_start and chunk_duration are respected."""
        stems = {name: (np.asarray(source.audio).T, int(source.rate)) for name, source in track.sources.items()}
        return cls(stems, mixture=load_audio(track), spec=spec, references=(_MUSDB_REFERENCE,))


def _aligned(stems: Mapping[str, Audio], mixture: Audio | None) -> tuple[Any, int, tuple[str, ...]]:
    """Stems of one shape (n_stems, n_channels, n_samples), the rate, and notes on what was padded."""
    forms = {(stem.sr, stem.n_channels) for stem in stems.values()}
    if len(forms) > 1:
        listed = "; ".join(f"{name}: {stem.sr} Hz, {stem.n_channels} channel(s)" for name, stem in stems.items())
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
                f"{TOLERATED_SHORTFALL_S} s is padded, more must be mended by hand (are all stems of one recording?)"
            )
        if shortfall_s:
            notes.append(f"stem {name!r} was padded by {shortfall_s:.3f} s")
    return np.stack([padded_span(stem.samples, 0, n_samples) for stem in stems.values()]), sr, tuple(notes)


def make(argument: str) -> OracleFactorization:
    """``oracle:DIR``, a folder with one file for each stem; ``oracle:FILE.stem.mp4``; ``oracle:musdb:ROOT#4``."""
    if not argument:
        raise UsageError("oracle needs a folder with one file for each stem: oracle:DIR")
    if is_musdb(argument):
        return OracleFactorization.from_musdb(musdb_track(argument), spec=f"oracle:{argument}")
    if argument.endswith(".mp4"):
        return OracleFactorization.from_stem_file(argument)
    return OracleFactorization.from_folder(argument)
