"""A question answered: the score of a song explained by its stems, with everything that is to be known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from audiolime_ext.attribution.noise import attribute_noisy
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.attribution.told_apart import ROUNDING
from audiolime_ext.collection.song_parts import SILENCE, SongParts
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.leading import Leading, leading
from audiolime_ext.explanation.words import Voice
from audiolime_ext.prediction.kind import Kind
from audiolime_ext.prediction.repeatability import Noise
from audiolime_ext.prediction.similarity import Linear
from audiolime_ext.prediction.targets import Target
from audiolime_ext.recommendation.hubs import HubCorrection
from audiolime_ext.recommendation.queries import Asking, waiting
from audiolime_ext.recommendation.space import Space
from audiolime_ext.recommendation.telling import Telling
from audiolime_ext.recommendation.why.aims import Aim
from audiolime_ext.recommendation.why.alike import find_alike
from audiolime_ext.recommendation.why.heard import HeardSong, StemSong, separator_notes
from audiolime_ext.recommendation.why.level import level_remarks
from audiolime_ext.recommendation.why.likeness import Alike
from audiolime_ext.recommendation.why.matrix import stem_matrix
from audiolime_ext.recommendation.why.result import Removal, Why
from audiolime_ext.recommendation.why.standing import Field
from audiolime_ext.recommendation.why.words import order_notes, silence_notes
from audiolime_ext.track.asked import AskedTrack, WholeGame


def explained(
    song: StemSong,
    others: tuple[HeardSong, ...],
    space: Space,
    asking: Asking | None,
    hubs: HubCorrection | None,
    aim: Aim,
) -> tuple[Why, Field | None]:
    """A question answered, and the field of the songs among which its candidates stand."""
    voice = Voice(aim.name, Kind(aim.noun), factorization=song.separator)
    asked, target = song.asked, _moved(aim.score, song.asked).target(aim.name)
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
        _by_output(aim.score, space, song.parts, asked.asking.model.labels),
        standing,
        ranked_by,
        asked.asking.model.spec or "own model",
        aim,
    )
    told = [
        *order_notes([one.name for one in others], standing, made.similarities, ranked_by, space.meaning),
        *silence_notes(found, aim.noun),
        *aim.notes,
        *(note for one in (song, *others) for note in one.notes),
        *separator_notes((song, *others)),
        *level_remarks(asked, target, found, voice.label),
        *space.notes,
        *(() if telling is None else telling.notes),
        *(() if asking is None else waiting(asking.index)),
    ]
    notes = tuple(dict.fromkeys(told))
    return replace(made, removals=_removals(made, field), alike=_alike(song, others, space), notes=notes), field


def _alike(song: StemSong, others: Sequence[HeardSong], space: Space) -> Alike | None:
    """Which seconds are like those of the first candidate, where it was heard."""
    heard = [one for one in others[:1] if isinstance(one, StemSong)]
    return find_alike(song.asked, heard[0].asked, space, songs=(song.name, heard[0].name)) if heard else None


def _moved(score: Linear, asked: AskedTrack) -> Linear:
    """The score; one that no mix moves by more than rounding is a constant, or rounding would be explained."""
    values = [score(answer.neighborhood.scores)[:, 0] for answer in asked.answers if answer.names]
    if max(float(np.ptp(one)) for one in values) > ROUNDING:
        return score
    return Linear(np.zeros_like(score.weights), round(float(np.mean([one[-1] for one in values])), 6) + 0.0)


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
    game, found = made.query.asked.whole, list[Removal]()
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
