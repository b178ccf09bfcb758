"""Why a song is near to another: the whole way, on one screen.

The songs are heard in stems (`heard`), the score that ranked is made linear by freezing its lengths
(`audiolime_ext.prediction.similarity`), and its exact Shapley values are those of the query's stems. They explain A's
similarity, A's less B's, or the log-odds of a taste.

Invariants: *silence and the stems add up to the score*; *the cells of a matrix add up to the similarity, and its rows
are the shares of the query's stems*; *a claim about a song without a stem comes from ranking all songs anew*.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.attribution.noise import attribute_noisy
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.attribution.told_apart import ROUNDING
from audiolime_ext.collection.index import Index, load_index
from audiolime_ext.collection.song_parts import SILENCE, SongParts
from audiolime_ext.components.masks import MAX_EVALS
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.leading import Leading, leading
from audiolime_ext.explanation.words import Voice
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.prediction.kind import Kind
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.repeatability import Noise
from audiolime_ext.prediction.similarity import Linear, similarity_to
from audiolime_ext.prediction.targets import Target
from audiolime_ext.recommendation.hubs import HubCorrection
from audiolime_ext.recommendation.queries import Asking, waiting
from audiolime_ext.recommendation.ranking import ranking_of
from audiolime_ext.recommendation.similar import listed
from audiolime_ext.recommendation.space import Space, SpaceKind, space_of
from audiolime_ext.recommendation.telling import Telling
from audiolime_ext.recommendation.why.flip import find_flip, nearer
from audiolime_ext.recommendation.why.flipped import Flip
from audiolime_ext.recommendation.why.heard import HeardSong, Listening, separator_notes
from audiolime_ext.recommendation.why.level import level_remarks
from audiolime_ext.recommendation.why.matrix import stem_matrix
from audiolime_ext.recommendation.why.result import Removal, Why
from audiolime_ext.recommendation.why.standing import Field
from audiolime_ext.recommendation.why.words import order_notes, silence_notes
from audiolime_ext.track.asked import AskedTrack, WholeGame

MODEL = "musicnn:MSD_musicnn?layer=penultimate"


def why(
    query: Any,
    a: Any = None,
    b: Any = None,
    *,
    index: Index | str | os.PathLike[str] | None = None,
    like: Any = (),
    dislike: Any = (),
    factorization: Factorization | str = "spleeter:2stems",
    model: Any = None,
    hubs: HubCorrection | None = "mutual proximity",
    space: SpaceKind | None = None,
    flip: bool = False,
    max_evals: int = MAX_EVALS,
    seed: int = 0,
    trust: bool = False,
    cache: bool = True,
) -> Why:
    """Why a song is near to another one, or nearer to one than to a second, by the stems of it.

    Parameters
    ----------
    query : path, name, Song, (ndarray, int), Audio, or a pair of one of these and its own factorization
        Song whose stems are switched.
    a, b : as `query`, ndarray of shape (n_features,), or None
        Song that it is compared with, and one that should be farther: then "why A over B". Of a vector, and of a song
        whose file is not there, there are no stems on that side. None for both: `like` ranks.
    index : Index, path or None
        Collection on which vectors are centred, and in which songs have places. None: vectors are measured from what
        the model says of silence.
    like, dislike : as for `similar`
        Songs from which a taste is learnt, in place of `a`: then the log-odds of the query's relevance are explained.
    factorization : Factorization or str
        Factorization of songs that come without their own.
    model : Model, str or None
        Model; None: the one of the index or, without one, ``"musicnn:MSD_musicnn?layer=penultimate"``.
    hubs, space : as for `similar`
        Correction for hubs by which places are counted, and space in which vectors are compared.
    flip : bool
        True to look for the smallest change of a stem by which `b` comes before `a`; see
        `audiolime_ext.recommendation.why.flip`.
    max_evals : int
        Budget in mixes for each window: all 2ⁿ masks of n stems where they fit.
    seed : int
        Random seed for sampling masks beyond the budget, and songs that stand for what is not liked.
    trust : bool
        True to import a module that the index names as its model.
    cache : bool
        True to keep stems and answers on disk.

    Returns
    -------
    Why

    Raises
    ------
    UsageError
        If a song is not known, there is no sound of the query, or the songs have no common model or no direction.
    AudioError
        If a recording cannot be read, is silent, or is too short for the model.

    Examples
    --------
    >>> from audiolime_ext import tagger
    >>> from factorizations.oracle import OracleFactorization
    >>> t = np.arange(16000) / 8000  # two songs with the same drums
    >>> drums, bass, flute = (np.sin(2 * np.pi * f * t).astype(np.float32) / 4 for f in (2000, 100, 400))
    >>> songs = [OracleFactorization({"drums": (drums, 8000), "rest": (rest, 8000)}) for rest in (bass, flute)]
    >>> def bands(batch):
    ...     power = np.abs(np.fft.rfft(batch)) ** 2 / 1e6
    ...     return np.stack([power[:, lo:hi].sum(axis=1) for lo, hi in [(0, 250), (250, 1000), (1000, 4000)]], axis=1)
    >>> one, other = ((song.mixture, song) for song in songs)
    >>> found = why(one, other, model=tagger(bands, window_s=1.0), cache=False)
    >>> round(found.score, 2), {name: round(share, 2) + 0.0 for name, share in found.weights.items()}
    (0.5, {'drums': 0.5, 'rest': 0.0})
    """
    asking, listening = _listening(index, model, factorization, max_evals, seed, trust=trust, cache=cache)
    liked = [*listed(like)]
    _require_meant(a, b, bool(liked), asking)
    if flip and b is None:
        raise UsageError("a flip is what makes B win over A; name both")
    song = listening.query(query)
    others = _told_apart([listening.candidate(one, name) for one, name in ((a, "A"), (b, "B")) if one is not None])
    where = _silent_space(song, listening) if asking is None else space_of(asking.index, space)
    aim, label, noun, notes = _aim(song, others, where, asking, liked, listed(dislike), seed)
    voice = Voice(label, Kind(noun), factorization=song.separator)
    found, field = _explained(song, others, where, asking, hubs, aim, voice, notes)
    return replace(found, flip=_flip(found, field)) if flip else found


def _listening(
    index: Any, model: Any, factorization: Any, max_evals: int, seed: int, *, trust: bool, cache: bool
) -> tuple[Asking | None, Listening]:
    if index is None:
        return None, Listening(load_model(model or MODEL), factorization, None, max_evals, seed, cache)
    asking = Asking(index if isinstance(index, Index) else load_index(Path(index)), model, trust)
    return asking, Listening(asking.loaded(), factorization, asking, max_evals, seed, cache)


def _require_meant(a: Any, b: Any, liked: bool, asking: Asking | None) -> None:
    if liked and a is not None:
        raise UsageError("a taste ranks the query itself; give either songs to compare it with, or songs with like")
    if b is not None and a is None:
        raise UsageError("name the song that comes first (a), then the one that does not (b)")
    if not liked and a is None:
        raise UsageError("nothing is asked for: name a song that the query is compared with, or songs with like")
    if liked and asking is None:
        raise UsageError("a taste is learnt among the songs of a collection; name its index (index=…, --in)")


def _told_apart(candidates: Sequence[HeardSong]) -> tuple[HeardSong, ...]:
    """The candidates; two of one name are told apart."""
    if len({song.name for song in candidates}) == len(candidates):
        return tuple(candidates)
    return tuple(
        replace(song, query=replace(song.query, name=f"{song.name} ({letter})"))
        for song, letter in zip(candidates, "AB", strict=True)
    )


def _silent_space(song: HeardSong, listening: Listening) -> Space:
    """Vectors measured from silence, where there is no collection to centre them on."""
    if listening.model.labels is not None:
        raise UsageError(
            "the model's outputs have names, with units of their own, and only a collection says how much each varies; "
            "name an index (index=…, --in)"
        )
    assert song.parts is not None
    silence, whole = song.parts.vectors[0], song.parts.whole
    note = "without an index nothing says what songs have in common: vectors are measured from the answer to silence"
    least = 1e-6 * float(np.linalg.norm(whole))
    return Space("plain", silence, np.ones_like(silence), np.zeros(0, np.float32), least, (note,))


def _aim(
    song: HeardSong,
    others: Sequence[HeardSong],
    space: Space,
    asking: Asking | None,
    liked: Sequence[Any],
    disliked: Sequence[Any],
    seed: int,
) -> tuple[Linear, str, str, list[str]]:
    """The score as a linear function of the model's outputs, the name of it, what its values are, and notes."""
    space.direction(song.vector, song.name)
    if asking is not None and liked:
        ranking = ranking_of(
            asking.index,
            space,
            [asking.query(one) for one in liked],
            [asking.query(one) for one in disliked],
            learnt=True,
            seed=seed,
        )
        assert ranking.taste is not None
        length = float(np.linalg.norm(space.scaled(song.vector[None])))
        weights = ranking.taste.weights * space.scale / length
        known = song.query.position is not None and song.query.position in ranking.own
        own = [f"{song.name} is among the songs that are liked, so the taste knows it"] if known else []
        return (
            Linear(weights, ranking.taste.intercept - float(weights @ space.centre)),
            "its relevance",
            "log-odds",
            [*ranking.notes, *own],
        )
    near = [similarity_to(_directed(space, one), song.vector, centre=space.centre, scale=space.scale) for one in others]
    if len(near) == 1:
        return near[0], f"similarity to {others[0].name}", "similarity", []
    contrast = Linear(near[0].weights - near[1].weights, near[0].intercept - near[1].intercept)
    return contrast, f"{others[0].name} over {others[1].name}", "difference", []


def _directed(space: Space, song: HeardSong) -> Any:
    space.direction(song.vector, song.name)
    return song.vector


def _explained(
    song: HeardSong,
    others: tuple[HeardSong, ...],
    space: Space,
    asking: Asking | None,
    hubs: HubCorrection | None,
    aim: Linear,
    voice: Voice,
    notes: Sequence[str],
) -> tuple[Why, Field | None]:
    assert song.asked is not None
    assert song.parts is not None
    asked, target = song.asked, _moved(aim, song.asked).target(voice.label)
    noise = asked.noise(target)
    names = ((voice.label,), (voice.label,))
    track = asked.explained(asked.windows(target, noise), target, noise, names, min_score=0.0)
    found = _leading(asked.whole, target, noise, voice.kind)
    telling = None if asking is None else Telling.of(asking.index, space, hubs)
    field = None if telling is None or not others else Field(telling, song.query, tuple(one.query for one in others))
    standing = None if field is None else field.standing(song.vector)
    ranked_by = "relevance" if not others else "similarity" if telling is None else telling.correction or "similarity"
    made = Why(
        song,
        others,
        space,
        track,
        found,
        voice,
        tuple(None if one.parts is None else stem_matrix(space, song.parts, one.parts) for one in others),
        _by_output(aim, space, song.parts, asked.asking.model.labels),
        standing,
        ranked_by,
        asked.asking.model.spec or "own model",
    )
    told = [
        *order_notes([one.name for one in others], standing, made.similarities, ranked_by),
        *silence_notes(found, voice.kind.noun),
        *notes,
        *(note for one in (song, *others) for note in one.notes),
        *separator_notes((song, *others)),
        *level_remarks(asked, target, found, voice.label),
        *space.notes,
        *(() if telling is None else telling.notes),
        *(() if asking is None else waiting(asking.index)),
    ]
    return replace(made, removals=_removals(made, field), notes=tuple(dict.fromkeys(told))), field


def _flip(found: Why, field: Field | None) -> Flip:
    """The smallest change that makes the second candidate win, by what ranks."""
    assert found.query.asked is not None
    a, b = found.candidates
    margin = nearer(found.space, b.vector, a.vector) if field is None else field.margin
    return find_flip(found.query.asked, margin, songs=(a.name, b.name))


def _moved(aim: Linear, asked: AskedTrack) -> Linear:
    """The score; one that no mix moves by more than rounding is a constant, or rounding would be explained."""
    values = [aim(answer.neighborhood.scores)[:, 0] for answer in asked.answers if answer.names]
    if max(float(np.ptp(one)) for one in values) > ROUNDING:
        return aim
    return Linear(np.zeros_like(aim.weights), round(float(np.mean([one[-1] for one in values])), 6) + 0.0)


def _leading(game: WholeGame, target: Target, noise: Noise, kind: Kind) -> Leading:
    """What is known of the stems of the whole song: the mean over its windows."""
    near = replace(game.outputs, scores=target.apply(game.outputs.scores))
    of_mean = replace(noise, sd=noise.sd / np.sqrt(game.n_windows))
    return leading(game.names, game.levels_db, near, attribute_noisy(shapley_values, near, of_mean), 0, kind)


def _by_output(
    aim: Linear, space: Space, parts: SongParts, labels: Sequence[str] | None
) -> dict[str, dict[str, float]]:
    """What silence and each stem add by each output that has a name and is not left out of the space."""
    if labels is None:
        return {}
    from_centre = np.concatenate([parts.vectors[:1] - space.centre, parts.vectors[1:]]) * aim.weights
    return {
        name: dict(zip((SILENCE, *parts.names), column.tolist(), strict=True))
        for name, column, scale in zip(labels, from_centre.T, space.scale, strict=True)
        if scale > 0
    }


def _removals(made: Why, field: Field | None) -> tuple[Removal, ...]:
    """What would be so without each stem, of those whose mask is known."""
    asked = made.query.asked
    assert asked is not None
    game, found = asked.whole, list[Removal]()
    if not made.candidates or len(game.names) == 1:
        return ()
    for i, stem in enumerate(game.names):
        left = game.outputs.answer(np.arange(len(game.names)) != i)
        if left is None:
            continue
        try:
            direction = made.space.direction(left, f"what is left without {stem}")
        except UsageError:
            continue
        similarities = tuple(float(direction @ made.space.direction(one.vector)) for one in made.candidates)
        found.append(Removal(stem, similarities, None if field is None else field.standing(left)))
    return tuple(found)
