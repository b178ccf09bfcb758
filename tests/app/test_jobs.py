"""The queue: nothing is lost, and names are ours."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from audiolime_ext.app.jobs import FILE, ID, UPLOAD, Jobs
from audiolime_ext.errors import CorruptError, OutputError, UsageError

OPTIONS = {"model": "m", "factorization": "f", "labels": ["rock"]}


def put(jobs: Jobs, name: str = "song.mp3") -> str:
    id = jobs.new_id()
    jobs.folder_of(id).mkdir()
    (jobs.folder_of(id) / UPLOAD).write_bytes(b"sound")
    jobs.add(id, "explain", name, OPTIONS, 3.0)
    return id


def test_jobs_are_done_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    with Jobs.open(tmp_path) as jobs:
        first, second = put(jobs, "first"), put(jobs, "second")
        begun = jobs.next()
        assert begun is not None
        assert (begun.id, begun.state, begun.tries, begun.options) == (first, "running", 1, OPTIONS)
        assert [job.state for job in jobs.all()] == ["running", "waiting"]
        jobs.end(first, "done", "rock 0.5")
        after = jobs.next()
        assert after is not None
        assert after.id == second
        assert jobs.next() is None
        assert (jobs.n_open(), jobs.n_all()) == (1, 2)


def test_what_ran_waits_again_when_the_server_comes_back(tmp_path: Path) -> None:
    with Jobs.open(tmp_path) as jobs:
        id = put(jobs)
        jobs.next()
    for tries in (2, 3):
        with Jobs.open(tmp_path, most_tries=3) as jobs:
            assert jobs[id].state == "waiting"
            again = jobs.next()
            assert again is not None
            assert again.tries == tries
    with Jobs.open(tmp_path, most_tries=3) as jobs:
        assert jobs[id].state == "failed"
        assert "ended 3 times while it worked on this recording" in jobs[id].told


def test_an_attempt_that_was_ended_for_anothers_sake_does_not_count(tmp_path: Path) -> None:
    with Jobs.open(tmp_path) as jobs:
        id = put(jobs)
        jobs.next()
        jobs.wait_again(id)
        assert (jobs[id].state, jobs[id].tries) == ("waiting", 0)


def test_a_done_job_keeps_its_results_and_not_the_upload_and_others_keep_nothing(tmp_path: Path) -> None:
    with Jobs.open(tmp_path) as jobs:
        done, failed = put(jobs), put(jobs)
        (jobs.folder_of(done) / "page.html").write_text("page")
        jobs.end(done, "done")
        jobs.end(failed, "failed", "it is broken")
        assert [path.name for path in jobs.folder_of(done).iterdir()] == ["page.html"]
        assert not jobs.folder_of(failed).exists()
        jobs.remove(done)
        assert not jobs.folder_of(done).exists()
        with pytest.raises(KeyError):
            jobs[done]


def test_names_are_random_and_lead_nowhere_else(tmp_path: Path) -> None:
    with Jobs.open(tmp_path) as jobs:
        assert len({jobs.new_id() for _ in range(1000)}) == 1000
        assert all(ID.fullmatch(jobs.new_id()) for _ in range(1000))
        for id in ("../../etc/passwd", "a/b", "", "." * 22, "a" * 22 + "\n"):
            with pytest.raises(ValueError, match="22 letters"):
                jobs.folder_of(id)


def test_uploads_that_were_cut_short_are_swept_and_other_things_are_not(tmp_path: Path) -> None:
    with Jobs.open(tmp_path) as jobs:
        kept = put(jobs)
        (tmp_path / Jobs.new_id()).mkdir()
        (tmp_path / "my songs").mkdir()
    with Jobs.open(tmp_path):
        assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {kept, "my songs"}


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(OutputError, match="holds other things; name a new or an empty folder with --work"):
        Jobs.open(tmp_path)


def test_a_new_folder_is_its_owners_alone(tmp_path: Path) -> None:
    with Jobs.open(tmp_path / "new" / "work"):
        assert (tmp_path / "new" / "work").stat().st_mode & 0o077 == 0


def test_one_server_works_with_a_folder(tmp_path: Path) -> None:
    with Jobs.open(tmp_path), pytest.raises(UsageError, match="another audiolime serve works with"):
        Jobs.open(tmp_path)


def test_a_queue_that_was_changed_by_others_is_noticed(tmp_path: Path) -> None:
    with Jobs.open(tmp_path) as jobs:
        put(jobs)
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("UPDATE jobs SET name = 'another'")
    connection.commit()
    connection.close()
    with pytest.raises(CorruptError, match="name another one with --work"):
        Jobs.open(tmp_path)


def test_what_the_folder_holds_is_counted(tmp_path: Path) -> None:
    with Jobs.open(tmp_path) as jobs:
        before = jobs.n_bytes()
        id = put(jobs)
        (jobs.folder_of(id) / "page.html").write_bytes(bytes(100_000))
        assert 100_000 <= jobs.n_bytes() - before < 150_000
