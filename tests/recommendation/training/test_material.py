"""Songs as levels: decoded once, kept by content, and left out by name where they cannot be used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext.errors import CorruptError, UsageError
from audiolime_ext.recommendation.training.material import Material, Song, Wanted, held_out, material_of
from audiolime_ext.recommendation.training.spectra import N_FRAMES, N_MELS
from audiolime_ext.recommendation.training.splitting import splitting_of
from tests.song_collection import SR, song, write_song

WHOLE = Wanted(None)


def songs(folder: Path, n: int, *, duration_s: float = 4.0) -> Path:
    for i in range(n):
        write_song(folder / f"{i}.wav", song(i, duration_s=duration_s))
    return folder


def test_songs_are_decoded_once_and_known_by_their_content(tmp_path: Path) -> None:
    source, run = songs(tmp_path / "songs", 3), tmp_path / "run"
    first = material_of(source, run, WHOLE)
    (source / "0.wav").rename(source / "renamed.wav")
    kept = {file: file.stat().st_mtime_ns for file in (run / "material").iterdir()}
    again = material_of(source, run, WHOLE)
    assert {file: file.stat().st_mtime_ns for file in (run / "material").iterdir()} == kept
    assert len(kept) == len(first.songs) == 3
    assert first.digest == again.digest
    assert [one.sha256 for one in first.songs] == sorted(one.sha256 for one in first.songs)
    assert {one.levels.shape for one in first.songs} == {(1 + (88200 - 2048) // 512, N_MELS)}
    assert {one.levels[:].dtype for one in first.songs} == {np.dtype(np.float16)}
    write_song(source / "renamed.wav", song(7, duration_s=4.0))
    assert material_of(source, run, WHOLE).digest != first.digest


def test_more_songs_than_files_may_be_open_are_no_trouble(tmp_path: Path) -> None:
    import resource

    source, run = songs(tmp_path / "songs", 8), tmp_path / "run"
    found = material_of(source, run, WHOLE)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = len(list(Path("/proc/self/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken + 4, hard))
    try:
        read = [one.levels[:10] for one in found.songs]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(read) == 8


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    source, run = songs(tmp_path / "songs", 1), tmp_path / "run"
    material_of(source, run, WHOLE)
    (file,) = (run / "material").iterdir()
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(CorruptError, match=r"is damaged .*; delete it, and it is made anew"):
        material_of(source, run, WHOLE)


def test_what_cannot_be_used_is_left_out_and_named(tmp_path: Path) -> None:
    source = songs(tmp_path / "songs", 1)
    write_song(source / "short.wav", song(5, duration_s=3.0))
    write_song(source / "silent.wav", np.zeros(8 * SR, np.float32))
    (source / "broken.ogg").write_bytes(b"no music")
    found = material_of(source, tmp_path / "run", WHOLE)
    assert len(found.songs) == 1
    (note,) = [note for note in found.notes if "left out" in note]
    assert note.startswith("3 songs are left out: ")
    for words in ("short.wav (3.000 s are less than a chunk of 3.065 s)", "silent.wav (silent", "broken.ogg ("):
        assert words in note
    (source / "broken too.ogg").write_bytes(b"no music, either")
    found = material_of(source, tmp_path / "run", WHOLE)
    assert len(found.left_out) == 4, "the note names three, this names all"
    assert any(one.startswith("broken too.ogg (") for one in found.left_out)


def test_only_the_middle_is_taken(tmp_path: Path) -> None:
    source = tmp_path / "songs"
    write_song(
        source / "0.wav", np.concatenate([np.zeros(2 * SR), song(0, duration_s=4.0), np.zeros(2 * SR)]).astype("f")
    )
    (one,) = material_of(source, tmp_path / "run", Wanted(4.0)).songs
    (whole,) = material_of(source, tmp_path / "run", WHOLE).songs
    start = 2 * 22050 // 512  # whole frames before the middle, next to which frames of the middle lie
    assert len(one.levels) == 169
    assert len(whole.levels) == 341
    loud = whole.levels[start + 2 : start + 160].astype(float).mean(axis=0)
    np.testing.assert_allclose(one.levels[2:160].astype(float).mean(axis=0)[:40], loud[:40], atol=0.5)


def test_copies_and_stems_are_made_where_they_are_wanted(tmp_path: Path) -> None:
    source, run = songs(tmp_path / "songs", 1), tmp_path / "run"
    wanted = Wanted(None, True, splitting_of("bands:4"))
    (one,) = material_of(source, run, wanted).songs
    assert one.copy is not None
    assert one.stems is not None
    assert one.copy.shape == one.levels.shape
    assert one.stems.shape == (4, *one.levels.shape)
    power = 10 ** (one.stems[:].astype(float) / 10)
    whole = 10 ** (one.levels[:].astype(float) / 10)
    assert 10 * np.log10(power.sum(axis=0).mean() / whole.mean()) == pytest.approx(0, abs=1)
    below = slice(10, 35)  # where an encoder of 32 kb/s keeps what sounds
    assert np.median(np.abs(one.copy[:, below].astype(float) - one.levels[:, below])) < 3
    assert material_of(source, run, replace(wanted, splitting=None)).digest != material_of(source, run, wanted).digest


def test_stems_of_a_single_song_are_refused(feelings: dict[str, Path]) -> None:
    with pytest.raises(UsageError, match="stems of one song; name a separator of any"):
        splitting_of(f"oracle:{feelings['rest'].parent}")


def test_true_stems_lie_in_a_folder_for_each_song(tmp_path: Path) -> None:
    source, stems = songs(tmp_path / "songs", 2), tmp_path / "stems"
    low, high = (np.asarray(song(i, duration_s=4.0) / 4, np.float32) for i in range(2))
    write_song(source / "0.wav", np.asarray(low + high, np.float32))
    write_song(stems / "0" / "low.wav", low)
    write_song(stems / "0" / "high.wav", high)
    wanted = Wanted(None, False, splitting_of(str(stems)))
    found = material_of(source, tmp_path / "run", wanted)
    split = [one for one in found.songs if one.stems is not None]
    assert [one.name.endswith("0.wav") for one in split] == [True]
    assert split[0].stems is not None
    power = 10 ** (split[0].stems[:].astype(float) / 10)
    assert 10 * np.log10(power.sum() / (10 ** (split[0].levels[:].astype(float) / 10)).sum()) == pytest.approx(0, abs=1)
    assert "1 song has no stems, and is not split: " in " ".join(found.notes)
    write_song(stems / "0" / "low.wav", np.asarray(0.5 * low, np.float32))
    assert material_of(source, tmp_path / "run", wanted).digest != found.digest


def of_lengths(*n_frames: int) -> Material:
    made = [Song(f"{i}", f"{i}", np.zeros((n, N_MELS), np.float16)) for i, n in enumerate(n_frames)]
    return Material(tuple(made), "")


def test_held_out_songs_are_drawn_by_a_seed_and_are_long_enough() -> None:
    songs = of_lengths(*[2 * N_FRAMES, N_FRAMES] * 20).songs
    train, held = held_out(songs, 0)
    assert len(held) == 8
    assert sorted([*train, *held]) == list(range(40))
    assert all(songs[i].n_frames == 2 * N_FRAMES for i in held)
    assert held_out(songs, 0) == (train, held)
    assert held_out(songs, 1) != (train, held)
    assert len(held_out(of_lengths(*[2 * N_FRAMES] * 300).songs, 0)[1]) == 30
    assert [len(part) for part in held_out(of_lengths(*[2 * N_FRAMES] * 4).songs, 0)] == [2, 2]


@pytest.mark.parametrize("lengths", [(), (300,), (300, 300, 300), (300, 130, 130, 130, 130)])
def test_too_few_songs_are_refused(lengths: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match=r"4 songs or more, 2 of them of 6\.1 s or more; there are"):
        held_out(of_lengths(*lengths).songs, 0)
