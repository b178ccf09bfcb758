"""The player of a page: a recording whose stems are switched on and off while it plays.

`player_html` gives the fragment: what is drawn, the controls, and the encoded stems as inert text that the scripts
beside this module decode around the playhead. A page inlines `script_text` and `style_text` once (their hashes go into
its content security policy) and calls ``audiolime.mountPlayer(root)``; a notebook asks for a fragment that stands
alone.

Nothing in a fragment is executed or fetched by itself, and names are text whatever characters they hold.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.factorization.transcription import LOWEST_PITCH, N_PITCHES
from audiolime_ext.report.player.layer import WITHIN, Layer
from audiolime_ext.report.player.media import Media
from audiolime_ext.report.player.pictures import overlay_png
from audiolime_ext.report.templating import render, static

LOUDEST_GAIN_DB = 12.0
STROKE_S = 0.03  # the width of a drum stroke as it is drawn
TOO_SOFT_DB = -30.0
SCRIPTS = tuple(f"player/{name}.js" for name in ("timeline", "sound", "layers", "controls", "player"))

# Okabe & Ito's six, and two that keep their distance from these and from each other, however colours are seen: any two
# of the eight are 10 apart (CIEDE2000) for normal vision, protanopia, deuteranopia and tritanopia.
FIXED_COLORS = {
    "vocals": "#D55E00",
    "drums": "#0072B2",
    "bass": "#009E73",
    "guitar": "#E69F00",
    "piano": "#CC79A7",
    "other": "#56B4E9",
    "accompaniment": "#56B4E9",
    "residual": "#666677",
}
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#995544", "#666677")


def player_html(
    media: Media,
    *,
    name: str,
    model_sr: int,
    background: Collection[str] = (),
    player_id: str = "player",
    alone: bool = False,
    colors: Mapping[str, str] | None = None,
    label: str = "Player",
    start_s: float = 0.0,
    layers: Sequence[Layer] = (),
) -> str:
    """The player of a recording as an HTML fragment.

    Parameters
    ----------
    media : Media
        Encoded stems.
    name : str
        Name of the recording.
    model_sr : int
        Sampling rate in Hz at which the model hears.
    background : collection of str
        Names of stems that are not components (an inaudible residual): part of the mix and of what is left without a
        component, never heard alone.
    player_id : str
        Id of the fragment's element, unique within the page.
    alone : bool
        True for a fragment that brings its style and script and starts by itself, as in a notebook.
    colors : mapping of str to str, or None
        Stem → colour, for players side by side; None: those of `stem_colors`.
    label : str
        Name of the player for readers of screens, which tells players of one recording apart.
    start_s : float
        Second of the recording at which the sound begins; the player shows times of the recording.
    layers : sequence of Layer
        Maps of relevance to lay over the spectrogram, one for each label; one is seen at a time.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext.factorization.stems import Stems
    >>> from audiolime_ext.report.player.media import encode_media
    >>> media = encode_media([Stems(("<b>",), np.ones((1, 1, 8000), np.float32), sr=8000)])
    >>> page = player_html(media, name="one second", model_sr=8000)
    >>> "<b>" in page, "&lt;b&gt;" in page
    (False, True)
    """
    described = describe(media, name=name, model_sr=model_sr, background=background, colors=colors, start_s=start_s)
    described["layers"] = [layer.described() for layer in layers]
    rows = [
        {
            **stem,
            "index": index,
            "outline": outline(media.waveforms[index]),
            "part": _part(media, index, stem["color"]),
            "roll": piano_roll(media, stem["name"]),
            "played": media.transcription.describe(stem["name"]) if media.transcription else "",
        }
        for index, stem in enumerate(described["stems"])
        if not stem["background"]
    ]
    return render(
        "player/player.html.j2",
        id=player_id,
        label=label,
        data=described,
        rows=rows,
        hidden=[stem["name"] for stem in described["stems"] if stem["background"]],
        spectrogram=_base64(media.spectrogram),
        layers=[(layer.label, _base64(layer.picture)) for layer in layers],
        within=f"{100 - WITHIN:g}",
        n_columns=media.waveforms.shape[1],
        pieces=((piece, _base64(piece.encoded)) for piece in media.pieces),
        notes=media.notes,
        style=style_text() if alone else None,
        script=script_text() if alone else None,
    )


def describe(
    media: Media,
    *,
    name: str,
    model_sr: int,
    background: Collection[str] = (),
    colors: Mapping[str, str] | None = None,
    start_s: float = 0.0,
) -> dict[str, Any]:
    """The data of a recording for the script, as JSON; `player_html` embeds it."""
    shades = stem_colors(media.names) if colors is None else [colors[stem] for stem in media.names]
    stems = [
        {
            "name": stem,
            "color": color,
            "level_db": round(level, 1),
            "gain_db": matched_gain_db(level, peak=peak),
            "background": stem in background,
        }
        for stem, color, level, peak in zip(media.names, shades, media.levels_db, media.peaks, strict=True)
    ]
    return {
        "name": name,
        "start_s": round(start_s, 4),
        "duration_s": media.duration_s,
        "sr": media.stored_sr,
        "n_channels": media.n_channels,
        "model_sr": model_sr,
        "piece_s": media.piece_s,
        "overlap_s": media.overlap_s,
        "lead_s": media.lead_s,
        "stems": stems,
    }


def matched_gain_db(level_db: float, *, peak: float = 0.0) -> float | None:
    """The gain in dB that makes a part of the mixture as loud as the mixture; None where it is too soft for that.

    Parameters
    ----------
    level_db : float
        Energy of the part in dB relative to the mixture. Below −30 dB, what a gain would bring out is mostly leakage.
    peak : float
        Largest magnitude of the part: the gain does not lift it beyond full scale, which is 1.

    Examples
    --------
    >>> matched_gain_db(-4.25), matched_gain_db(-20.0), matched_gain_db(-41.0), matched_gain_db(-20.0, peak=0.5)
    (4.2, 12.0, None, 6.0)
    """
    if level_db < TOO_SOFT_DB:
        return None
    gain_db = min(-level_db, LOUDEST_GAIN_DB)
    if gain_db > 0 and peak > 0:
        gain_db = max(0.0, min(gain_db, -20 * math.log10(peak)))
    return round(gain_db, 1) + 0.0


def stem_colors(names: Sequence[str]) -> list[str]:
    """A colour for every stem: the same for the same instrument on every page, and no two alike while they last.

    Examples
    --------
    >>> stem_colors(["vocals", "accompaniment", "kazoo"])
    ['#D55E00', '#56B4E9', '#0072B2']
    """
    colors: list[str] = []
    fixed = {FIXED_COLORS[name] for name in names if name in FIXED_COLORS}
    for name in names:
        color = FIXED_COLORS.get(name)
        if color is None or color in colors:
            taken = {*fixed, *colors}
            free = [each for each in PALETTE if each not in taken]
            color = free[0] if free else PALETTE[len(colors) % len(PALETTE)]
        colors.append(color)
    return colors


def outline(columns: NDArray[np.int8]) -> str:
    """A waveform, shape (n_columns, 2), as the path of an SVG whose ordinates run from −100 (top) to 100.

    Examples
    --------
    >>> import numpy as np
    >>> outline(np.array([[-50, 100], [0, 20]], np.int8))
    'M0,-100L1,-20L1,0L0,50Z'
    """
    upper = [f"{x},{-int(high)}" for x, high in enumerate(columns[:, 1])]
    lower = [f"{x},{max(-int(low), 1 - int(high))}" for x, (low, high) in enumerate(columns)]  # one unit at least
    return f"M{'L'.join([*upper, *reversed(lower)])}Z"


def piano_roll(media: Media, stem: str) -> str:
    """A stem's notes as the path of an SVG in the frame of `outline`: high notes on top, drum strokes in a row a kind.

    A merged stem, such as ``piano+guitar``, has the notes of both.
    """
    if media.transcription is None:
        return ""
    notes, strokes = media.transcription.notes, media.transcription.strokes
    columns_per_s = (media.waveforms.shape[1] - 1) / media.duration_s
    boxes = [
        (onset_s, offset_s, 96 - 192 * (pitch - LOWEST_PITCH) / (N_PITCHES - 1), 4)
        for source in stem.split("+")
        for onset_s, offset_s, pitch, _ in notes.get(source, ())
    ]
    if "drums" in stem.split("+"):
        boxes += [
            (onset_s, onset_s + STROKE_S, 80 - 160 * row / max(1, len(strokes) - 1), 30)
            for row, struck in enumerate(strokes.values())
            for onset_s, _ in struck
        ]
    path = ""
    for onset_s, offset_s, y, height in boxes:
        left, width = onset_s * columns_per_s, max(0.5, (offset_s - onset_s) * columns_per_s)
        path += f"M{left:.1f},{y - height / 2:.0f}h{width:.1f}v{height}H{left:.1f}z"
    return path


def script_text() -> str:
    """The script of a page: one plain script, whose only global is ``audiolime``."""
    return "\n".join(static(file) for file in SCRIPTS)


def style_text() -> str:
    """The style sheet; all its rules are confined to players."""
    return static("player/player.css")


def _part(media: Media, index: int, color: str) -> str:
    return _base64(overlay_png(media.mel_db_of_stems[index], color, loudest_db=media.loudest_db))


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
