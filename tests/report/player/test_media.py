"""The stored pieces are the stems: aligned, unclipped, across boundaries, whatever parts they came in."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from audiolime_ext.audio.recording import Samples, load_audio
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.factorization.stems import Stems
from audiolime_ext.report.player.media import Media, encode_media, stored_rate
from audiolime_ext.report.player.pictures import N_MELS, overlay_png

SR = 44100


def decoded(media: Media) -> Samples:
    """All stems as a player joins them: scaled pieces in linear crossfades."""
    n, overlap = round(media.duration_s * media.stored_sr), round(media.overlap_s * media.stored_sr)
    whole = np.zeros((len(media.names), media.n_channels, n), np.float32)
    for piece in media.pieces:
        samples = soundfile.read(io.BytesIO(piece.encoded), dtype="float32", always_2d=True)[0].T * piece.scale
        if piece.index:
            samples[:, :overlap] *= (np.arange(overlap) / overlap)[: samples.shape[-1]]
        begin = round(piece.index * media.piece_s * media.stored_sr)
        if begin + samples.shape[-1] < n:
            samples[:, -overlap:] *= 1 - np.arange(overlap) / overlap
        whole[piece.stem, :, begin : begin + samples.shape[-1]] += samples
    return whole


def noise(n_stems: int = 2, seconds: float = 5.0, sr: int = SR, n_channels: int = 2) -> Stems:
    """Coloured noise, which a lossy codec can hold."""
    raw = np.random.default_rng(0).standard_normal((n_stems, n_channels, round(seconds * sr) + 15))
    smooth = np.apply_along_axis(np.convolve, -1, raw, np.ones(16) / 16, "valid")
    return Stems(tuple(f"stem {i}" for i in range(n_stems)), (smooth / 4).astype(np.float32), sr)


def in_parts(stems: Stems, *seconds: float) -> Iterator[Stems]:
    edges = [0, *(round(at * stems.sr) for at in seconds), stems.samples.shape[-1]]
    for begin, end in pairwise(edges):
        yield Stems(stems.names, stems.samples[..., begin:end], stems.sr)


def error_db(found: Samples, truth: Samples) -> float:
    n = min(found.shape[-1], truth.shape[-1])
    error = found[..., :n] - truth[..., :n]
    return float(10 * np.log10(np.sum(error**2) / np.sum(truth[..., :n] ** 2)))


@pytest.mark.parametrize("seconds", [0.4, 2.0, 2.01, 2.02, 2.03, 5.0])
def test_flac_pieces_are_the_stems_to_24_bits_wherever_the_end_lies(seconds: float) -> None:
    stems = noise(seconds=seconds)
    found = decoded(encode_media([stems], codec="flac", piece_s=2.0))
    assert found.shape == stems.samples.shape
    assert np.abs(found - stems.samples).max() < 2**-22


def test_mp3_pieces_are_the_stems_to_the_codecs_error_at_boundaries_as_elsewhere(ezer_ev: Path) -> None:
    audio = load_audio(ezer_ev)
    stems = Stems(("all",), audio.samples[None], audio.sr)
    found = decoded(encode_media([stems], piece_s=2.0))
    assert error_db(found, stems.samples) < -18
    for boundary in range(2, 20, 2):
        around = slice(boundary * SR - 500, boundary * SR + 1400)
        assert error_db(found[..., around], stems.samples[..., around]) < -15


def test_a_piece_that_is_off_by_one_millisecond_would_be_seen(ezer_ev: Path) -> None:
    audio = load_audio(ezer_ev)
    found = decoded(encode_media([Stems(("all",), audio.samples[None], audio.sr)], piece_s=2.0))
    assert error_db(np.roll(found, 44, axis=-1), audio.samples[None]) > -10


@pytest.mark.parametrize("codec", ["mp3", "flac"])
def test_parts_make_no_difference(codec: Any) -> None:
    stems = noise(seconds=5.0)
    whole = encode_media([stems], codec=codec, piece_s=2.0)
    parts = encode_media(in_parts(stems, 0.1, 1.9999, 2.02, 4.5), codec=codec, piece_s=2.0)
    assert [(p.stem, p.index, p.encoded) for p in parts.pieces] == [(p.stem, p.index, p.encoded) for p in whole.pieces]
    assert np.array_equal(parts.waveforms, whole.waveforms)
    assert parts.spectrogram == whole.spectrogram
    assert parts.levels_db == pytest.approx(whole.levels_db)


def test_a_stem_that_appears_late_is_silent_before() -> None:
    early, late = in_parts(noise(n_stems=3, seconds=5.0), 3.0)
    media = encode_media([Stems(early.names[:2], early.samples[:2], SR), late], codec="flac", piece_s=1.0)
    assert media.names == ("stem 0", "stem 1", "stem 2")
    assert {piece.index for piece in media.pieces if piece.stem == 2} == {2, 3, 4}  # 2 holds 20 ms of the third second
    assert np.abs(decoded(media)[2, :, : 3 * SR]).max() == 0
    assert not media.waveforms[2, :290].any()


@pytest.mark.parametrize("codec", ["mp3", "flac"])
def test_loud_stems_are_not_clipped(codec: Any) -> None:
    stems = Stems(("loud",), noise(1).samples * 20, SR)
    assert np.abs(stems.samples).max() > 2
    media = encode_media([stems], codec=codec, piece_s=2.0)
    assert all(piece.scale > 2 for piece in media.pieces)
    for piece in media.pieces:
        assert np.abs(soundfile.read(io.BytesIO(piece.encoded))[0]).max() < 1.0
    assert error_db(decoded(media), stems.samples) < -15
    assert media.peaks[0] == pytest.approx(np.abs(stems.samples).max())


def test_silence_is_not_stored() -> None:
    stems = noise(2)
    quiet = np.stack([stems.samples[0], np.full_like(stems.samples[1], 1e-6)])
    media = encode_media([Stems(stems.names, quiet, SR)], piece_s=2.0)
    assert {piece.stem for piece in media.pieces} == {0}


@pytest.mark.parametrize(
    ("sr", "stored"), [(8000, 8000), (16000, 16000), (96000, 48000), (88200, 44100), (37800, 44100), (192000, 48000)]
)
def test_mp3_resamples_what_it_cannot_hold_and_says_so(sr: int, stored: int) -> None:
    assert stored_rate(sr, "mp3") == stored
    stems = noise(1, 2.5, sr, n_channels=1)
    media = encode_media(in_parts(stems, 1.3), piece_s=1.0)
    assert (media.sr, media.stored_sr, len(media.pieces)) == (sr, stored, 3)
    assert any("MP3" in note for note in media.notes) == (sr != stored)
    assert decoded(media).shape[-1] == pytest.approx(2.5 * stored, abs=1)


def test_resampled_pieces_stay_aligned() -> None:
    seconds = np.arange(5 * 96000) / 96000
    chirp = np.sin(2 * np.pi * (200 * seconds + 300 * seconds**2))[None, None].astype(np.float32)
    found = decoded(encode_media([Stems(("chirp",), chirp, 96000)], piece_s=1.0))
    assert error_db(found, chirp[..., ::2]) < -25


def test_levels_and_peaks_are_those_of_the_stems() -> None:
    stems = noise(2)
    media = encode_media([Stems(stems.names, stems.samples * np.array([1, 0.1], np.float32)[:, None, None], SR)])
    assert media.levels_db == pytest.approx((0.0, -20.0), abs=0.2)
    assert media.peaks[0] == pytest.approx(np.abs(stems.samples[0]).max())


def test_the_waveform_shows_where_the_sound_is() -> None:
    samples = np.zeros((1, 1, 4 * SR), np.float32)
    samples[..., SR : 2 * SR] = 0.5
    samples[..., 3 * SR :] = -0.25
    columns = encode_media([Stems(("steps",), samples, SR)], n_columns=400).waveforms[0]
    assert columns.shape == (400, 2)
    assert (columns[110:190] == (100, 100)).all()
    assert (columns[310:390] == (-50, -50)).all()
    assert not columns[10:90].any()


def test_the_spectrogram_is_brightest_where_the_tone_is() -> None:
    seconds = np.arange(2 * SR) / SR
    tone = np.where(seconds < 1, np.sin(2 * np.pi * 200 * seconds), np.sin(2 * np.pi * 8000 * seconds))
    media = encode_media([Stems(("tone",), tone.astype(np.float32)[None, None], SR)])
    image = np.asarray(Image.open(io.BytesIO(media.spectrogram)).convert("L")).astype(int)
    assert image.shape[0] == 96
    low, high = image[:, 50].argmax(), image[:, 150].argmax()
    assert low > 85  # near the bottom
    assert high < 45


PART = noise(3, seconds=4.0).samples


def memory(n_parts: int) -> int:
    """Peak of what is allocated while a recording of `n_parts` parts is encoded, its encoded bytes not included."""
    tracemalloc.start()
    media = encode_media((Stems(("a", "b", "c"), PART.copy(), SR) for _ in range(n_parts)), n_workers=1, piece_s=2.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak - sum(len(piece.encoded) for piece in media.pieces)


def test_a_longer_recording_needs_memory_for_its_pictures_alone() -> None:
    columns = 4 * 100 * (3 + 1) * N_MELS * 4  # of each part: 100 a second of each stem and of the mixture, float32
    memory(2)  # what is imported and kept
    assert columns < PART.nbytes / 5
    assert memory(8) - memory(2) < 6 * 1.5 * columns  # a piece more or less may be on its way to the encoder


def test_bad_input_is_refused() -> None:
    with pytest.raises(UsageError, match="codec must be 'mp3' or 'flac', not 'opus'"):
        encode_media([noise()], codec="opus")  # type: ignore[arg-type]
    with pytest.raises(AudioError, match="no sample"):
        encode_media([])
    with pytest.raises(AudioError, match="must agree: 44100 Hz and 2"):
        encode_media([noise(), noise(sr=16000)])


def test_a_stem_is_seen_where_it_is_in_the_mix() -> None:
    time = np.arange(4 * SR) / SR
    low, high = (0.2 * np.sin(2 * np.pi * hz * time) for hz in (200, 5000))
    media = encode_media([Stems(("low", "high"), np.stack([low, high])[:, None].astype(np.float32), SR)])
    n_stems, _, n_mels = media.mel_db_of_stems.shape
    below, above = media.mel_db_of_stems.mean(axis=1).argmax(axis=1) / n_mels
    assert n_stems == 2
    assert below < 0.2 < 0.5 < above
    assert media.mel_db_of_stems.max() == pytest.approx(media.loudest_db, abs=0.1)
    sizes = {Image.open(io.BytesIO(picture)).size for picture in (media.spectrogram, overlay(media, 0))}
    assert len(sizes) == 1
    opacity = np.asarray(Image.open(io.BytesIO(overlay(media, 1))).convert("RGBA"))[..., 3]
    assert opacity[: len(opacity) // 2].max() > 200 > 10 > np.median(opacity)


def overlay(media: Media, stem: int) -> bytes:
    return overlay_png(media.mel_db_of_stems[stem], "#D55E00", loudest_db=media.loudest_db)
