"""Cerberus: piano+guitar, bass and drums of any recording, by a network of our own that comes with the package.

``weights/cerberus.md`` describes the network, how it was trained and what it can do; ``examples/cerberus`` trains one.
It is modelled on that of the founding paper, and also hears notes (`Stems.transcription`). What the four sources do not
hold — noise, everything above 8 kHz — is `residual`. It does not know voices; they land in `piano+guitar`.

*Piano and guitar are one stem* unless asked for separately (``cerberus?merge=none``): in many of the measured excerpts,
most of a true guitar lands in the stem called piano, or the other way round (``weights/confusion-cerberus.json``, see
`audiolime_ext.factorization.confusion`). Other weights were not measured, so their sources stay apart.

1. Each channel is resampled to the network's rate and separated on its own.
2. Frames are centred at multiples of the hop. A *chunk* is some seconds of frames; the network sees one at a time, and
   neighbouring chunks overlap by two margins, over which the masks of one fade into those of the next.
3. The mixture's spectrum is multiplied by a mask per source; inverse transform, overlap-add, back to the recording's
   rate.

Invariants: *chunks are counted from the start of the recording*, so an excerpt's stems are those of the whole recording
to 1e-5; only the chunks that an excerpt touches are separated, one after another, so that memory grows with the stems
asked for and nothing else.

Files of weights are read by `factorizations.cerberus_weights`.

References
----------
E. Manilow, P. Seetharaman, B. Pardo: Simultaneous separation and transcription of mixtures with multiple polyphonic and
percussive instruments, ICASSP 2020, doi:10.1109/ICASSP40776.2020.9054340.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio import spectrogram
from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.audio.resampling import context_span, resample_span, resampled_length
from audiolime_ext.errors import MissingError, UsageError, unknown
from audiolime_ext.factorization.confusion import Confusion, read_confusion
from audiolime_ext.factorization.contract import Scope
from audiolime_ext.factorization.own_rate import rolled_off
from audiolime_ext.factorization.stems import RESIDUAL, Stems, with_residual
from audiolime_ext.factorization.transcription import N_PITCHES, Transcription, decode
from audiolime_ext.files.reading import contents, require_file
from audiolime_ext.networks.runtime import run
from audiolime_ext.registry import options
from factorizations.cerberus_weights import OUTPUTS, About, _check_shapes, open_weights

WEIGHTS = Path(__file__).parent / "weights" / "cerberus.onnx"
CONFUSION = WEIGHTS.with_name("confusion-cerberus.json")
MERGED = (("piano", "guitar"),)  # by default: the pairs that CONFUSION says are not told apart
APART = "none"
_VERSION = "1"  # of this module's arithmetic
_REFERENCES = (
    """@inproceedings{manilow2020simultaneous,
  author = {Manilow, Ethan and Seetharaman, Prem and Pardo, Bryan},
  title = {Simultaneous Separation and Transcription of Mixtures with Multiple Polyphonic and Percussive Instruments},
  booktitle = {IEEE International Conference on Acoustics, Speech and Signal Processing (ICASSP)},
  year = {2020},
  doi = {10.1109/ICASSP40776.2020.9054340}
}""",
)


class _Answer(NamedTuple):
    """The network's answer for a chunk: masks (channel, source, frame, bin), probabilities averaged over channels."""

    masks: Samples
    notes: Samples
    onsets: Samples
    hits: Samples


class CerberusFactorization:
    """Stems of a recording by Cerberus.

    Parameters
    ----------
    weights : str, Path or None
        File of weights; None: those that come with the package.
    merge : sequence of sequences of str, "none", or None
        Groups of sources that are one stem each, such as ``[("piano", "guitar")]``; ``"none"``: every source is a stem
        of its own. None: `MERGED` for the weights that come with the package, no groups for others.
    spec : str or None
        Spec string that builds it again; None: it is made from the other arguments.
    threads : int or None
        Threads within the network; None: the runtime chooses.

    Raises
    ------
    MissingError
        If there is no such file.
    CorruptError
        If it is not a file of weights, or incomplete.
    UsageError
        If a source to be merged does not exist or is named twice.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(0, 0.1, (1, 16000)).astype(np.float32)
    >>> stems = CerberusFactorization().factorize(Audio(noise, 16000), start_s=0.25, duration_s=0.5)
    >>> stems.names, stems.samples.shape
    (('piano+guitar', 'bass', 'drums', 'residual'), (4, 1, 8000))
    """

    scope: Scope = "blocks"
    references = _REFERENCES

    def __init__(
        self,
        weights: str | Path | None = None,
        *,
        merge: Sequence[Sequence[str]] | Literal["none"] | None = None,
        spec: str | None = None,
        threads: int | None = None,
    ) -> None:
        path = WEIGHTS if weights is None else Path(weights)
        try:
            content = contents(require_file(path))
        except OSError as error:
            raise MissingError(
                f"there are no weights at {path} ({error.strerror or error}); name a file that "
                "`examples.cerberus.export` wrote"
            ) from error
        self._session = open_weights(content, str(path), threads)
        self.about = About.from_metadata(dict(self._session.get_modelmeta().custom_metadata_map), str(path))
        _check_shapes(self._session, self.about, str(path))
        self.groups = _groups(self.about.sources, _merged(merge, own=weights is not None))
        own, asked = "" if weights is None else f":{path}", _written(merge)
        self.spec = spec or f"cerberus{own}{asked}"
        self._own = weights is not None
        self.fingerprint = hashlib.sha256(
            f"{_VERSION} {self.groups} {hashlib.sha256(content).hexdigest()}".encode()
        ).hexdigest()[:16]

    @property
    def instruments(self) -> tuple[str, ...]:
        """Names of the stems, without the residual."""
        return tuple("+".join(group) for group in self.groups)

    @cached_property
    def confusion(self) -> Confusion | None:
        """What was measured of these stems; None for weights of one's own."""
        return None if self._own else _measured().split_as((*self.instruments, RESIDUAL))

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Notes that belong to every result."""
        return () if self.about.stable else (f"cerberus is experimental: {self.about.results}",)

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        """Stems of one excerpt of `audio`, at its own rate and channels; what they miss is `residual`.

        Raises
        ------
        AudioError
            If the excerpt does not lie within the recording.
        """
        sr = self.about.sr
        first, end = audio.span(start_s, duration_s)
        low, high = context_span(sr, audio.sr, first, end)
        low, high = max(low, 0), min(high, resampled_length(audio.n_samples, audio.sr, sr))
        estimates, heard = self._separate(audio, low, high)
        own_rate = np.empty((len(estimates), audio.n_channels, end - first), np.float32)
        for i, estimate in enumerate(estimates):  # one at a time: what a resampler copies is large
            own_rate[i] = resample_span(estimate, sr, audio.sr, first, end, offset=low)
        lost = rolled_off(audio, sr, first, end)
        mixture = audio.samples[:, first:end]
        stems = with_residual(mixture, self.instruments, own_rate, audio.sr, notes=self.notes, rolled_off=lost)
        excerpt = heard.between(first / audio.sr - low / sr, end / audio.sr - low / sr)
        return replace(stems, transcription=excerpt)

    def _separate(self, audio: Audio, first: int, end: int) -> tuple[Samples, Transcription]:
        """Estimates of samples `first`…`end` at the network's rate, (stem, channel, sample), and what was played."""
        about = self.about
        hop, overlap = about.hop_length, about.n_fft // about.hop_length
        n_samples = resampled_length(audio.n_samples, audio.sr, about.sr)
        lead = (overlap // 2) * hop + about.n_fft // 2  # frame 0 begins this long before the recording
        n_frames = (n_samples - 1 + lead) // hop + 1
        wanted = range((first + lead - about.n_fft) // hop + 1, min((end - 1 + lead) // hop + 1, n_frames))
        estimates = np.zeros((len(self.groups), audio.n_channels, end - first), np.float32)
        frames = len(wanted)
        roll = np.zeros((2, frames, len(about.pitched), N_PITCHES), np.float32)
        hits = np.zeros((frames, len(about.drums)), np.float32)
        for chunk, weight in self._chunks(n_frames, wanted):
            start = chunk.start * hop - lead
            samples = resample_span(
                audio.samples, audio.sr, about.sr, start, start + (len(chunk) - 1) * hop + about.n_fft
            )
            spectrum = spectrogram.stft(samples, n_fft=about.n_fft, hop_length=hop)
            answer = self._ask(spectrum)
            used = slice(max(wanted.start, chunk.start) - chunk.start, min(wanted.stop, chunk.stop) - chunk.start)
            share = weight[used, None]
            for i, group in enumerate(self.groups):
                mask = sum(answer.masks[:, about.sources.index(name), used] for name in group) * share
                piece = spectrogram.istft(np.asarray(mask * spectrum[:, used], np.complex64), hop_length=hop)
                at = start + used.start * hop
                begin, stop = max(at, first), min(at + piece.shape[-1], end)
                estimates[i, :, begin - first : stop - first] += piece[:, begin - at : stop - at]
            place = slice(chunk.start + used.start - wanted.start, chunk.start + used.stop - wanted.start)
            roll[:, place] += np.stack([answer.notes[used], answer.onsets[used]]) * share[:, None]
            hits[place] += answer.hits[used] * share
        times_s = (np.arange(wanted.start, wanted.stop) * hop - lead + about.n_fft // 2 - first) / about.sr
        return estimates, decode(roll[0], roll[1], hits, times_s, about.pitched, about.drums)

    def _chunks(self, n_frames: int, wanted: range) -> Iterator[tuple[range, Samples]]:
        """The chunks that hold wanted frames, with the weight of each frame; the weights of a frame sum to 1."""
        about = self.about
        shared = 2 * about.margin_frames
        count = max(1, -(-(n_frames - shared) // about.step))
        ramp = (np.arange(shared, dtype=np.float32) + np.float32(0.5)) / np.float32(shared)
        for number in range(count):
            chunk = range(number * about.step, min(number * about.step + about.chunk_frames, n_frames))
            if chunk.stop <= wanted.start or chunk.start >= wanted.stop:
                continue
            weight = np.ones(len(chunk), np.float32)
            if number:
                weight[:shared] = ramp
            if number < count - 1:
                weight[-shared:] = 1 - ramp
            yield chunk, weight

    def _ask(self, spectrum: NDArray[np.complex64]) -> _Answer:
        pairs = np.ascontiguousarray(spectrum).view(np.float32).reshape(*spectrum.shape, 2)
        masks, notes, onsets, hits = run(self._session, OUTPUTS, {"spectrum": pairs})
        return _Answer(masks, notes.mean(axis=0), onsets.mean(axis=0), hits.mean(axis=0))


def _groups(sources: tuple[str, ...], merge: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """The stems as groups of sources; a merged one takes the place of its first source."""
    named = [name for group in merge for name in group]
    for name in named:
        if name not in sources:
            raise unknown("source to merge", name, sources)
        if named.count(name) > 1:
            raise UsageError(f"source {name!r} is merged twice; name every source once")
    if any(len(group) < 2 for group in merge):
        raise UsageError("a group to merge has two sources or more: merge=piano+guitar,bass+drums")
    found: list[tuple[str, ...]] = []
    for name in sources:
        group = next((tuple(each) for each in merge if name in each), (name,))
        if group not in found:
            found.append(group)
    return tuple(found)


def _merged(merge: Sequence[Sequence[str]] | str | None, *, own: bool) -> Sequence[Sequence[str]]:
    """The groups that are meant; `own` weights are not merged unless asked for."""
    if merge is None:
        return () if own else MERGED
    return () if isinstance(merge, str) else merge


def _written(merge: Sequence[Sequence[str]] | str | None) -> str:
    """The groups as an option of the spec; empty where the default is meant."""
    if merge is None:
        return ""
    return f"?merge={APART if isinstance(merge, str) else ','.join('+'.join(group) for group in merge) or APART}"


def _asked(argument: str) -> tuple[str, Sequence[Sequence[str]] | Literal["none"] | None]:
    """The path of the weights and what is to be merged, from a spec's argument."""
    path, chosen = options(argument, ["merge"])
    if "merge" not in chosen:
        return path, None
    return path, "none" if chosen["merge"] == APART else [group.split("+") for group in chosen["merge"].split(",")]


def confusion(argument: str) -> Confusion | None:
    """What was measured of ``cerberus`` with these options; None for other weights."""
    path, merge = _asked(argument)
    if path:
        return None
    measured = _measured()
    groups = _groups(tuple(stem for stem in measured.stems if stem != RESIDUAL), _merged(merge, own=False))
    return measured.split_as((*map("+".join, groups), RESIDUAL))


def _measured() -> Confusion:
    return read_confusion(CONFUSION)


def formerly(argument: str) -> str | None:
    """The argument that means today what this one meant before stems were merged by default; None: this one."""
    return None if argument else f"?merge={APART}"


def make(argument: str) -> CerberusFactorization:
    """``cerberus``, ``cerberus:PATH`` with weights of one's own, both with ``?merge=piano+guitar`` or ``?merge=none``.

    Raises
    ------
    UsageError
        If an option is not known, or names no sources.
    MissingError
        If there are no weights; `CorruptError` if they are damaged.
    """
    path, merge = _asked(argument)
    return CerberusFactorization(path or None, merge=merge)
