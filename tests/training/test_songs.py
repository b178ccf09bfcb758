"""The songs to train on: composed, played and kept as documented. Needs the Debian packages that the recipe names."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from examples.cerberus import accompaniment, human
from examples.cerberus.dataset import contents, make
from examples.cerberus.rendering import TRAINING, UNSEEN, SoundFont, render, require_tools
from examples.cerberus.score import REGISTERS, SOURCES, Note, Part, read, source_of, write

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rendered song."""
    return make(tmp_path_factory.mktemp("data"), "train", "00000", "a seed")


def test_instruments_are_sorted_by_their_programs() -> None:
    assert [source_of(program, 0) for program in (0, 7, 24, 30, 32, 39, 43, 48, 65)] == [
        "piano", "piano", "guitar", "guitar", "bass", "bass", "bass", "other", "other",
    ]  # fmt: skip
    assert source_of(0, 9) == "drums"


def test_what_is_written_is_read_again() -> None:
    notes = (Note(0.5, 1.0, 60, 90), Note(1.0, 1.5, 64, 80))
    file = io.BytesIO()
    write([Part("guitar", 25, notes)], [0.0]).save(file=file)
    file.seek(0)
    (part,) = read(file)
    assert (part.source, part.program) == ("guitar", 25)
    np.testing.assert_allclose(part.notes, notes, atol=1e-3)


def test_a_part_is_moved_into_the_instruments_range_by_octaves() -> None:
    part = Part("bass", 33, tuple(Note(0, 1, pitch, 90) for pitch in range(10, 110))).in_register()
    low, high = REGISTERS["bass"]
    assert all(low <= note.pitch <= high for note in part.notes)
    assert all((note.pitch - pitch) % 12 == 0 for note, pitch in zip(part.notes, range(10, 110), strict=True))


def test_grooves_belong_to_one_split() -> None:
    train, valid, test = (set(accompaniment.libraries(split)) for split in ("train", "valid", "test"))
    assert len(train | valid | test) == len(train) + len(valid) + len(test)
    assert min(len(train), len(valid), len(test)) > 5


def test_a_seed_gives_a_song() -> None:
    one, two, other = (accompaniment.compose("train", seed) for seed in ("1", "1", "2"))
    assert one == two
    assert one != other
    assert {part.source for part in one.parts} <= set(SOURCES)


def test_a_wad_is_read() -> None:
    content, name = b"MThd....", b"D_E1M1\0\0"
    wad = struct.pack("<4sii", b"IWAD", 1, 12 + len(content)) + content + struct.pack("<ii8s", 12, len(content), name)
    assert list(human.lumps(wad)) == [("D_E1M1", content)]


def test_human_pieces_have_all_four_and_nothing_else() -> None:
    pieces = dict(human.pieces())
    assert len(pieces) > 40
    for song in pieces.values():
        assert {part.source for part in song.parts} == set(SOURCES[:4])
        assert max(note.offset_s for part in song.parts for note in part.notes) <= 30.0


def test_the_unseen_soundfont_is_not_trained_on() -> None:
    assert not {font.path for font in TRAINING} & {font.path for font in UNSEEN}
    assert {split for split in ("valid", "mma", "human", "unseen") if contents(split, seed=0, n_songs=2)} == {
        "valid", "mma", "human", "unseen",
    }  # fmt: skip


def test_a_rendered_song_is_as_documented(song: Path) -> None:
    stems, notes = np.load(song / "stems.npy"), np.load(song / "notes.npy")
    about = json.loads((song / "song.json").read_text())
    assert stems.dtype == np.int16
    assert stems.shape[0] == len(SOURCES)
    assert notes.dtype == np.float32
    assert 15 < stems.shape[1] / 16000 < 60
    assert np.abs(stems.sum(axis=0, dtype=int)).max() < 32767
    sounding = {SOURCES[i] for i in np.flatnonzero(np.abs(stems).max(axis=1) > 100)}
    assert sounding == set(about["sources"]) == {SOURCES[int(i)] for i in set(notes[:, 0])}
    assert notes[:, 3].max() <= stems.shape[1] / 16000


def test_the_sound_begins_where_the_notes_say(song: Path) -> None:
    stems, notes = np.load(song / "stems.npy").astype(float), np.load(song / "notes.npy")
    for source in np.unique(notes[:, 0]).astype(int):
        first_s = notes[notes[:, 0] == source][:, 2].min()
        loud = np.flatnonzero(np.abs(stems[source]) > 0.02 * np.abs(stems[source]).max())
        assert loud[0] / 16000 == pytest.approx(first_s, abs=0.08), SOURCES[source]


def test_a_seed_gives_the_same_sound(song: Path, tmp_path: Path) -> None:
    again = make(tmp_path, "train", "other name", "a seed")
    np.testing.assert_array_equal(np.load(again / "stems.npy"), np.load(song / "stems.npy"))


def test_test_songs_are_dry() -> None:
    song = accompaniment.Song((Part("piano", 0, (Note(0.0, 1.0, 60, 100),)),), {})
    once, twice = (render(song, "seed", fonts=UNSEEN, effects=False) for _ in range(2))
    np.testing.assert_array_equal(once.stems, twice.stems)
    assert not once.stems[1:].any()


def test_a_missing_soundfont_names_its_package() -> None:
    with pytest.raises(FileNotFoundError, match="apt-get install some-soundfont"):
        require_tools([SoundFont(Path("/nowhere.sf2"), "some-soundfont", 1.0)])


def test_the_command_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "examples.cerberus.dataset", str(tmp_path), "--split", "mma", "--jobs", "1"]
    subprocess.run([*words, "--songs", "1"], cwd=ROOT, check=True, capture_output=True)
    first = (tmp_path / "mma" / "00000" / "stems.npy").stat().st_mtime_ns
    (tmp_path / "mma" / ".00001").mkdir()
    subprocess.run([*words, "--songs", "2"], cwd=ROOT, check=True, capture_output=True)
    assert {path.name for path in (tmp_path / "mma").iterdir()} == {"00000", "00001"}
    assert (tmp_path / "mma" / "00000" / "stems.npy").stat().st_mtime_ns == first
