"""What an audit will take is known from the first few recordings that can be measured, once everything is warm."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audiolime_ext.audit.measurement.estimate import estimate
from audiolime_ext.audit.measurement.measure import Measured, Settings
from audiolime_ext.audit.measurement.plan import Donors
from audiolime_ext.audit.run import plan_audit
from audiolime_ext.collection.engine.jobs import Job
from audiolime_ext.errors import AudioError
from tests.audit_collection import confounded, make_collection

SETTINGS = Settings(n_donors=3, n_same=2, kinds=("own",), noise=False)


def test_recordings_and_donors_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    manifest = make_collection(tmp_path, 6)
    whole = plan_audit(manifest, confounded, "bands:2", ignore=["stems"], settings=SETTINGS).estimate()
    for name in ("000.wav", "003.wav"):
        (tmp_path / name).write_bytes(name.encode())
    spoiled = plan_audit(manifest, confounded, "bands:2", ignore=["stems"], settings=SETTINGS).estimate()
    assert (spoiled.n_recordings, whole.n_recordings) == (6, 6)
    assert 0 < spoiled.n_asked <= whole.n_asked


def test_where_no_recording_can_be_read_the_first_says_why(tmp_path: Path) -> None:
    manifest = make_collection(tmp_path, 2)
    for name in ("000.wav", "001.wav"):
        (tmp_path / name).write_bytes(name.encode())
    audit = plan_audit(manifest, confounded, "bands:2", ignore=["stems"], settings=SETTINGS)
    with pytest.raises(AudioError, match=r"000\.wav cannot be read as audio"):
        audit.estimate()


class Worker:
    """An engine by a clock of its own: 20 s to start, 2 s to split a recording once, a little more each time to ask."""

    n_at_once, shares_fate = 1, True

    def __init__(self) -> None:
        self.now, self.split, self.n_asked, self.stopped = 0.0, set[str](), 0, False
        self.broken = ""

    def submit(self, job: Job) -> Future[Any]:
        if job.host.key == self.broken:
            broken: Future[Any] = Future()
            broken.set_exception(OSError("it cannot be read"))
            return broken
        self.now += 0.0 if self.split else 20.0
        for entry in (job.host, *job.donors):
            self.now += 0.0 if entry.key in self.split else 2.0
            self.split.add(entry.key)
        if job.probe is None:
            self.n_asked += 1
            self.now += self.n_asked  # 1 s cold, then 2 and 3 s
        future: Future[Any] = Future()
        future.set_result(Measured((), {}, 8))
        return future

    def trouble(self, *, ask: bool = False) -> str | None:
        return None

    def restart(self) -> None:
        raise AssertionError

    def stop(self) -> None:
        self.stopped = True


def test_the_start_counts_once_and_every_recording_is_split_once(tmp_path: Path) -> None:
    settings = replace(SETTINGS, n_donors=1, n_same=0)
    audit = plan_audit(make_collection(tmp_path, 20), confounded, "bands:2", ignore=["stems"], settings=settings)
    worker = Worker()
    found = estimate(audit.entries, Donors(audit.entries, settings), worker, clock=lambda: worker.now)
    n_left = 20 - len(worker.split)
    assert (found.n_recordings, found.n_asked) == (20, 160)
    assert found.seconds == 20 * 2.5 + n_left * 2
    assert (found.least_s, found.most_s) == (20 * 2 + n_left * 2, 20 * 3 + n_left * 2)
    assert found.start_s == 25.0 - 2.5 - 2 * 2  # the first took 25 s, and was split from its donor
    assert worker.stopped


def test_what_is_in_the_cache_is_not_split_and_tells_nothing_of_what_is_not(tmp_path: Path) -> None:
    settings = replace(SETTINGS, n_donors=1, n_same=0)
    audit = plan_audit(make_collection(tmp_path, 20), confounded, "bands:2", ignore=["stems"], settings=settings)
    kept = {entry.key for entry in audit.entries[:16]}
    worker = Worker()
    worker.split = set(kept)
    worker.broken = next(entry.key for entry in audit.entries if entry.key not in kept)
    found = estimate(
        audit.entries,
        Donors(audit.entries, settings),
        worker,
        is_kept=lambda entry: entry.key in kept,
        clock=lambda: worker.now,
    )
    assert len(worker.split - kept) >= 2, "some of the others are split all the same, to time it"
    assert found.seconds == 20 * 2.5 + (20 - len(worker.split)) * 2
    everything = Worker()
    everything.split = {entry.key for entry in audit.entries}
    found = estimate(
        audit.entries,
        Donors(audit.entries, settings),
        everything,
        is_kept=lambda entry: True,
        clock=lambda: everything.now,
    )
    assert found.seconds == 20 * 2.5


def test_the_stems_that_an_estimate_makes_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path / "cache"))
    audit = plan_audit(make_collection(tmp_path, 12), confounded, "bands:2", ignore=["stems"], settings=SETTINGS)
    assert not any(map(audit.ears.is_kept, audit.entries))
    audit.estimate()
    assert sum(map(audit.ears.is_kept, audit.entries)) >= 3


def test_one_recording_is_timed_again_when_it_is_warm(tmp_path: Path) -> None:
    audit = plan_audit(make_collection(tmp_path, 2), confounded, "bands:2", ignore=["stems"], settings=SETTINGS)
    worker = Worker()
    alone = audit.entries[:1]
    found = estimate(alone, Donors(alone, SETTINGS), worker, clock=lambda: worker.now)
    assert (found.seconds, found.start_s) == (2.0, 21.0)
