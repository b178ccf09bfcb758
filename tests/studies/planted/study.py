"""One song, one factorization, one setting: every listener planted, explained, read and judged.

What was found stands in a file of JSON lines for each, so that the study goes on where it was interrupted. A file is
kept whatever the product has become since: another state of the product wants another folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from audiolime_ext import Audio, Explanation, Model, Stems, explain, explain_track
from audiolime_ext.audio.recording import level_db
from audiolime_ext.registry import build
from tests.studies.planted.judge import WRONG, Splitting, Verdict, judge, judge_track
from tests.studies.planted.listeners import LIKES, MEASURES, VOTERS, Kind, Listener, listeners, model_of
from tests.studies.planted.reading import counted, held, read
from tests.studies.planted.songs import DURATION_S, Song
from tests.studies.planted.truth import Expected, answers, expected, landing, matters

TRUE_STEMS = "true stems"
FACTORIZATIONS = (TRUE_STEMS, "cerberus", "spleeter:2stems", "hpss", "bands:mel-5")

N_WINDOWS = 4  # of a track

# Other methods weigh other masks and need not agree with Shapley values on who leads; about other kinds they must.
_MOOT = {"rhythm", "neither or both", "wider than narrow", "brightness", "onsets"}
GROUPS: dict[str, tuple[Kind, ...]] = {
    "likes": LIKES,
    "clear likes": tuple(kind for kind in LIKES if kind.name not in _MOOT),
    "measures": MEASURES,
    "voters": VOTERS,
}


@dataclass(frozen=True)
class Setting:
    """How the product is asked: options of `explain`, and the groups of kinds that can be asked so."""

    options: Mapping[str, Any]
    groups: tuple[str, ...] = ("likes",)


SETTINGS = {
    "plain": Setting({}, ("likes", "measures", "voters")),
    "segments 10": Setting({"segments": 10}),
    "beats": Setting({"segments": "beats"}),
    "lime": Setting({"method": "lime"}, ("clear likes",)),
    "banzhaf": Setting({"method": "banzhaf"}, ("clear likes",)),
    "log-odds": Setting({"target": "log-odds"}),
    "track": Setting({}),
}


class Kept:
    """A factorization that remembers the stems of the last excerpt: one song is explained for several models."""

    def __init__(self, inner: Any) -> None:
        self._inner: Any = inner
        self._kept: tuple[Any, Stems] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        """Stems of one excerpt."""
        asked = (audio.sha256, start_s, duration_s)
        if self._kept is None or self._kept[0] != asked:
            self._kept = asked, self._inner.factorize(audio, start_s=start_s, duration_s=duration_s)
        return self._kept[1]


@cache
def separator(spec: str) -> Any:
    """The factorization of a spec string, built once."""
    return build("factorization", spec)


def cases(song: Song, factorization: str, setting: Setting) -> Iterator[dict[str, Any]]:
    """What became of each listener: one record for each."""
    split = Kept(_split(song, factorization))
    for group in setting.groups:
        planted = listeners(GROUPS[group], song.sources)
        if not planted:
            continue
        model, labels = model_of(song, planted), [listener.label for listener in planted]
        span: dict[str, Any] = {"start_s": song.start_s, "duration_s": DURATION_S}
        found = explain(song.mixture, model, factorization=split, labels=labels, **span, **setting.options)
        truths = about(song, model, planted, found)
        for listener, (sources, parts, splitting) in zip(planted, truths, strict=True):
            said = read(found, listener.label)
            if "method" in setting.options:
                parts = by_another_method(parts, frozenset(said.stems))
            verdict = judge(sources, parts, said, listener.kind, splitting)
            answerable = splitting.divides and not sources.must_abstain
            bare = judge(sources, parts, replace(said, may_hold={}), listener.kind, splitting)
            yield _record(listener, verdict, answerable, said.stems, said.sentence, said.notes) | {"bare": bare.outcome}


def by_another_method(truth: Expected, named: frozenset[str]) -> Expected:
    """Methods weigh masks differently: which of parts within a tenth of the one leader leads is theirs to say.

    >>> import numpy as np
    >>> (about,) = expected(["a", "b"], np.array([[0.0], [0.40], [0.38], [0.78]]), bounded=[True])
    >>> sorted(about.leaders), sorted(by_another_method(about, frozenset("b")).leaders)
    (['a'], ['b'])
    """
    return replace(truth, leaders=named) if named and named <= truth.near and len(truth.leaders) == 1 else truth


def track_cases(song: Song, factorization: str, setting: Setting) -> Iterator[dict[str, Any]]:
    """The same for a whole song, by windows: one record for each listener."""
    windows = song.windows(N_WINDOWS)
    planted = listeners(LIKES, song.sources)
    model, labels = model_of(song, planted, windows), [listener.label for listener in planted]
    track = explain_track(
        song.mixture,
        model,
        factorization=_split(song, factorization),
        labels=labels,
        duration_s=len(windows) * DURATION_S,
        cache=False,
        **setting.options,
    )
    truths = [list(about(one, model_of(one, planted), planted, track.at(one.start_s))) for one in windows]
    sources = {name for one in windows for name in track.at(one.start_s).components.sources}
    may_hold = held(track.notes, sorted(sources))
    for listener, places in zip(planted, zip(*truths, strict=True), strict=True):
        reached = [place for place in places if place[1].full >= track.min_score]
        sentence, counts, differs = counted(track, listener.label)
        verdict = Verdict(WRONG, differs) if differs else judge_track(reached, counts, may_hold)
        answerable = any(splitting.divides and not sources.must_abstain for sources, _, splitting in reached)
        yield _record(listener, verdict, answerable, tuple(counts), sentence, track.remarks(listener.label))


def _split(song: Song, factorization: str) -> Any:
    return song.oracle if factorization == TRUE_STEMS else separator(factorization)


def about(
    song: Song, model: Model, planted: Sequence[Listener], found: Explanation
) -> Iterator[tuple[Expected, Expected, Splitting]]:
    """What may be said of each listener: of the sources, of what was switched, and how the excerpt was split."""
    bounded = [listener.kind.bounded for listener in planted]
    may_say = partial(expected, bounded=bounded, log_odds=found.provenance.target == "log-odds")
    of_sources = of_parts = may_say(song.sources, answers(model, song.excerpts))
    parts, landed, levels = found.components, Landed(song, found), stem_levels(found)
    if not (true := parts.sources == song.sources):
        n = len(parts.sources)
        of_parts = may_say(parts.sources, answers(model, parts.recorded[:n], parts.recorded[n:].sum(axis=0)))
    for listener, about_sources, about_parts in zip(planted, of_sources, of_parts, strict=True):
        yield about_sources, about_parts, Splitting(true, levels, landed.of(listener.kind.matter))


def _record(
    listener: Listener, verdict: Verdict, answerable: bool, named: Sequence[str], sentence: str, notes: Sequence[str]
) -> dict[str, Any]:
    return {
        "kind": listener.kind.name,
        "label": listener.label,
        "roles": listener.roles,
        "outcome": verdict.outcome,
        "why": verdict.why,
        "answerable": answerable,
        "named": list(named),
        "sentence": sentence,
        "notes": list(notes),
    }


class Landed:
    """Where the sources of a song land in the stems of an explanation."""

    def __init__(self, song: Song, explanation: Explanation) -> None:
        self.song, self.parts = song, explanation.components
        self._known: dict[str, dict[str, dict[str, float]]] = {}

    def of(self, matter: str) -> dict[str, dict[str, float]]:
        """Source → stem → how much of what is heard of the source is in it."""
        if matter not in self._known:
            self._known[matter] = {source: self._one(source, matter) for source in self.song.sources}
        return self._known[matter]

    def _one(self, source: str, matter: str) -> dict[str, float]:
        shares = landing(matters(self.song, source, matter), self.parts.recorded, self.song.sr)
        return dict(zip(self.parts.stems.names, shares.tolist(), strict=True))


def stem_levels(explanation: Explanation) -> dict[str, float]:
    """Stem → its level relative to the mixture."""
    recorded = explanation.components.recorded
    names = explanation.components.sources
    whole = recorded.sum(axis=0)
    return {name: level_db(stem, whole) for name, stem in zip(names, recorded, strict=False)}


def run(songs: Iterable[Song], factorizations: Sequence[str], settings: Sequence[str], folder: Path) -> None:
    """Whatever of the study is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for song in songs:
        for factorization in factorizations:
            for setting in settings:
                target = folder / f"{song.name}--{factorization}--{setting}.jsonl".replace(":", "-").replace(" ", "_")
                if target.exists() or (setting == "track" and len(song.windows(2)) < 2):
                    continue
                origin = {
                    "song": song.name,
                    "development": song.development,
                    "factorization": factorization,
                    "setting": setting,
                }
                ask = track_cases if setting == "track" else cases
                lines = [json.dumps(origin | case) for case in ask(song, factorization, SETTINGS[setting])]
                unfinished = target.with_suffix(".part")
                unfinished.write_text("\n".join(lines) + "\n", encoding="utf-8")
                unfinished.replace(target)
                print(f"{song.name}, {factorization}, {setting}: {len(lines)} listeners", flush=True)


def records(folder: Path) -> list[dict[str, Any]]:
    """Everything that stands in a folder of results."""
    files = sorted(folder.glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
