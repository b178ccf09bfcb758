"""A page for a teacher or a study: does an explanation let a listener foresee what the system ranks first?

The participant hears the query and two songs, whose names and order are hidden, and says by ear which one the system
ranks first. Then there are two explanations, one after the other: *numbers*, how much each output of the model counts
for the choice (or each stem, where outputs have no names), and *sound*, the stem that counts most, alone. After each
the participant says again which song it is, and then how clear each explanation was and how far it is to be trusted,
from 1 to 5. Bars say how much something counts, never for which of the songs: that is for the listener to hear.

The order of the songs and that of the explanations are drawn from `seed`, which is in the file of answers. Answers stay
in the page until they are saved, as CSV, one row a participant; nothing is sent. A form that is not complete is not
saved. The right answer is shown after that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np
from markupsafe import Markup

from audiolime_ext.audio.recording import Audio
from audiolime_ext.collection.song_parts import SILENCE
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.why.result import Why
from audiolime_ext.report.neighbours.excerpts import Excerpt, excerpts, most_like
from audiolime_ext.report.neighbours.shares import Bar, bars, colors_of
from audiolime_ext.report.neighbours.told import Clip
from audiolime_ext.report.player.clip import data_uri
from audiolime_ext.report.player.media import SILENCE as SILENCE_PEAK
from audiolime_ext.report.templating import policy, render, static

MOST_BARS = 8
COLUMNS = {
    "participant": "the name or number that was typed",
    "saved_at": "when the answers were saved, UTC",
    "query": "name of the query",
    "song_1": "name of the song that was called Song 1",
    "song_2": "name of the song that was called Song 2",
    "ranked_first": "which of them the system ranks first: 1 or 2",
    "ranked_by": "by which number it ranks",
    "model": "the model",
    "separator": "what split the songs into stems",
    "seed": "the random seed from which both orders were drawn",
    "first_explanation": "which explanation came first: numbers or sound",
    "guess_by_ear": "1 or 2, before any explanation",
    "guess_after_numbers": "1 or 2, after the numbers",
    "guess_after_sound": "1 or 2, after the sound",
    "numbers_clarity": "1 (not clear) to 5 (very clear)",
    "numbers_trust": "1 (no trust) to 5 (full trust)",
    "sound_clarity": "as numbers_clarity, for the sound",
    "sound_trust": "as numbers_trust, for the sound",
}


@dataclass(frozen=True)
class Step:
    """An explanation: its kind, what it says, its bars and its sounds."""

    kind: str
    title: str
    says: str
    bars: tuple[Bar, ...] = ()
    clips: tuple[Clip, ...] = field(default=(), repr=False)


@dataclass(frozen=True, eq=False)
class StudyView:
    """What the template ``study.html.j2`` writes; `data` is for the script."""

    title: str
    query: str
    songs: tuple[Clip, ...]
    steps: tuple[Step, ...]
    columns: tuple[tuple[str, str], ...]
    answer: str
    data: dict[str, Any] = field(repr=False)


def study_html(why: Why, *, title: str | None = None, seed: int = 0) -> str:
    """The page as text.

    Parameters
    ----------
    why : Why
        Result that says why the query is nearer to one song than to another.
    title : str or None
        Title of the page; None: "Which song comes first?".
    seed : int
        Random seed for both orders.

    Raises
    ------
    UsageError
        If there are not two songs with sound, the system ranks both alike, or there is no explanation to judge.
    """
    view = study_view(why, title=title, seed=seed)
    script = static("neighbours/study.js") + "\naudiolime.study = audiolime.mountStudy();\n"
    style = static("song/page.css") + static("neighbours/neighbours.css")
    return render(
        "neighbours/study.html.j2",
        view=view,
        policy=policy(script, style),
        script=Markup(script),
        style=Markup(style),
        version=version("audiolime-ext"),
    )


def study_view(why: Why, *, title: str | None = None, seed: int = 0) -> StudyView:
    """The view of a study; for the parameters and errors see `study_html`."""
    require_study(why)
    swapped, sound_first = orders(seed)
    query, *others = excerpts(why)
    ordered = others[::-1] if swapped else others
    first = ranked_first(why)
    answer = 1 + (first ^ int(swapped))
    numbers, sound = _numbers(why), _sound(why, query, ordered)
    steps = (sound, numbers) if sound_first else (numbers, sound)
    names = [legible(excerpt.song.name) for excerpt in ordered]
    known = {
        "query": legible(why.query.name),
        "song_1": names[0],
        "song_2": names[1],
        "ranked_first": answer,
        "ranked_by": why.ranked_by,
        "model": why.model,
        "separator": why.query.separator or "own stems",
        "seed": seed,
        "first_explanation": steps[0].kind,
    }
    clips = [Clip("the query", _mix(query))]
    clips += [Clip(f"Song {number}", _mix(excerpt)) for number, excerpt in enumerate(ordered, 1)]
    return StudyView(
        title or "Which song comes first?",
        legible(why.query.name),
        tuple(clips),
        steps,
        tuple(COLUMNS.items()),
        f"Song 1 is {names[0]}, Song 2 is {names[1]}. The system ranks Song {answer} first, by {why.ranked_by}.",
        {"known": known, "columns": list(COLUMNS)},
    )


def orders(seed: int) -> tuple[bool, bool]:
    """Whether the songs change places, and whether the sound comes before the numbers, as a seed has it."""
    swapped, sound_first = np.random.default_rng(seed).integers(2, size=2).astype(bool).tolist()
    return swapped, sound_first


def require_study(why: Why) -> None:
    """Raise `UsageError` unless a study can be held."""
    if len(why.candidates) != 2:
        raise UsageError("a study asks which of two songs comes first; name both: audiolime why QUERY A B --study")
    if silent := [legible(song.name) for song in why.candidates if song.asked is None]:
        raise UsageError(f"a study plays both songs, and there is no sound of {' and '.join(silent)}; give their files")
    if why.leading.state not in ("leads", "tied"):
        raise UsageError(f"there is no explanation that listeners could judge: {why.sentence}")
    if ranked_first(why) == 1:
        a, b = (legible(song.name) for song in why.candidates)
        raise UsageError(f"what a study explains is why the first song is nearer, and {b} is; name {b} first, then {a}")


def ranked_first(why: Why) -> int:
    """Which of two songs the system ranks first: 0 or 1.

    Raises
    ------
    UsageError
        If it ranks both alike, or in another order than the similarity, which is what is explained.
    """
    one, other = why.similarities[:2] if why.standing is None else why.standing.nearness[:2]
    if one == other:
        raise UsageError(f"both songs are equally near by {why.ranked_by}, so none comes first; choose others")
    if (other > one) != (why.similarities[1] > why.similarities[0]):
        raise UsageError(
            "the correction for hubs reverses the two songs, and what is explained is the similarity without it; use "
            "--hub-correction none (hubs=None), or choose others"
        )
    return int(other > one)


def _numbers(why: Why) -> Step:
    """How much each output counts for the choice or, where outputs have no names, each stem."""
    if why.by_output:
        parts = {name: abs(sum(cells.values())) for name, cells in why.by_output.items()}
        what = "measures of the sound"
    else:
        parts = {SILENCE: abs(why.silence), **{name: abs(value) for name, value in why.weights.items()}}
        what = "sounds of the query, and silence before any of them,"
    kept = dict(sorted(parts.items(), key=lambda one: -one[1])[:MOST_BARS])
    says = (
        f"The system compares numbers. This is how much the {what} count for its choice between the two songs; the "
        "bars do not say for which."
    )
    return Step("numbers", "An explanation in numbers", says, tuple(_plain(bars(kept, colors=colors_of(why)))))


def _plain(found: list[Bar]) -> list[Bar]:
    """Bars without a sign, from the left edge on."""
    return [Bar(bar.name, bar.number.lstrip("+"), 0.0, 2 * bar.width, bar.color) for bar in found]


def _sound(why: Why, query: Excerpt, others: list[Excerpt]) -> Step:
    """The stem that counts most, alone, in all three songs."""
    stem = max(why.weights, key=lambda name: abs(why.weights[name]))
    says = (
        f"Of the query's sounds, its {stem} counts most for the choice. Listen to it alone, and to what is most like "
        "it in each of the songs."
    )
    clips = [Clip(f"the query: {stem}", _alone(query, stem))]
    for number, excerpt in enumerate(others, 1):
        matrix = next(m for m, song in zip(why.matrices, why.candidates, strict=True) if song is excerpt.song)
        assert matrix is not None
        like = most_like(matrix, stem) or (stem if stem in matrix.columns else matrix.columns[1])
        clips.append(Clip(f"Song {number}: {like}", _alone(excerpt, like)))
    return Step("sound", "An explanation in sound", says, clips=tuple(clips))


def _mix(excerpt: Excerpt) -> str:
    return data_uri(Audio(excerpt.stems.mixture, excerpt.stems.sr, "mix"))


def _alone(excerpt: Excerpt, stem: str) -> str:
    sound = excerpt.stems[stem] if stem in excerpt.stems.names else None
    return data_uri(sound) if sound is not None and np.abs(sound.samples).max() >= SILENCE_PEAK else ""
