"""How well separators tell piano, guitar, bass and drums apart: ``python -m examples.cerberus.evaluate DATA``.

For every song the stems are compared with the true ones, each source on its own:

- *SI-SDR* and what it gains over the mixture, as a separator that returns the mixture would have it;
- *SDR* of BSS Eval v4, the median over seconds, by ``museval``;
- *notes*: the share that is found and right (F1), by ``mir_eval``: the same pitch within 50 ms of the onset, whatever
  the offset. Strokes of drums alike, by kind.

A source that is silent in a song has no SDR. It is left out of the means, counted, and instead the level of what a
separator puts into it is given, relative to the mixture. ``mixture`` and ``ideal`` are bounds: the mixture in the place
of each stem, and ratio masks of the true magnitudes at the frames that the network has.

References
----------
J. Le Roux, S. Wisdom, H. Erdogan, J. R. Hershey: SDR - half-baked or well done?, ICASSP 2019.
F.-R. Stöter, A. Liutkus, N. Ito: The 2018 signal separation evaluation campaign, LVA/ICA 2018 (BSS Eval v4).
C. Raffel et al.: mir_eval, ISMIR 2014.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from audiolime_ext.audio import AUDIO_ENDINGS, Audio, level_db, load_audio
from audiolime_ext.files import to_json, write_bytes
from audiolime_ext.resolve import resolve_factorization
from audiolime_ext.spectrogram import istft, stft
from audiolime_ext.transcription import Transcription
from examples.cerberus.score import SOURCES

FOUR = SOURCES[:4]
MATCHES = {"percussive": "drums"}  # stems of another name that stand for a source
KINDS = {"kick": (35, 36), "snare": (37, 38, 39, 40)}  # all other percussion keys are cymbals and the like
_SILENT_DB = -30.0  # relative to the mixture
_N_FFT, _HOP = 1536, 512

Stems = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Recording:
    """A mixture, its true stems (n_channels, n_samples) by source, and its notes as in ``notes.npy``."""

    name: str
    mixture: Audio
    stems: Stems
    notes: NDArray[np.float32] | None


@dataclass(frozen=True)
class Score:
    """One source of one recording, in dB; of a silent source only the level is known."""

    separator: str
    split: str
    recording: str
    source: str
    si_sdr: float | None
    si_sdr_gain: float | None
    sdr: float | None
    level_if_silent: float | None


def recordings(folder: Path) -> Iterator[Recording]:
    """The songs of a split."""
    found = sorted(path.parent for path in folder.glob("*/song.json"))
    if not found:
        raise SystemExit(f"no songs in {folder}; render them with `make cerberus-data` (examples.cerberus.dataset)")
    for path in found:
        samples = np.load(path / "stems.npy").astype(np.float32)[:, None] / 32768
        stems = dict(zip(SOURCES, samples, strict=True))
        yield Recording(path.name, Audio(samples.sum(axis=0), 16000, path.name), stems, np.load(path / "notes.npy"))


def recording_of(folder: Path) -> Recording:
    """A folder with one audio file for each stem, such as ``piano.flac``."""
    files = {path.stem: load_audio(path) for path in sorted(folder.iterdir()) if path.suffix.lower() in AUDIO_ENDINGS}
    if not files:
        raise SystemExit(f"no audio in {folder}; it needs files such as piano.flac and bass.flac")
    stems: Stems = {name: audio.samples for name, audio in files.items()}
    mixture = np.sum(list(stems.values()), axis=0, dtype=np.float32)
    return Recording(folder.name, Audio(mixture, next(iter(files.values())).sr, folder.name), stems, None)


def si_sdr(estimate: NDArray[Any], target: NDArray[Any]) -> float:
    """Scale-invariant signal-to-distortion ratio in dB.

    Examples
    --------
    >>> import numpy as np
    >>> target = np.array([1.0, -1.0, 1.0, -1.0])
    >>> round(si_sdr(3 * (target + np.array([0.1, 0.1, -0.1, -0.1])), target))
    20
    """
    estimate, target = (np.asarray(x, np.float64).ravel() for x in (estimate, target))
    projected = (estimate @ target) / max(target @ target, 1e-12) * target
    distortion = estimate - projected
    return float(10 * np.log10(max(projected @ projected, 1e-12) / max(distortion @ distortion, 1e-12)))


def bss_eval(estimates: Stems, targets: Stems, sr: int) -> dict[str, float]:
    """SDR of BSS Eval v4 by source, the median over windows of a second."""
    import museval

    names = list(targets)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sdr, *_ = museval.metrics.bss_eval(
            np.stack([targets[name].T for name in names]).astype(float),
            np.stack([estimates[name].T for name in names]).astype(float),
            window=sr,
            hop=sr,
        )
    return {name: float(np.nanmedian(values)) for name, values in zip(names, sdr, strict=True)}


def ideal(recording: Recording) -> Stems:
    """The mixture under ratio masks of the true magnitudes."""
    sr, n = recording.mixture.sr, recording.mixture.n_samples
    if sr != 16000:
        raise SystemExit("ideal masks are for songs at 16 kHz")
    around = ((0, 0), (_N_FFT, _N_FFT + -n % _HOP))
    spectra = {name: stft(np.pad(x, around), n_fft=_N_FFT, hop_length=_HOP) for name, x in recording.stems.items()}
    total = np.sum([np.abs(x) for x in spectra.values()], axis=0) + 1e-9
    mixture = np.sum(list(spectra.values()), axis=0)
    return {
        name: istft(np.asarray(np.abs(x) / total * mixture, np.complex64), hop_length=_HOP)[:, _N_FFT : _N_FFT + n]
        for name, x in spectra.items()
    }


def compare(separator: str, split: str, recording: Recording, estimates: Stems) -> list[Score]:
    """Scores of the sources that a separator has a stem for."""
    mixture = recording.mixture
    found: list[Score] = []
    sounding = {
        name: x
        for name, x in recording.stems.items()
        if name in estimates and level_db(x, mixture.samples) > _SILENT_DB
    }
    sdr = bss_eval(estimates, sounding, mixture.sr) if sounding else {}
    for name in FOUR:
        if name not in estimates:
            continue
        if name not in sounding:
            level = level_db(estimates[name], mixture.samples)
            found.append(Score(separator, split, recording.name, name, None, None, None, level))
            continue
        after, before = (si_sdr(x, sounding[name]) for x in (estimates[name], mixture.samples))
        found.append(Score(separator, split, recording.name, name, after, after - before, sdr[name], None))
    return found


def note_f1(heard: Transcription, notes: NDArray[np.float32]) -> dict[str, float]:
    """F1 of the notes of each pitched source and of the strokes of each kind of drum, where there are any."""
    import mir_eval

    found: dict[str, float] = {}
    for name, rows in heard.notes.items():
        true = notes[(notes[:, 0] == SOURCES.index(name)) & (notes[:, 3] > notes[:, 2])]
        if not len(true):
            continue
        hz = [440 * 2 ** ((pitches - 69) / 12) for pitches in (true[:, 1], rows[:, 2])]
        _, _, f1, _ = mir_eval.transcription.precision_recall_f1_overlap(
            true[:, 2:].astype(float), hz[0], rows[:, :2].astype(float), hz[1], offset_ratio=None
        )
        found[name] = f1
    strokes = notes[notes[:, 0] == SOURCES.index("drums")]
    for kind, rows in heard.strokes.items():
        others = tuple(key for keys in KINDS.values() for key in keys)
        mine = np.isin(strokes[:, 1], KINDS[kind]) if kind in KINDS else ~np.isin(strokes[:, 1], others)
        true_s = np.unique(strokes[mine, 2].astype(float))
        if len(true_s):
            found[kind] = mir_eval.onset.f_measure(true_s, rows[:, 0].astype(float))[0]
    return found


def bootstrap(values: Sequence[float], *, seed: int = 0) -> tuple[float, float, float]:
    """Mean and its 95 % interval over recordings."""
    array = np.asarray(values, float)
    rng = np.random.default_rng(seed)
    means = array[rng.integers(len(array), size=(2000, len(array)))].mean(axis=1)
    return float(array.mean()), *(float(x) for x in np.quantile(means, [0.025, 0.975]))


def tables(scores: Sequence[Score], notes: Sequence[Mapping[str, Any]]) -> str:
    """What was found, as Markdown."""
    lines = []
    for split in dict.fromkeys(score.split for score in scores):
        lines += [
            f"### {split}",
            "",
            "| separator | source | SI-SDR | gain (95 %) | SDR | improved | songs | silent: level |",
        ]
        lines += ["|---|---|---|---|---|---|---|---|"]
        for separator in dict.fromkeys(score.separator for score in scores if score.split == split):
            mine = [score for score in scores if (score.split, score.separator) == (split, separator)]
            for source in FOUR:
                rows = [score for score in mine if score.source == source]
                lines += [f"| {separator} | {source} | {_cells(rows)} |"] if rows else []
            gains = [np.mean([s.si_sdr_gain for s in mine if s.recording == name and s.si_sdr_gain is not None])
                     for name in dict.fromkeys(s.recording for s in mine if s.si_sdr_gain is not None)]  # fmt: skip
            if gains:
                mean, low, high = bootstrap(gains)
                lines += [
                    f"| {separator} | **mean** | | **{mean:.1f}** ({low:.1f} to {high:.1f}) | | | {len(gains)} | |"
                ]
        heard = [row for row in notes if row["split"] == split]
        lines += [""]
        for separator in dict.fromkeys(row["separator"] for row in heard):
            mine_f1 = [row["f1"] for row in heard if row["separator"] == separator]
            kinds = dict.fromkeys(kind for f1 in mine_f1 for kind in f1)
            means = (f"{kind} {np.mean([f1[kind] for f1 in mine_f1 if kind in f1]):.2f}" for kind in kinds)
            lines += [f"Notes and strokes found by {separator} (F1, onset within 50 ms): {', '.join(means)}.", ""]
    return "\n".join(lines)


def _cells(rows: Sequence[Score]) -> str:
    sounding = [row for row in rows if row.si_sdr is not None]
    silent = [row.level_if_silent for row in rows if row.level_if_silent is not None]
    if not sounding:
        return f"| | | | 0 | {np.mean(silent):.0f} dB ({len(silent)})"
    si_sdrs, gains, sdrs = ([getattr(row, name) for row in sounding] for name in ("si_sdr", "si_sdr_gain", "sdr"))
    mean, low, high = bootstrap(gains)
    improved = np.mean([gain > 0 for gain in gains])
    leak = f"{np.mean(silent):.0f} dB ({len(silent)})" if silent else ""
    return (
        f"{np.mean(si_sdrs):.1f} | {mean:.1f} ({low:.1f} to {high:.1f}) | {np.nanmean(sdrs):.1f} | "
        f"{100 * improved:.0f} % | {len(sounding)} | {leak}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", action="append", help="default: human, mma and unseen")
    parser.add_argument(
        "--stems", type=Path, action="append", default=[], help="also a folder with a file for each stem"
    )
    parser.add_argument("-f", "--factorization", action="append", help="default: cerberus and hpss")
    parser.add_argument("--songs", type=int, help="at most so many of each split")
    parser.add_argument("--json", type=Path, help="write all scores there")
    parser.add_argument("--markdown", type=Path, help="write the tables there")
    args = parser.parse_args()
    specs = args.factorization or ["cerberus", "hpss"]
    separators = {spec: resolve_factorization(spec) for spec in specs}
    wanted = [(split, r) for split in args.split or ("human", "mma", "unseen")
              for r in list(recordings(args.data / split))[: args.songs]]  # fmt: skip
    wanted += [(folder.name, recording_of(folder)) for folder in args.stems]
    scores: list[Score] = []
    notes: list[dict[str, Any]] = []
    seconds = dict.fromkeys(specs, 0.0)
    for split, recording in tqdm(wanted, unit="song"):
        mixture = recording.mixture
        scores += compare("mixture", split, recording, dict.fromkeys(recording.stems, mixture.samples))
        if mixture.sr == 16000:
            scores += compare("ideal", split, recording, ideal(recording))
        for spec, separator in separators.items():
            began = time.perf_counter()
            stems = separator.factorize(mixture)
            seconds[spec] += time.perf_counter() - began
            estimates = {MATCHES.get(name, name): x for name, x in zip(stems.names, stems.samples, strict=True)}
            scores += compare(spec, split, recording, estimates)
            if stems.transcription and recording.notes is not None:
                found = note_f1(stems.transcription, recording.notes)
                notes.append({"separator": spec, "split": split, "recording": recording.name, "f1": found})
    text = tables(scores, notes)
    length = sum(recording.mixture.duration_s for _, recording in wanted)
    speed = ", ".join(f"{spec} {length / took:.0f} times" for spec, took in seconds.items())
    text += f"\nFaster than real time: {speed}.\n"
    for spec in specs:
        if not any(score.separator == spec for score in scores):
            text += f"{spec} has no stem for {', '.join(FOUR)}.\n"
    print(text)
    if args.markdown:
        write_bytes(args.markdown, text.encode())
    if args.json:
        content = {"scores": [asdict(score) for score in scores], "notes": notes}
        write_bytes(args.json, to_json(content, indent=1).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
