"""Songs whose sources are certain, to plant listeners in.

- ``sketch-N``: made here of plucked strings, struck tones, a bass and noise, in stereo at 16 kHz. They need nothing, so
  that the tests can have one; no separator was trained on anything of the kind, and they are no measure of one.
- ``feelings``, ``mime``: two songs of `examples/audio` that were released as two tracks, the guitar and the rest.
- ``voice over NAME``: a rendered song under a singer, Spleeter's estimate of the voice in the package's own clip. In
  this mix it is a source like any other, though one that Spleeter has picked before.
- what `examples.cerberus.dataset` rendered, with ``--data DATA``: mono at 16 kHz, piano, guitar, bass and drums.
- any folder that holds a file for each source, with ``--true``.

A source's name is the instrument's. ``rest`` is what is left of a band: it may hold any instrument.

*Development* songs are those on which the limits of the study were chosen; the others are judged. What a stem may hold
was measured on the first twenty rendered songs of each split (`examples.confusion`), so that these are skipped here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiolime_ext import Audio, load_audio
from audiolime_ext.audio.recording import Samples
from audiolime_ext.audio.resampling import resample_span
from factorizations.oracle import OracleFactorization

AUDIO = Path(__file__).parents[3] / "examples" / "audio"
VOICE = Path(__file__).parents[3] / "audiolime_ext" / "data" / "ezer_ev.ogg"
DURATION_S = 4.0
DEVELOPMENT_SPLITS = ("mma",)
FAINTEST = 0.01  # of the loudest source's energy in the excerpt; a source below does not take part

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Song:
    """An excerpt of a mixture, and the sources it was mixed from.

    Parameters
    ----------
    stems
        Source → samples (n_channels, n_samples) of the whole recording, float32; each sounds within the excerpt.
    start_s
        Where the excerpt begins; it is `DURATION_S` long.
    development
        Whether limits may be chosen on it.
    """

    name: str
    sr: int
    stems: dict[str, Samples] = field(repr=False)
    start_s: float = 0.0
    development: bool = False

    @property
    def sources(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self.stems)

    @property
    def oracle(self) -> OracleFactorization:
        """The true stems."""
        return OracleFactorization({name: Audio(samples, self.sr, name) for name, samples in self.stems.items()})

    @property
    def mixture(self) -> Audio:
        """The recording, called like the song."""
        samples = np.asarray(np.sum(list(self.stems.values()), axis=0, dtype=np.float32))
        return Audio(samples, self.sr, self.name)

    @property
    def excerpts(self) -> Samples:
        """The sources within the excerpt, shape (n_sources, n_channels, n_samples)."""
        first = round(self.start_s * self.sr)
        end = round((self.start_s + DURATION_S) * self.sr)
        return np.stack([stem[:, first:end] for stem in self.stems.values()])

    def windows(self, most: int) -> list[Song]:
        """Excerpts that follow each other from the beginning of the recording."""
        n = min(most, int(next(iter(self.stems.values())).shape[-1] / self.sr / DURATION_S))
        return [replace(self, start_s=i * DURATION_S) for i in range(n)]


def excerpt_of(name: str, sr: int, stems: dict[str, Samples], *, development: bool = False) -> Song:
    """The song with the excerpt in which its faintest source is loudest, and without sources that are silent there."""
    n_samples = min(stem.shape[-1] for stem in stems.values())
    starts = np.arange(0.0, max(n_samples / sr - DURATION_S, 0.0) + 1e-9, 1.0)
    energies = np.array([_energies(stems, sr, start) for start in starts])  # (n_starts, n_sources)
    sounding = energies.max(axis=0) > FAINTEST * energies.max()
    start = float(starts[int(np.argmax(energies[:, sounding].min(axis=1)))])
    there = _energies(stems, sr, start)
    least = FAINTEST * max(there)
    kept = {source: stems[source] for source, energy in zip(stems, there, strict=True) if energy > least}
    return Song(name, sr, kept, start, development)


def _energies(stems: dict[str, Samples], sr: int, start_s: float) -> list[float]:
    first, end = round(start_s * sr), round((start_s + DURATION_S) * sr)
    return [float(np.square(stem[:, first:end], dtype=np.float64).mean()) for stem in stems.values()]


def sketch(seed: int) -> Song:
    """Two bars by piano, guitar, bass and drums; the same seed gives the same song.

    >>> sketch(0).sources, sketch(0).excerpts.shape
    (('piano', 'guitar', 'bass', 'drums'), (4, 2, 64000))
    """
    rng, sr = np.random.default_rng([seed, 14]), 16000
    beat_s = 0.5
    chords = rng.permutation([[60, 64, 67], [57, 60, 64], [65, 69, 72], [55, 59, 62]])
    played = {source: np.zeros(round((DURATION_S + 1) * sr)) for source in ("piano", "guitar", "bass", "drums")}
    for beat in range(8):
        chord, at = chords[beat // 2], beat * beat_s
        for pitch in chord if beat % 2 == 0 else chord[1:]:
            _add(played["piano"], sr, at, _struck(_hz(pitch), 0.9, sr))
        for eighth in range(2):
            pitch = int(rng.choice(chord)) + 12
            _add(played["guitar"], sr, at + eighth * beat_s / 2 + 0.01, _plucked(_hz(pitch), 0.5, sr, rng))
            _add(played["drums"], sr, at + eighth * beat_s / 2, 0.3 * _noise(0.05, sr, rng))
        _add(played["bass"], sr, at, _struck(_hz(chord[0] - 24), 0.45, sr, n_harmonics=4))
        _add(played["drums"], sr, at, _kick(sr) if beat % 2 == 0 else _noise(0.15, sr, rng))
    levels_db = dict(zip(played, rng.permutation([-20.0, -22.0, -24.0, -26.0]), strict=True))
    panned = {"piano": 0.3, "guitar": 0.8, "bass": 0.5, "drums": 0.5}
    stems = {}
    for source, mono in played.items():
        scaled = mono[: round(DURATION_S * sr)]
        scaled = scaled * 10 ** (levels_db[source] / 20) / np.sqrt(np.square(scaled).mean())
        sides = np.sqrt([1 - panned[source], panned[source]])
        stems[source] = (sides[:, None] * scaled).astype(np.float32)
    return Song(f"sketch-{seed}", sr, stems, 0.0, True)


def _hz(pitch: int) -> float:
    return float(440 * 2 ** ((pitch - 69) / 12))


def _add(track: Array, sr: int, at_s: float, note: Array) -> None:
    first = round(at_s * sr)
    end = min(first + len(note), len(track))
    track[first:end] += note[: end - first]


def _struck(hz: float, length_s: float, sr: int, n_harmonics: int = 8) -> Array:
    time = np.arange(round(length_s * sr)) / sr
    orders = [k for k in range(1, n_harmonics + 1) if k * hz < sr / 2]
    partials = [np.exp(-(2 + k) * time) * np.sin(2 * np.pi * k * hz * time) / k for k in orders]
    return np.asarray(np.sum(partials, axis=0) * np.minimum(1, time / 0.005))


def _plucked(hz: float, length_s: float, sr: int, rng: np.random.Generator) -> Array:
    """Karplus and Strong's string: noise that runs around a loop and loses its treble."""
    period, out = round(sr / hz), np.zeros(round(length_s * sr))
    loop = rng.normal(size=period)
    for first in range(0, len(out), period):
        out[first : first + period] = loop[: len(out) - first]
        loop = 0.498 * (loop + np.roll(loop, 1))
    return out


def _noise(length_s: float, sr: int, rng: np.random.Generator) -> Array:
    time = np.arange(round(length_s * sr)) / sr
    return np.asarray(rng.normal(size=len(time)) * np.exp(-5 * time / length_s))


def _kick(sr: int) -> Array:
    time = np.arange(round(0.2 * sr)) / sr
    return np.asarray(3 * np.sin(2 * np.pi * (50 * time - 4 * np.exp(-30 * time))) * np.exp(-20 * time))


def released(name: str) -> Song:
    """``feelings`` or ``mime``, whose guitar and rest were released apart."""
    return from_folder(AUDIO / name, development=name == "feelings")


def from_folder(folder: Path, *, development: bool = False) -> Song:
    """A song of which a folder holds a file for each source."""
    oracle = OracleFactorization.from_folder(folder)
    stems = dict(zip((name.lower() for name in oracle.names), oracle.samples, strict=True))
    return excerpt_of(folder.name, oracle.sr, stems, development=development)


def rendered(folder: Path) -> Song:
    """A song that `examples.cerberus.dataset` rendered."""
    samples = np.load(folder / "stems.npy").astype(np.float32) / np.float32(32768)
    names = ("piano", "guitar", "bass", "drums", "other")
    stems = {name: stem[None] for name, stem in zip(names, samples, strict=True) if np.any(stem)}
    stems.pop("other", None)
    return excerpt_of(folder.name, 16000, stems, development=folder.parent.name in DEVELOPMENT_SPLITS)


def sung(song: Song, level_db: float = 0.0) -> Song:
    """A singer over a song: at its loudness within the excerpt, or `level_db` above."""
    from factorizations.spleeter import make

    clip = load_audio(VOICE)
    whole = make("2stems").factorize(clip)["vocals"].samples
    n_samples = int(whole.shape[-1] * song.sr / clip.sr)
    vocals = resample_span(whole, clip.sr, song.sr, 0, n_samples).mean(axis=0, keepdims=True)
    loud = excerpt_of("voice", song.sr, {"vocals": vocals})
    voice = loud.excerpts[0]
    band = song.excerpts.sum(axis=0)
    gain = 10 ** (level_db / 20) * np.sqrt(np.square(band).mean() / np.square(voice).mean())
    parts = {"vocals": np.broadcast_to(gain * voice, band.shape), **dict(zip(song.sources, song.excerpts, strict=True))}
    stems = {name: np.ascontiguousarray(part, np.float32) for name, part in parts.items()}
    return Song(f"voice over {song.name}", song.sr, stems, 0.0, song.development)


def gathered(data: Path | None, folders: Iterable[Path], n_songs: int, n_skipped: int = 0) -> Iterator[Song]:
    """All songs of the study: at most `n_songs` of each rendered split, and a third of these with a singer.

    The first `n_skipped` of each split are left out.
    """
    yield from (sketch(seed) for seed in range(2))
    yield from (released(name) for name in ("feelings", "mime"))
    yield from (from_folder(folder) for folder in folders)
    for split in sorted(path for path in data.iterdir() if path.is_dir()) if data else ():
        made = [path.parent for path in sorted(split.glob("[!.]*/song.json"))][n_skipped:][:n_songs]
        for number, folder in enumerate(made):
            song = rendered(folder)
            yield song
            if number % 3 == 0:
                yield sung(song)
