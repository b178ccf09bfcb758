"""Stems as a browser plays them: short encoded pieces, with what is drawn above them.

A page opened from disk cannot fetch other files, so everything is embedded; and a long recording cannot be decoded at
once, so every stem is cut into pieces of ten seconds, each a file of its own. A piece holds its own ten seconds and
the first 20 ms of the next, so that neighbours overlap by 20 ms and the player crossfades the same sound.

Invariants:

- *The pieces are the stems*: decoded, scaled and crossfaded they are the stems, to the rounding of 24 bits (``flac``)
  or to the codec's error (``mp3``), wherever the boundaries lie.
- *Nothing is clipped.* A piece that is louder than the codec can hold is stored softer, and its `scale` says by how
  much. A piece of silence (below −100 dB of full scale) is not stored.
- *Memory is bounded*: of a recording that comes in parts, one part and a few pieces are held at a time.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.encoding import encode
from audiolime_ext.audio.recording import Samples
from audiolime_ext.audio.resampling import context_span, padded_span, resample_span
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.factorization.stems import Stems
from audiolime_ext.factorization.transcription import Transcription
from audiolime_ext.progress.stages import stage
from audiolime_ext.report.player.pictures import frame_length, picture, png, sketch
from audiolime_ext.text import counted

Codec = Literal["mp3", "flac"]

PIECE_S = 10.0
OVERLAP_S = 0.02
SILENCE = 1e-5
LOUDEST = 0.9  # of full scale in an encoded file; a lossy codec overshoots
MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
MP3_LEAD_SAMPLES = 576 + 529  # what encoder and decoder delay; a browser that ignores the file's header keeps it
_VBR_QUALITY = 0.4  # LAME's V4, about 150 kb/s for stereo


@dataclass(frozen=True, eq=False)
class Piece:
    """One piece of one stem: an audio file, to be multiplied by `scale` after decoding."""

    stem: int
    index: int
    scale: float
    encoded: bytes = field(repr=False)


@dataclass(frozen=True, eq=False)
class Media:
    """A recording as a page embeds it.

    Parameters
    ----------
    names : tuple of str
        Names of the stems.
    duration_s : float
        Length of the recording in seconds.
    sr, n_channels : int
        Sampling rate of the recording in Hz, and number of its channels.
    codec : {"mp3", "flac"}
        Codec of the pieces.
    stored_sr : int
        Sampling rate of the pieces in Hz.
    piece_s, overlap_s : float
        Lengths in seconds: piece k begins at ``k · piece_s`` and lasts ``piece_s + overlap_s``; the last one ends with
        the recording.
    pieces : tuple of Piece
        Pieces of all stems, without the silent ones.
    levels_db : tuple of float, one for each stem
        Energy of each stem in dB relative to the mixture; −200 is silence.
    peaks : tuple of float, one for each stem
        Largest magnitude of each stem; full scale is 1.
    waveforms : ndarray of int8, shape (n_stems, n_columns, 2)
        Lowest and highest sample of each column in hundredths of the loudest peak.
    spectrogram : bytes
        PNG file of the mixture's mel bands, low ones at the bottom.
    mel_db_of_stems : ndarray of float32, shape (n_stems, n_columns, n_mels)
        Mel bands of each stem in dB.
    loudest_db : float
        Loudest mel band of the mixture in dB.
    notes : tuple of str
        Notes on what was changed on the way, and those of the factorization.
    transcription : Transcription or None
        Notes that are played in the stems; None: the factorization gives none.
    """

    names: tuple[str, ...]
    duration_s: float
    sr: int
    n_channels: int
    codec: Codec
    stored_sr: int
    piece_s: float
    overlap_s: float
    pieces: tuple[Piece, ...] = field(repr=False)
    levels_db: tuple[float, ...]
    peaks: tuple[float, ...]
    waveforms: NDArray[np.int8] = field(repr=False)
    spectrogram: bytes = field(repr=False)
    mel_db_of_stems: NDArray[np.float32] = field(repr=False)
    loudest_db: float
    notes: tuple[str, ...] = ()
    transcription: Transcription | None = None

    @property
    def lead_s(self) -> float:
        """Seconds that a decoder which ignores the files' headers returns before the first sample."""
        return MP3_LEAD_SAMPLES / self.stored_sr if self.codec == "mp3" else 0.0


def encode_media(
    parts: Iterable[Stems],
    *,
    codec: Codec = "mp3",
    piece_s: float = PIECE_S,
    overlap_s: float = OVERLAP_S,
    n_columns: int = 1000,
    n_workers: int | None = None,
    duration_s: float | None = None,
) -> Media:
    """Encode the stems of a recording for a page.

    Parameters
    ----------
    parts : iterable of Stems
        Stems of consecutive parts, such as `factorize_in_parts` yields. A stem that a part lacks is silent there.
    codec : {"mp3", "flac"}
        Codec of the pieces: ``"mp3"`` (about 150 kb/s) or ``"flac"`` (24 bits, several times as large).
    piece_s, overlap_s : float
        Length of a piece in seconds, and how far it reaches into the next.
    n_columns : int
        Largest width of the waveforms and of the spectrogram; there are 100 columns a second.
    n_workers : int or None
        Number of threads that encode; None: one for each core.
    duration_s : float or None
        Length of all parts in seconds, to tell how much is left; None: it is not known.

    Raises
    ------
    AudioError
        If there is no sample, or parts differ in rate or channels.
    UsageError
        If the codec is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> tone = np.sin(np.arange(24000) / 10).astype(np.float32)
    >>> media = encode_media([Stems(("tone", "nothing"), np.stack([tone, 0 * tone])[:, None], sr=8000)], piece_s=2.0)
    >>> [(piece.stem, piece.index) for piece in media.pieces], media.duration_s
    ([(0, 0), (0, 1)], 3.0)
    """
    if codec not in ("mp3", "flac"):
        raise UsageError(f"codec must be 'mp3' or 'flac', not {codec!r}")
    n_workers = n_workers or os.cpu_count() or 1
    tape = _Tape()
    sketches, pieces = [], []
    heard: list[tuple[float, Transcription]] = []
    with ThreadPoolExecutor(n_workers) as pool, stage("encoding", duration_s, "s") as encoding:
        waiting: deque[Future[Piece | None]] = deque()
        for index in _spans(tape, _listening(parts, heard), codec, piece_s, overlap_s):
            stored_sr = stored_rate(tape.sr, codec)
            sketches.append(sketch(tape.read(*_drawn(tape, index, piece_s, overlap_s)), tape.sr))
            for stem, samples in enumerate(tape.resampled(*_stored(tape, index, stored_sr, piece_s, overlap_s))):
                waiting.append(pool.submit(_encode, samples, stored_sr, codec, stem, index))
            while len(waiting) > 2 * n_workers:
                pieces.append(waiting.popleft().result())
            encoding.advance(min((index + 1) * piece_s, tape.end / tape.sr) - encoding.done)
        pieces += [future.result() for future in waiting]
    seen = picture(sketches, n_columns=n_columns)
    return Media(
        names=tuple(tape.names),
        duration_s=tape.end / tape.sr,
        sr=tape.sr,
        n_channels=tape.n_channels,
        codec=codec,
        stored_sr=stored_rate(tape.sr, codec),
        piece_s=piece_s,
        overlap_s=overlap_s,
        pieces=tuple(piece for piece in pieces if piece is not None),
        levels_db=seen.levels_db,
        peaks=seen.peaks,
        waveforms=seen.waveforms,
        spectrogram=png(seen.mel_db),
        mel_db_of_stems=seen.mel_db_of_stems,
        loudest_db=float(seen.mel_db.max()),
        notes=(*tape.notes, *_rate_note(tape.sr, codec)),
        transcription=Transcription.joined(heard) if heard else None,
    )


def _listening(parts: Iterable[Stems], heard: list[tuple[float, Transcription]]) -> Iterator[Stems]:
    """The same parts; their transcriptions go into `heard`, each with the second at which its part begins."""
    start_s = 0.0
    for stems in parts:
        if stems.transcription:
            heard.append((start_s, stems.transcription))
        yield stems
        start_s += stems.samples.shape[-1] / stems.sr


def stored_rate(sr: int, codec: Codec) -> int:
    """The rate at which a codec stores a recording: its own wherever that can be.

    Examples
    --------
    >>> stored_rate(44100, "mp3"), stored_rate(96000, "mp3"), stored_rate(88200, "mp3"), stored_rate(96000, "flac")
    (44100, 48000, 44100, 96000)
    """
    if codec == "flac" or sr in MP3_RATES:
        return sr
    divisors = [rate for rate in reversed(MP3_RATES) if sr % rate == 0 and rate >= 32000]
    return divisors[0] if divisors else next((rate for rate in MP3_RATES if rate >= sr), MP3_RATES[-1])


def encoding(codec: Codec) -> dict[str, Any]:
    """Everything but the sound that determines the bytes of pieces of the usual length, in plain values."""
    import soundfile

    pieces = {"piece_s": PIECE_S, "overlap_s": OVERLAP_S, "silence": SILENCE, "loudest": LOUDEST}
    return {"codec": codec, "quality": _VBR_QUALITY, "library": soundfile.__libsndfile_version__, **pieces}


def _rate_note(sr: int, codec: Codec) -> tuple[str, ...]:
    stored = stored_rate(sr, codec)
    return () if stored == sr else (f"the player holds {stored:,} Hz; MP3 cannot hold the recording's {sr:,} Hz",)


class _Tape:
    """The stretch of all stems that is needed now; what lies before it is forgotten."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.notes: list[str] = []
        self.sr = self.n_channels = self.offset = self.end = 0
        self.samples: Samples = np.zeros((0, 1, 0), np.float32)  # from sample `offset` to `end` of the recording

    def append(self, stems: Stems) -> None:
        """Go on with another stretch, which may lack stems or bring new ones."""
        n_channels, n_samples = stems.samples.shape[1:]
        if not self.names:
            self.sr, self.n_channels = stems.sr, n_channels
            self.samples = np.zeros((0, n_channels, 0), np.float32)
        if (stems.sr, n_channels) != (self.sr, self.n_channels):
            raise AudioError(
                f"parts of one recording must agree: {self.sr} Hz and {counted(self.n_channels, 'channel')}, "
                f"then {stems.sr} Hz and {n_channels}"
            )
        self.notes += [note for note in stems.notes if note not in self.notes]
        self.names += [name for name in stems.names if name not in self.names]
        longer = np.zeros((len(self.names), n_channels, self.end - self.offset + n_samples), np.float32)
        longer[: len(self.samples), :, : self.samples.shape[-1]] = self.samples
        longer[[self.names.index(name) for name in stems.names], :, self.end - self.offset :] = stems.samples
        self.samples = longer
        self.end += n_samples

    def read(self, first: int, end: int) -> Samples:
        """Samples `first`…`end` of every stem, zeros beyond the recording."""
        return padded_span(self.samples, first - self.offset, end - self.offset)

    def resampled(self, first: int, end: int, sr: int) -> Samples:
        """The same at another rate, at which both ends are counted."""
        return resample_span(self.samples, self.sr, sr, first, end, offset=self.offset)

    def forget(self, before: int) -> None:
        """Drop what lies before a sample."""
        n = max(0, before - self.offset)
        self.samples = self.samples[..., n:].copy()
        self.offset += n


def _stored(tape: _Tape, index: int, sr: int, piece_s: float, overlap_s: float) -> tuple[int, int, int]:
    """Where a piece begins and ends at the rate it is stored at, and that rate."""
    end = round(((index + 1) * piece_s + overlap_s) * sr)
    return round(index * piece_s * sr), min(end, -(-tape.end * sr // tape.sr)), sr


def _drawn(tape: _Tape, index: int, piece_s: float, overlap_s: float) -> tuple[int, int]:
    """The samples that `sketch` needs for a piece's own span, without the overlap."""
    half = frame_length(tape.sr) // 2
    is_last = tape.end <= ((index + 1) * piece_s + overlap_s) * tape.sr
    end = tape.end if is_last else round((index + 1) * piece_s * tape.sr)
    return round(index * piece_s * tape.sr) - half, end + half


def _spans(tape: _Tape, parts: Iterable[Stems], codec: Codec, piece_s: float, overlap_s: float) -> Iterator[int]:
    """Fill the tape and yield the number of each piece as soon as the tape holds it and what is needed around it."""
    index = 0

    def needed(index: int) -> tuple[int, int]:
        sr = stored_rate(tape.sr, codec)
        first, end = round(index * piece_s * sr), round(((index + 1) * piece_s + overlap_s) * sr)
        begin, stop = context_span(tape.sr, sr, first, end)
        half = frame_length(tape.sr)
        return min(begin, round(index * piece_s * tape.sr) - half), max(stop, -(-end * tape.sr // sr) + half)

    for stems in parts:
        step = max(1, round(piece_s * stems.sr))
        for begin in range(0, stems.samples.shape[-1], step):
            tape.append(Stems(stems.names, stems.samples[..., begin : begin + step], stems.sr, stems.notes))
            while tape.end >= needed(index)[1]:
                yield index
                index += 1
                tape.forget(needed(index)[0])
    if not tape.end:
        raise AudioError("there is no sample to encode")
    while index == 0 or tape.end > (index * piece_s + overlap_s) * tape.sr:
        yield index
        index += 1


def _encode(samples: Samples, sr: int, codec: Codec, stem: int, index: int) -> Piece | None:
    """One piece of one stem, shape (n_channels, n_samples), as a file; None where it is silent."""
    peak = float(np.max(np.abs(samples), initial=0.0))
    if peak < SILENCE:
        return None
    scale = max(1.0, peak / LOUDEST)
    kind = ("FLAC", "PCM_24") if codec == "flac" else ("MP3", "MPEG_LAYER_III")
    how: dict[str, Any] = {} if codec == "flac" else {"bitrate_mode": "VARIABLE", "compression_level": _VBR_QUALITY}
    return Piece(stem, index, scale, encode(samples / np.float32(scale), sr, *kind, **how))
