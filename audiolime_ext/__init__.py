"""Listen to what a music model listens to.

::

    from audiolime_ext import explain

    e = explain("song.mp3", "musicnn:MSD_musicnn", labels=["female vocalists"])
    e.top(label="female vocalists").listen()

The names below are loaded when they are first used, so that importing the package costs next to nothing.

The rooms, in the order in which a recording goes through them; each imports earlier ones only, and its docstring is its
map:

- `audio`: recordings in, decoded and resampled
- `networks`: published networks, fetched, verified and rebuilt
- `factorization`: a recording as a sum of stems (the separators themselves are the package `factorizations`)
- `prediction`: a model, how it is asked, which target of its answers is explained; `models`: those that ship with us
- `components`: what is switched on and off, which masks, and what "off" sounds like
- `attribution`: answers become weights
- `explanation`: one excerpt; `track`: a whole recording
- `collection`: lists of recordings, indexes of songs, and who works on many of them
- `audit`: what a classifier listens to over a collection
- `faithfulness`: whether an explanation is true of the model; `recommendation`: which songs are similar,
  by what, and why
- `gradients`: where in time and frequency a value comes from, for models that can be differentiated
- `concepts`: what a classifier has learnt, in sounds
- `compat`: other packages' ways of asking
- `report`: pages, players and plots
- `app`: those pages in the browser, for songs that are dropped there; `cli`: the command line

The ground that all stand on: `errors`, `files` (their names, read within bounds, written whole), `cache`, `registry`
(plug-ins, spec strings and their ``?options``), `extras` (optional packages), `display` (who draws results),
`progress` (how far the work is), `guest` (code that is not ours, run safely) and `text`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audiolime_ext.audio.recording import Audio, load_audio
    from audiolime_ext.audit.run import run_audit
    from audiolime_ext.audit.verdict.admission import assert_no_confounder
    from audiolime_ext.collection.indexing.making import make_index
    from audiolime_ext.errors import AudiolimeError
    from audiolime_ext.explanation.explanation import Explanation
    from audiolime_ext.explanation.pipeline import explain, top_component
    from audiolime_ext.factorization.contract import Factorization
    from audiolime_ext.factorization.loading import load_factorization
    from audiolime_ext.factorization.stems import Stems, with_residual
    from audiolime_ext.gradients.pipeline import relevance
    from audiolime_ext.prediction.contract import Model
    from audiolime_ext.prediction.contract import Tagger as Tagger
    from audiolime_ext.prediction.function import tagger
    from audiolime_ext.prediction.loading import load_model
    from audiolime_ext.prediction.taggram import tag
    from audiolime_ext.recommendation.evaluation.evaluating import evaluate_embedding
    from audiolime_ext.recommendation.maps.pipeline import embedding_map
    from audiolime_ext.recommendation.playlists.pipeline import playlist
    from audiolime_ext.recommendation.similar import similar
    from audiolime_ext.recommendation.training.pipeline import train_embedding
    from audiolime_ext.recommendation.why.pipeline import why
    from audiolime_ext.report.page import write_page
    from audiolime_ext.track.explanation import TrackExplanation
    from audiolime_ext.track.pipeline import explain_track

_HOMES = {
    "Audio": "audio.recording",
    "AudiolimeError": "errors",
    "Explanation": "explanation.explanation",
    "Factorization": "factorization.contract",
    "Model": "prediction.contract",
    "Stems": "factorization.stems",
    "Tagger": "prediction.contract",  # what `Model` was called in 0.1
    "TrackExplanation": "track.explanation",
    "assert_no_confounder": "audit.verdict.admission",
    "embedding_map": "recommendation.maps.pipeline",
    "evaluate_embedding": "recommendation.evaluation.evaluating",
    "explain": "explanation.pipeline",
    "explain_track": "track.pipeline",
    "load_audio": "audio.recording",
    "load_factorization": "factorization.loading",
    "load_model": "prediction.loading",
    "make_index": "collection.indexing.making",
    "playlist": "recommendation.playlists.pipeline",
    "relevance": "gradients.pipeline",
    "run_audit": "audit.run",
    "similar": "recommendation.similar",
    "tag": "prediction.taggram",
    "tagger": "prediction.function",
    "top_component": "explanation.pipeline",
    "train_embedding": "recommendation.training.pipeline",
    "why": "recommendation.why.pipeline",
    "with_residual": "factorization.stems",
    "write_page": "report.page",
}

__all__ = [
    "Audio",
    "AudiolimeError",
    "Explanation",
    "Factorization",
    "Model",
    "Stems",
    "TrackExplanation",
    "assert_no_confounder",
    "embedding_map",
    "evaluate_embedding",
    "explain",
    "explain_track",
    "load_audio",
    "load_factorization",
    "load_model",
    "make_index",
    "playlist",
    "relevance",
    "run_audit",
    "similar",
    "tag",
    "tagger",
    "top_component",
    "train_embedding",
    "why",
    "with_residual",
    "write_page",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("audiolime-ext")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
