"""One song, one factorization, one setting: every listener planted, explained, read and judged.

What was found stands in a file of JSON lines for each, so that the study goes on where it was interrupted. A file is
kept whatever the product has become since: another state of the product wants another folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from audiolime_ext import Audio, Explanation, Stems, explain
from audiolime_ext.audio import level_db
from audiolime_ext.registry import build
from tests.studies.planted.judge import Splitting, judge
from tests.studies.planted.listeners import LIKES, MEASURES, VOTERS, Kind, listeners, model_of
from tests.studies.planted.reading import read
from tests.studies.planted.songs import DURATION_S, Song
from tests.studies.planted.truth import answers, expected, landing, matters

TRUE_STEMS = "true stems"
FACTORIZATIONS = (TRUE_STEMS, "cerberus", "spleeter:2stems", "hpss", "bands:mel-5")

GROUPS: dict[str, tuple[Kind, ...]] = {"likes": LIKES, "measures": MEASURES, "voters": VOTERS}


@dataclass(frozen=True)
class Setting:
    """How the product is asked: options of `explain`, and the groups of kinds that can be asked so."""

    options: Mapping[str, Any]
    groups: tuple[str, ...] = ("likes",)


SETTINGS = {
    "plain": Setting({}, ("likes", "measures", "voters")),
    "segments 10": Setting({"segments": 10}),
    "beats": Setting({"segments": "beats"}),
    "lime": Setting({"method": "lime"}),
    "banzhaf": Setting({"method": "banzhaf"}),
    "log-odds": Setting({"target": "log-odds"}),
}


class Kept:
    """A factorization that remembers the stems of the last excerpt: one song is explained for several models."""

    def __init__(self, inner: Any) -> None:
        self._inner, self._asked, self._stems = inner, (), None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        """Stems of one excerpt."""
        asked: Any = (audio.sha256, start_s, duration_s)
        if asked != self._asked:
            self._stems = self._inner.factorize(audio, start_s=start_s, duration_s=duration_s)
            self._asked = asked
        found: Any = self._stems
        return found


@cache
def separator(spec: str) -> Any:
    """The factorization of a spec string, built once."""
    return build("factorization", spec)


def cases(song: Song, factorization: str, setting: Setting) -> Iterator[dict[str, Any]]:
    """What became of each listener: one record for each."""
    split = Kept(song.oracle if factorization == TRUE_STEMS else separator(factorization))
    for group in setting.groups:
        planted = listeners(GROUPS[group], song.sources)
        if not planted:
            continue
        model, labels = model_of(song, planted), [listener.label for listener in planted]
        found = explain(
            song.mixture,
            model,
            factorization=split,
            labels=labels,
            start_s=song.start_s,
            duration_s=DURATION_S,
            **setting.options,
        )
        bounded = [listener.kind.bounded for listener in planted]
        about = partial(expected, bounded=bounded, log_odds=setting.options.get("target") == "log-odds")
        of_sources = about(song.sources, answers(model, song.excerpts))
        true, parts = factorization == TRUE_STEMS, found.components
        n = len(parts.sources)
        of_parts = of_sources
        if not true:
            scores = answers(model, parts.recorded[:n], parts.recorded[n:].sum(axis=0))
            of_parts = about(parts.sources, scores)
        landed, levels = Landed(song, found), stem_levels(found)
        for listener, about_sources, about_parts in zip(planted, of_sources, of_parts, strict=True):
            said = read(found, listener.label)
            splitting = Splitting(true, levels, landed.of(listener.kind.matter))
            verdict = judge(about_sources, about_parts, said, listener.kind, splitting)
            yield {
                "kind": listener.kind.name,
                "label": listener.label,
                "roles": listener.roles,
                "outcome": verdict.outcome,
                "why": verdict.why,
                "answerable": not about_sources.must_abstain,
                "leaders": sorted(about_sources.leaders),
                "named": said.stems,
                "sentence": said.sentence,
                "notes": said.notes,
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
                if target.exists():
                    continue
                about = {
                    "song": song.name,
                    "development": song.development,
                    "factorization": factorization,
                    "setting": setting,
                }
                lines = [json.dumps(about | case) for case in cases(song, factorization, SETTINGS[setting])]
                unfinished = target.with_suffix(".part")
                unfinished.write_text("\n".join(lines) + "\n", encoding="utf-8")
                unfinished.replace(target)
                print(f"{song.name}, {factorization}, {setting}: {len(lines)} listeners", flush=True)


def records(folder: Path) -> list[dict[str, Any]]:
    """Everything that stands in a folder of results."""
    files = sorted(folder.glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
