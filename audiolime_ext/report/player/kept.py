"""Media of a track, kept between runs: neither stems nor an encoder are opened for a page that was made before.

An entry holds what `encode_media` made of all stems: pieces, pictures and levels. It is named by what identifies the
stems, by those that were wanted, and by codec and settings, so another separation, rate or library of codecs finds
nothing of it. A page from the cache equals the one that was made first, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.cache import Entry
from audiolime_ext.factorization.transcription import Transcription
from audiolime_ext.report.player.media import Codec, Media, Piece, encoding
from audiolime_ext.track.opened import Shelf

_VERSION = 1  # of what an entry holds, and of the arithmetic of pieces and pictures
_PLAIN = ("names", "duration_s", "sr", "n_channels", "codec", "stored_sr", "piece_s", "overlap_s", "levels_db", "peaks")


def kept_media(shelf: Shelf | None, make: Callable[[], Media], *, codec: Codec, wanted: Sequence[str]) -> Media:
    """The media of a track, from its shelf or made.

    Parameters
    ----------
    shelf : Shelf or None
        Place where it is kept; None: it is made.
    make : callable
        Function that encodes the stems.
    codec : {"mp3", "flac"}
        Codec of the pieces.
    wanted : sequence of str
        Names of the stems that are encoded.
    """
    if shelf is None:
        return make()
    about = {"kind": "sound", "version": _VERSION, "wanted": sorted(wanted), **encoding(codec)}
    return shelf.once(about, make, packed=packed, unpacked=unpacked)


def kept_clips(
    shelf: Shelf | None, make: Callable[[], list[tuple[str, str]]], *, of: dict[str, Any]
) -> list[tuple[str, str]]:
    """Clips of a window, each a name and a ``data:`` address; `of` says of which window and which stems."""
    if shelf is None:
        return make()
    about = {"kind": "clips", "version": _VERSION, "of": of, **encoding("mp3")}
    return shelf.once(
        about,
        make,
        packed=lambda clips: ({}, {"clips": clips}),
        unpacked=lambda entry: [(str(name), str(address)) for name, address in entry.facts["clips"]],
    )


def packed(media: Media) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Arrays and facts of an entry.

    Examples
    --------
    >>> from audiolime_ext.factorization.stems import Stems
    >>> from audiolime_ext.report.player.media import encode_media
    >>> media = encode_media([Stems(("one",), np.ones((1, 1, 8000), np.float32), sr=8000)])
    >>> again = unpacked(Entry(*reversed(packed(media))))
    >>> again.pieces[0].encoded == media.pieces[0].encoded, again.names
    (True, ('one',))
    """
    arrays: dict[str, NDArray[Any]] = {
        "encoded": np.frombuffer(b"".join(piece.encoded for piece in media.pieces), np.uint8),
        "spectrogram": np.frombuffer(media.spectrogram, np.uint8),
        "waveforms": media.waveforms,
        "mel_db_of_stems": media.mel_db_of_stems,
    }
    facts = {name: getattr(media, name) for name in (*_PLAIN, "loudest_db", "notes")}
    facts["pieces"] = [(piece.stem, piece.index, piece.scale, len(piece.encoded)) for piece in media.pieces]
    facts["transcription"] = media.transcription and media.transcription.to_dict()
    return arrays, facts


def unpacked(entry: Entry) -> Media:
    """The media of which `packed` made an entry."""
    facts, arrays = dict(entry.facts), entry.arrays
    ends = accumulate((size for *_, size in facts["pieces"]), initial=0)
    pieces = [
        Piece(stem, index, scale, arrays["encoded"][begin:end].tobytes())
        for (stem, index, scale, _), (begin, end) in zip(facts.pop("pieces"), pairwise(ends), strict=True)
    ]
    heard = facts.pop("transcription")
    tuples: dict[str, Any] = {name: tuple(facts.pop(name)) for name in ("names", "levels_db", "peaks", "notes")}
    return Media(
        **facts,
        **tuples,
        pieces=tuple(pieces),
        waveforms=arrays["waveforms"],
        spectrogram=arrays["spectrogram"].tobytes(),
        mel_db_of_stems=arrays["mel_db_of_stems"],
        transcription=heard and Transcription.from_dict(heard),
    )
