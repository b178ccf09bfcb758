"""An index is made once, brought up to date, and is the same whoever made it and however often it was stopped."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import similar, tagger
from audiolime_ext.collection.index import Index, load_index
from audiolime_ext.collection.indexing import matrix
from audiolime_ext.collection.indexing.catalogue import NAME
from audiolime_ext.collection.indexing.making import make_index, plan_index
from audiolime_ext.collection.vectors import song_vector
from audiolime_ext.errors import AudiolimeError, CorruptError, MissingError, ModelError, OutputError, UsageError
from tests.song_collection import BANDS, FRAGILE, SR, bands, make_songs, named, song, write_song

ROOT = Path(__file__).parents[3]


def table(index: Index) -> list[tuple[str | None, tuple[str, ...], bytes]]:
    """Everything in an index that must not depend on how it came there."""
    return [(s.path, s.also, v.tobytes()) for s, v in zip(index.songs, index.vectors, strict=True)]


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    return make_songs(tmp_path / "songs", 6)


@pytest.fixture
def counting() -> tuple[object, list[int]]:
    """A model that counts the signals that it hears."""
    heard = list[int]()

    def predict(batch: np.ndarray) -> np.ndarray:
        heard.append(len(batch))
        return np.asarray(bands(batch))

    return tagger(predict, sr=SR, window_s=0.5, version="1"), heard


def test_an_interrupted_index_says_how_many_songs_are_done(songs: Path) -> None:
    heard = [-1000]  # windows; noise comes first

    def predict(batch: np.ndarray) -> np.ndarray:
        heard.append(len(batch))
        if sum(heard) > 8:  # songs have four
            raise KeyboardInterrupt
        return np.asarray(bands(batch))

    model, index = tagger(predict, sr=SR, window_s=0.5, version="1"), songs.with_name("x.index")
    plan = plan_index(songs, model, index=index)
    heard[:] = []
    with pytest.raises(KeyboardInterrupt, match=r"^2 of 6 songs done and kept in .*; run the same command again to go"):
        plan.run()
    heard[:] = [-1000]
    assert len(make_index(songs, model, index=index).songs) == 6


def test_each_song_has_the_vector_that_it_has_alone(songs: Path) -> None:
    found = make_index(songs, bands, index=songs.with_name("x.index"))
    assert [song.path for song in found.songs] == [f"../songs/album {i // 4}/{i:03d}.wav" for i in range(6)]
    for one, vector in zip(found.songs, found.vectors, strict=True):
        path = found.path_of(one)
        assert path is not None
        np.testing.assert_array_equal(vector, song_vector(path, bands).mean)
    assert (found.labels, found.songs[0].duration_s, found.failures) == (None, 2.0, ())
    assert make_index(songs, named, index=songs.with_name("y.index")).labels == ("low", "lower", "higher", "high")


def test_processes_make_the_same_index(songs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    here = make_index(songs, BANDS, index=songs.with_name("here.index"), workers=0)
    there = make_index(songs, BANDS, index=songs.with_name("there.index"), workers=2)
    assert table(here) == table(there)


def test_what_is_done_is_not_heard_again_and_changes_are_followed(
    songs: Path, counting: tuple[object, list[int]]
) -> None:
    model, heard = counting
    index = songs.with_name("x.index")
    first = make_index(songs, model, index=index)
    heard.clear()
    assert table(make_index(songs, model, index=index)) == table(first)
    assert heard == [1], "but for the noise that tells how long its vectors are"
    write_song(songs / "new.wav", song(50))
    write_song(songs / "album 0" / "000.wav", song(51))
    (songs / "album 0" / "001.wav").rename(songs / "renamed.wav")
    (songs / "album 0" / "002.wav").unlink()
    heard.clear()
    found = make_index(songs, model, index=index)
    assert sum(heard) == 1 + 2 * 4
    assert [Path(str(one.path)).name for one in found.songs] == [
        "000.wav", "003.wav", "004.wav", "005.wav", "new.wav", "renamed.wav"
    ]  # fmt: skip
    assert found.state != first.state
    np.testing.assert_array_equal(found.vectors[-1], first.vectors[1])
    write_song(songs / "album 0" / "002.wav", song(2))
    heard.clear()
    assert len(make_index(songs, model, index=index).songs) == 7
    assert heard == [1], "a song that comes back is known"


def test_an_index_of_another_model_or_with_other_settings_is_left_alone(songs: Path) -> None:
    index = songs.with_name("x.index")
    before = table(make_index(songs, bands, index=index))
    for model, options in ((named, {}), (bands, {"middle_s": 1.0}), (bands, {"windows": True})):
        with pytest.raises(UsageError, match=r"index of another model or with other settings: .*Name another folder"):
            make_index(songs, model, index=index, **options)
    assert table(load_index(index)) == before


def test_windows_are_kept_where_they_are_asked_for(songs: Path) -> None:
    found = make_index(songs, bands, index=songs.with_name("x.index"), windows=True)
    np.testing.assert_array_equal(found.windows_of(3), song_vector(songs / "album 0" / "003.wav", bands).windows)
    assert found.window_counts == (4,) * 6
    with pytest.raises(UsageError, match="index with --windows"):
        make_index(songs, bands, index=songs.with_name("y.index")).windows_of(0)


@pytest.mark.filterwarnings("ignore:skipped")
def test_a_song_that_cannot_be_read_costs_no_other(songs: Path) -> None:
    (songs / "text.wav").write_text("no sound")
    write_song(songs / "silent.wav", np.zeros(SR, np.float32))
    found = make_index(songs, bands, index=songs.with_name("x.index"))
    assert len(found.songs) == 6
    assert [failure.name for failure in found.failures] == ["silent.wav", "text.wav"]
    (songs / "text.wav").unlink()
    assert [failure.name for failure in make_index(songs, bands, index=songs.with_name("x.index")).failures] == [
        "silent.wav"
    ]


def test_a_song_that_kills_its_worker_costs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    songs = make_songs(tmp_path / "songs", 6, poisoned=2)
    found = make_index(songs, FRAGILE, index=tmp_path / "x.index", workers=2)
    assert [failure.name for failure in found.failures] == ["002.wav"]
    assert "crashes" in found.failures[0].reason
    assert len(found.songs) == 5


def test_a_model_that_cannot_be_used_is_refused_before_anything_is_written(songs: Path) -> None:
    index = songs.with_name("x.index")
    nan = tagger(lambda batch: np.full((len(batch), 2), np.nan), sr=SR, window_s=0.5, version="1")
    with pytest.raises(ModelError):
        make_index(songs, nan, index=index)
    with pytest.raises(UsageError, match="lives in this process only"):
        plan_index(songs, bands, index=index, workers=2)
    with pytest.raises(UsageError, match="middle_s is 0"):
        plan_index(songs, bands, index=index, middle_s=0)
    with pytest.raises(OutputError):
        plan_index(songs, bands, index=songs / "album 0" / "000.wav")
    assert not index.exists()


def test_two_cannot_write_one_index(songs: Path) -> None:
    from audiolime_ext.collection.indexing.catalogue import FORM

    index = songs.with_name("x.index")
    make_index(songs, bands, index=index)
    lock = FORM.lock(index / NAME)
    try:
        with pytest.raises(UsageError, match=r"is being written by another process; wait until it ends"):
            make_index(songs, bands, index=index)
        assert len(load_index(index).songs) == 6, "but it can be read"
    finally:
        lock.release()


def test_an_index_whose_matrix_is_gone_or_damaged_is_read_from_its_catalogue(songs: Path) -> None:
    index = songs.with_name("x.index")
    before = table(make_index(songs, bands, index=index, windows=True))
    for name in (matrix.VECTORS, matrix.WINDOWS):
        content = (index / name).read_bytes()
        (index / name).write_bytes(b"\1" + content[1:])
        assert table(load_index(index)) == before
        (index / name).unlink()
    found = load_index(index)
    assert table(found) == before
    np.testing.assert_array_equal(found.windows_of(2), song_vector(songs / "album 0" / "002.wav", bands).windows)


def test_a_damaged_catalogue_is_never_believed(songs: Path) -> None:
    index = songs.with_name("x.index")
    make_index(songs, bands, index=index)
    for statement in (
        "UPDATE files SET file = replace(file, '000', '009')",
        "UPDATE songs SET facts = replace(facts, '2.0', '3.0')",
        "DELETE FROM songs WHERE id = 1",
        "UPDATE identity SET value = '\"x\"' WHERE name = 'model'",
    ):
        content = (index / NAME).read_bytes()
        with sqlite3.connect(index / NAME) as connection:
            connection.execute(statement)
        connection.close()
        with pytest.raises(CorruptError, match=r"is damaged .*index the recordings into a new folder"):
            load_index(index)
        (index / NAME).write_bytes(content)
    (index / matrix.VECTORS).unlink()
    with sqlite3.connect(index / NAME) as connection:
        connection.execute("UPDATE vectors SET mean = zeroblob(16) WHERE song = 1")
    connection.close()
    with pytest.raises(CorruptError):
        load_index(index)
    (index / NAME).write_bytes(b"no database at all" * 100)
    with pytest.raises(UsageError, match="is not the catalogue of an index"):
        load_index(index)


def test_what_is_no_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"there is no index at .*audiolime index FOLDER"):
        load_index(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is a file; an index is a folder"):
        load_index(tmp_path / "file")
    (tmp_path / NAME).touch()
    with pytest.raises(MissingError, match="holds no index yet"):
        load_index(tmp_path)


def test_a_library_can_move_with_its_index(tmp_path: Path) -> None:
    songs = make_songs(tmp_path / "old" / "songs", 3)
    before = make_index(songs, bands, index=tmp_path / "old" / "x.index")
    (tmp_path / "old").rename(tmp_path / "new")
    found = load_index(tmp_path / "new" / "x.index")
    assert table(found) == table(before)
    assert all(path.is_file() for one in found.songs if (path := found.path_of(one)) is not None)


def test_six_sigkills_neither_lose_nor_double_a_song(tmp_path: Path) -> None:
    songs = make_songs(tmp_path / "songs", 90)
    command = [sys.executable, "-m", "audiolime_ext", "index", str(songs), "-m", BANDS, "--workers", "2", "-o"]
    killed, rng = tmp_path / "killed.index", np.random.default_rng(1)
    for target in (3, 14, 30, 31, 55, 80):
        process = subprocess.Popen([*command, str(killed)], cwd=ROOT, stderr=subprocess.DEVNULL)
        while _n_done(killed) < target and process.poll() is None:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.02))
        assert process.poll() is None, "it ended before it could be killed"
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert len(load_index(killed).songs) >= target
    assert subprocess.run([*command, str(killed)], cwd=ROOT, check=False, capture_output=True).returncode == 0
    calm = make_index(songs, BANDS, index=tmp_path / "calm.index", workers=0)
    assert table(load_index(killed)) == table(calm)
    assert len(calm.songs) == 90


def _n_done(index: Path) -> int:
    try:
        with sqlite3.connect(f"file:{index / NAME}?mode=ro", uri=True, timeout=5) as connection:
            return int(connection.execute("SELECT COUNT(*) FROM songs").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def test_ctrl_c_keeps_what_is_done_and_the_same_call_goes_on(songs: Path) -> None:
    index, n = songs.with_name("x.index"), [0]

    def predict(batch: np.ndarray) -> np.ndarray:
        n[0] += 1
        if n[0] == 4:
            raise KeyboardInterrupt
        return np.asarray(bands(batch))

    model = tagger(predict, sr=SR, window_s=0.5, version="1")
    with pytest.raises(KeyboardInterrupt):
        make_index(songs, model, index=index)
    left = load_index(index)
    assert 0 < len(left.songs) < 6
    assert left.n_waiting == 6 - len(left.songs)
    told = similar(left.songs[0], left).notes[0]
    assert told.startswith(f"{left.n_waiting} songs of the collection are not heard yet, and in no list")
    assert table(make_index(songs, model, index=index)) == table(
        make_index(songs, bands, index=songs.with_name("y.index"))
    )


def test_failures_are_tried_again_only_where_that_is_asked_for(songs: Path) -> None:
    from audiolime_ext.collection.engine.policy import Policy

    (songs / "text.wav").write_text("no sound")
    index = songs.with_name("x.index")
    assert make_index(songs, bands, index=index).failures[0].tries == 1
    assert make_index(songs, bands, index=index).failures[0].tries == 1
    assert make_index(songs, bands, index=index, policy=Policy(retries=2)).failures[0].tries == 3
    with pytest.raises(AudiolimeError, match=r"text\.wav"):
        make_index(songs, named, index=songs.with_name("y.index"), policy=Policy(on_error="stop"))


def test_a_function_keeps_its_rate_for_queries(songs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    found = make_index(songs, "tests.song_collection:_levels", index=songs.with_name("x.index"), sr=SR, workers=0)
    assert (found.sr, load_index(found.folder).sr) == (SR, SR)
    query = write_song(songs.parent / "query.wav", song(2) * 0.9)
    assert similar(query, found, k=1, trust=True).songs[0].path == "../songs/album 0/002.wav"


def test_an_empty_catalogue_is_begun_anew(songs: Path) -> None:
    index = songs.with_name("x.index")
    index.mkdir()
    (index / NAME).touch()
    assert len(make_index(songs, bands, index=index).songs) == 6


def test_a_script_without_a_guard_is_told_so(songs: Path) -> None:
    script = songs.with_name("script.py")
    call = f"make_index({str(songs)!r}, {BANDS!r}, index={str(songs.with_name('x.index'))!r}, workers=2)"
    script.write_text(f"from audiolime_ext import make_index\n{call}\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, script], env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert (
        done.stderr.rstrip()
        .splitlines()[-1]
        .startswith("audiolime_ext.errors.UsageError: worker processes cannot be started: they end at once.")
    )
    assert len(load_index(songs.with_name("x.index")).failures) == 0
