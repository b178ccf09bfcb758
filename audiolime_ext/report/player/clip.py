"""A sound of some seconds as one audio file within a page, for the browser's own player."""

from __future__ import annotations

import base64

from audiolime_ext.audio.recording import Audio
from audiolime_ext.factorization.stems import Stems
from audiolime_ext.report.player.media import encode_media


def data_uri(clip: Audio) -> str:
    """A clip of some seconds as one MP3 file.

    Examples
    --------
    >>> import numpy as np
    >>> data_uri(Audio(np.ones((1, 8000), np.float32) / 2, 8000))[:22]
    'data:audio/mpeg;base64'
    """
    media = encode_media([Stems(("clip",), clip.samples[None], clip.sr)], piece_s=clip.duration_s + 1)
    encoded = b"".join(piece.encoded for piece in media.pieces)
    return f"data:audio/mpeg;base64,{base64.b64encode(encoded).decode()}"
