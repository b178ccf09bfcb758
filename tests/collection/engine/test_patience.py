"""Nothing is waited for without a bound: executors that are deaf, shut or forgetful, recordings that hang in one."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import nullcontext
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from audiolime_ext.audit.measurement.measure import Settings
from audiolime_ext.audit.run import Audit, plan_audit
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.collection.engine import driver, workers
from audiolime_ext.collection.engine.patience import Patience
from audiolime_ext.collection.engine.policy import LONGEST_S, PATIENCE_S, Policy
from audiolime_ext.collection.engine.workers import Here, Processes, deaf
from audiolime_ext.errors import UsageError, WorkersLost
from tests.audit_collection import clean, make_collection

CONFOUNDED = "tests.audit_collection:confounded"
SHORT = Policy(timeout_s=0.5, patience_s=0.5)


class OwnExecutor(Executor):
    """Does everything at once, but for what `deaf` says of the work and its arguments."""

    def __init__(self, deaf: Callable[..., bool]) -> None:
        self.deaf, self.given, self.is_shut = deaf, list[Any](), False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **_: Any) -> Future[Any]:
        if self.is_shut:
            raise RuntimeError("cannot schedule new futures after shutdown")
        self.given.append(fn)
        future: Future[Any] = Future()
        if not self.deaf(fn, *args):
            try:
                future.set_result(fn(*args))
            except Exception as error:  # noqa: BLE001
                future.set_exception(error)
        return future


class Careless(OwnExecutor):
    """Loses the first answer on its way, as Dask's executor does where the worker that holds it goes just then."""

    def __init__(self) -> None:
        super().__init__(lambda *_: False)
        self.has_lost = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:
        if self.has_lost or len(args) != 2:
            return super().submit(fn, *args, **more)
        self.has_lost, future = True, Future[Any]()

        class Answer:
            status = "lost"

            async def _result(self, raiseit: bool) -> Any:
                return fn(*args)

        async def hand_on() -> None:
            await cfexecutor._cascade_future(Answer(), future)

        cfexecutor = pytest.importorskip("distributed.cfexecutor")
        asyncio.run(hand_on())
        assert isinstance(future.exception(), TypeError), "Dask's executor does better now"
        return future


def planned(folder: Path, executor: Executor, n: int = 4) -> Audit:
    settings = Settings(n_donors=0, n_same=0, kinds=("own",), noise=False)
    return plan_audit(make_collection(folder, n), CONFOUNDED, settings=settings, executor=executor, at_once=2)


def is_job_of(number: int) -> Callable[..., bool]:
    return lambda _fn, *args: len(args) == 2 and args[1].host.path.endswith(f"{number:03d}.wav")


def test_an_executor_that_stops_answering_ends_the_audit_and_nothing_is_held_against_recordings(tmp_path: Path) -> None:
    n_jobs = [0]

    def falls_silent(_fn: object, *args: object) -> bool:
        n_jobs[0] += len(args) == 2
        return n_jobs[0] > 1

    executor, told = OwnExecutor(falls_silent), list[str]()
    audit = planned(tmp_path, executor)
    second, third = (re.escape(entry.name) for entry in audit.in_drawn_order[1:3])
    with pytest.raises(
        WorkersLost,
        match=rf"the executor OwnExecutor does not answer, for 0\.5 s \(they had .*{second}, .*{third}\); 1 of 4 "
        r"recordings is done and kept in .*s\.sqlite: start workers and give the same command again",
    ) as lost:
        audit.run(tmp_path / "s.sqlite", SHORT, say=told.append)
    assert lost.value.exit_code == 8
    assert told == ["the executor OwnExecutor does not answer; waiting, 0 s more"]
    kept = Results.read(tmp_path / "s.sqlite")
    assert (int(kept.done.sum()), kept.failures) == (1, ())
    executor.deaf = lambda *_: False  # the same audit goes on
    assert audit.run(tmp_path / "s.sqlite", SHORT).done.all()


def test_a_recording_that_hangs_in_an_executor_that_answers_is_recorded_and_costs_no_other(tmp_path: Path) -> None:
    audit = planned(tmp_path, OwnExecutor(is_job_of(2)))
    results = audit.run(tmp_path / "s.sqlite", Policy(timeout_s=0.5, patience_s=60))
    assert [failure.name for failure in results.failures] == ["002.wav"]
    assert "took longer than 0.5 s" in results.failures[0].reason
    assert results.done.sum() == 3


class KilledWorker(Exception):
    """What Dask says of a job whose workers died, several times."""


class Poisoned(OwnExecutor):
    """One recording kills workers for a while before it is given up; so does whatever is measured meanwhile."""

    def __init__(self, number: int) -> None:
        super().__init__(lambda *_: False)
        self.is_poison, self.killing = is_job_of(number), Future[Any]()
        self.killing.set_result(None)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if self.is_poison(fn, *args):
            self.killing = future
            Timer(0.6, future.set_exception, [KilledWorker()]).start()
        elif len(args) == 2 and not self.killing.done():
            future.set_exception(KilledWorker())
        else:
            return super().submit(fn, *args)
        return future


def test_what_is_measured_beside_a_killer_of_workers_is_measured_alone_before_it_is_judged(tmp_path: Path) -> None:
    results = planned(tmp_path, Poisoned(1)).run(tmp_path / "s.sqlite", Policy(patience_s=60))
    assert [failure.name for failure in results.failures] == ["001.wav"]
    assert results.done.sum() == 3


def test_an_executor_that_is_shut_ends_the_audit_at_once(tmp_path: Path) -> None:
    executor = OwnExecutor(lambda *_: False)
    audit = planned(tmp_path, executor)
    executor.is_shut = True
    with pytest.raises(WorkersLost, match=r"takes no more recordings \(RuntimeError: cannot schedule.*; 0 of 4 rec"):
        audit.run(tmp_path / "s.sqlite")


def test_an_executor_that_drops_what_it_is_given_ends_the_audit(tmp_path: Path) -> None:
    executor = OwnExecutor(lambda *_: True)
    submit = executor.submit

    def dropping(*given: Any, **options: Any) -> Future[Any]:
        future = submit(*given, **options)
        future.cancel()
        return future

    executor.submit = dropping  # type: ignore[method-assign]
    with pytest.raises(WorkersLost, match=r"the workers drop what they are given, for 0\.5 s"):
        planned(tmp_path, executor).run(tmp_path / "s.sqlite", SHORT)
    assert not Results.read(tmp_path / "s.sqlite").failures
    assert len(executor.given) < 50  # it does not spin


@pytest.mark.filterwarnings("error")
def test_waiting_for_workers_can_be_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored here, as under nohup
    monkeypatch.setattr(driver, "_warn", lambda _: signal.raise_signal(signal.SIGINT))
    audit = planned(tmp_path, OwnExecutor(lambda *_: True))
    try:
        with pytest.raises(KeyboardInterrupt, match=r"0 of \d+ recordings done and kept in .*; run the same command "):
            audit.run(tmp_path / "s.sqlite", Policy(timeout_s=0.5, patience_s=60))
    finally:
        signal.signal(signal.SIGINT, before)


class Moody:
    """An engine whose trouble is what it was told."""

    n_at_once, shares_fate, mood = 1, False, None

    def trouble(self, *, ask: bool = False) -> str | None:
        return self.mood


def test_the_clock_stands_still_in_silence_and_patience_begins_anew_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now, told, engine = [100.0], list[str](), Moody()
    monkeypatch.setattr("audiolime_ext.collection.engine.patience.time.monotonic", lambda: now[0])
    monkeypatch.setattr("audiolime_ext.collection.engine.patience.wait", lambda *_: None)
    patience = Patience(engine, 120, told.append)  # type: ignore[arg-type]

    def after(seconds: float, mood: str | None) -> float:
        now[0] += seconds
        engine.mood = mood  # type: ignore[assignment]
        patience.wait([])
        return patience.clock()

    assert [after(0, None), after(50, None)] == [100, 150]
    assert [after(0 + 10, "no worker left"), after(30, "no worker left"), after(40, "no worker left")] == [160] * 3
    assert told == ["no worker left; waiting, 120 s more", "no worker left; waiting, 50 s more"]
    assert after(10, None) == 160
    assert after(10, None) == 170
    assert told[2:] == ["the workers answer again"]
    after(10, "no worker left")
    after(119, "no worker left")
    with pytest.raises(WorkersLost, match="no worker left, for 120 s"):
        after(10, "no worker left")


def test_what_was_done_before_the_workers_were_gone_does_not_mean_that_they_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, told, engine = [100.0], list[str](), Moody()
    monkeypatch.setattr("audiolime_ext.collection.engine.patience.time.monotonic", lambda: now[0])
    monkeypatch.setattr("audiolime_ext.collection.engine.patience.wait", lambda *_: None)
    patience = Patience(engine, 120, told.append)  # type: ignore[arg-type]
    engine.mood = "no worker left"  # type: ignore[assignment]
    for _ in range(3):
        patience.wait([])
        now[0] += 10
        patience.heard()
    assert told == ["no worker left; waiting, 120 s more"]
    assert patience.clock() == 100
    engine.mood = None
    patience.wait([])
    assert told[1:] == ["the workers answer again"]


def test_every_recording_has_a_limit_and_none_that_cannot_be_kept_is_taken(tmp_path: Path) -> None:
    assert (LONGEST_S, PATIENCE_S, Policy().patience_s) == (3600, 300, 300)
    audit = plan_audit(make_collection(tmp_path, 4), clean)
    assert isinstance(audit.engine(), Here)
    with pytest.raises(
        UsageError, match=r"cannot be stopped after 5 s in the process that measures it; leave the limit"
    ):
        audit.run(tmp_path / "s.sqlite", Policy(timeout_s=5))
    assert not (tmp_path / "s.sqlite").exists()
    with pytest.raises(UsageError, match="patience_s must be positive, not 0"):
        Policy(patience_s=0)


def test_an_answer_that_an_executor_loses_is_asked_for_again_and_held_against_no_recording(tmp_path: Path) -> None:
    executor = Careless()
    found = planned(tmp_path, executor).run(tmp_path / "s.sqlite", SHORT)
    assert executor.has_lost
    assert found.done.all()
    assert not found.failures


def test_recordings_that_failed_are_not_told_as_done_where_workers_are_lost(tmp_path: Path) -> None:
    first, n_jobs = is_job_of(0), [0]

    def fails_then_falls_silent(fn: object, *args: object) -> bool:
        if first(fn, *args):
            raise ValueError("the file is odd")
        n_jobs[0] += len(args) == 2
        return n_jobs[0] > 1

    class Odd(OwnExecutor):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:
            try:
                return super().submit(fn, *args, **more)
            except ValueError as error:
                failed: Future[Any] = Future()
                failed.set_exception(error)
                return failed

    with pytest.raises(WorkersLost, match=r"; 1 of 4 recordings is done and kept in"):
        planned(tmp_path, Odd(fails_then_falls_silent)).run(tmp_path / "s.sqlite", SHORT)
    kept = Results.read(tmp_path / "s.sqlite")
    assert (int(kept.done.sum()), len(kept.failures)) == (1, 1)


def test_what_a_worker_cannot_load_is_the_reason_of_a_failure_and_is_not_asked_for_again(tmp_path: Path) -> None:
    loads = pytest.importorskip("distributed.protocol.pickle").loads

    class Lacking(OwnExecutor):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:
            if len(args) != 2:
                return super().submit(fn, *args, **more)
            failed: Future[Any] = Future()
            try:
                loads(b"cno_such_module\nno_name\n.")
            except ModuleNotFoundError as error:
                failed.set_exception(error)
            return failed

    found = planned(tmp_path, Lacking(lambda *_: False)).run(tmp_path / "s.sqlite", SHORT)
    assert not found.done.any()
    assert {failure.reason for failure in found.failures} == {
        "unexpected ModuleNotFoundError: No module named 'no_such_module'"
    }


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="Windows has no masks")
def test_a_worker_hears_no_ctrl_c_before_it_is_ready() -> None:
    program = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    for surroundings, blocked in ((nullcontext(), "False\n"), (deaf(), "True\n"), (nullcontext(), "False\n")):
        with surroundings:
            found = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True)
        assert found.stdout == blocked


def test_processes_that_do_not_start_are_not_waited_for_without_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    class Deaf:
        def submit(self, *_: Any) -> Future[Any]:
            return Future()

        def shutdown(self, **_: Any) -> None:
            pass

    monkeypatch.setattr(workers, "START_S", 0.1)
    monkeypatch.setattr(Processes, "_fresh", lambda _: Deaf())
    with pytest.raises(WorkersLost, match=r"no worker process has started within 0\.1 s"):
        Processes(object(), 1).restart()  # type: ignore[arg-type]
