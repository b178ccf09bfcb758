"""Results in notebooks: a table and a player, at most 2 MB a cell.

The sound is embedded as on a page, and each cell brings style and script along, so that it plays wherever the notebook
is opened. A recording that would be too large is shown without its sound or with its beginning only; the cell says so.
"""

from __future__ import annotations

import html
import json
import secrets
from collections.abc import Iterable
from functools import singledispatch
from typing import Any

from markupsafe import Markup

from audiolime_ext.audio.recording import Audio
from audiolime_ext.explanation import summary
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.factorization.stems import Stems
from audiolime_ext.report.player.media import encode_media
from audiolime_ext.report.player.player import player_html
from audiolime_ext.report.song.view import as_track, cell, components
from audiolime_ext.track import words
from audiolime_ext.track.explanation import TrackExplanation

MOST_BYTES = 2_000_000
BYTES_PER_S = 33_000  # of one stereo stem, as base64


@singledispatch
def html_of(result: Any) -> str:
    """The HTML of a result."""
    raise TypeError(f"no notebook view of {type(result).__name__}")


@html_of.register
def _audio(audio: Audio) -> str:
    longest_s = MOST_BYTES / BYTES_PER_S * 0.9
    first = Audio(audio.samples[:, : round(longest_s * audio.sr)], audio.sr, audio.name)
    more = "" if first.n_samples == audio.n_samples else f", of which the first {longest_s:.0f} s are in this cell"
    caption = html.escape(f"{audio.name}, {audio.duration_s:.2f} s{more}")
    stems = Stems((audio.name,), first.samples[None], audio.sr)
    return f"<div><p>{caption}</p>{_player([stems], audio.name, audio.sr, n_bytes=0)}</div>"


@html_of.register
def _explanation(explanation: Explanation) -> str:
    track, parts = as_track(explanation), explanation.components
    n_bytes = BYTES_PER_S * parts.duration_s * len(parts.stems.names)
    player = _player(
        track.stems(),
        parts.recording_name,
        parts.grid.sr,
        n_bytes=int(n_bytes),
        background=[name for name in parts.stems.names if name not in parts.sources],
        explained=_offer(explanation),
        start_s=parts.start_s,
    )
    return f"<div>{summary.as_html(explanation)}{player}</div>"


@html_of.register
def _track(track: TrackExplanation) -> str:
    n_stems = len(track.names) + 1
    n_bytes = int(BYTES_PER_S * (track.end_s - track.start_s) * n_stems)
    stems: Iterable[Stems] = track.stems() if n_bytes <= MOST_BYTES else ()
    background = ["residual"] if "residual" not in track.names else []
    player = _player(
        stems,
        track.recording_name,
        track.grid.sr,
        n_bytes=n_bytes,
        background=background,
        start_s=track.start_s,
    )
    return f"<div>{words.as_html(track)}{player}</div>"


def _player(
    stems: Iterable[Stems],
    name: str,
    model_sr: int,
    *,
    n_bytes: int,
    background: Iterable[str] = (),
    explained: dict[str, Any] | None = None,
    start_s: float = 0.0,
) -> Markup:
    if n_bytes > MOST_BYTES:
        large = f"The sound would take {n_bytes / 1e6:.0f} MB in this cell"
        return Markup("<p>{}; <code>write_page</code> makes a page of it.</p>").format(large)
    own_id = f"audiolime-{secrets.token_hex(4)}"
    markup = player_html(
        encode_media(stems),
        name=name,
        model_sr=model_sr,
        background=tuple(background),
        player_id=own_id,
        alone=True,
        start_s=start_s,
    )
    if explained is None:
        return Markup(markup)
    offer = json.dumps(explained, allow_nan=False).replace("<", "\\u003c")
    offered = f'audiolime.mountPlayer(document.getElementById("{own_id}")).setExplanation({offer});'
    return Markup(f"{markup}<script>{offered}</script>")


def _offer(explanation: Explanation) -> dict[str, Any] | None:
    """What the player offers besides the mix: only the top component of the first label, and all but that."""
    track, parts = as_track(explanation), explanation.components
    label = explanation.labels[0]
    about = cell(track, 0, label)
    if not about["top"]:
        return None
    shown = [components(explanation.names, parts)[i] for i in about["top"]]
    whole = [0.0, parts.duration_s]
    only = [[piece["on"] or whole for piece in shown if piece["stem"] == name] for name in parts.stems.names]
    played = [span for spans in only for span in spans]
    return {
        "label": label,
        "top": {"name": about["top_name"], "on": only, "gain_db": about["gain_db"]},
        "without": {"on": [_rest(spans, parts.duration_s) for spans in only], "gain_db": None},
        "span": [min(span[0] for span in played), max(span[1] for span in played)],
    }


def _rest(spans: list[list[float]], duration_s: float) -> list[list[float]]:
    """What lies between some spans, which follow each other, from 0 to the end."""
    edges = [0.0, *(edge for span in spans for edge in span), duration_s]
    return [[begin, end] for begin, end in zip(edges[::2], edges[1::2], strict=True) if end > begin]
