"""Recordings that are too long to be explained whole are refused before the long work."""

from __future__ import annotations

from typing import Any

from audiolime_ext.audio.formats.parts import CUT_IT
from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.errors import AudioError

LONGEST_S = 3 * 3600.0


def load_manageable(source: Any) -> Audio:
    """The recording; a file that is too long is refused as soon as so much of it was decoded."""
    audio = load_audio(source, longest_s=LONGEST_S)
    if audio.duration_s > LONGEST_S:
        raise AudioError(f"{audio.name} is longer than {LONGEST_S / 3600:.3g} h; {CUT_IT}")
    return audio
