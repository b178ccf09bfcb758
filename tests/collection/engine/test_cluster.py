"""Audits on a Dask cluster: the same table; a poisoned recording costs no other, and lost workers nothing that is done.

Nothing here depends on how fast a worker starts: a cluster whose workers do not come back (on a busy machine, Dask
gives up a worker that takes too long) is given others, and every wait ends with an error.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import distributed
import pytest

from audiolime_ext.audit.measurement.measure import Settings
from audiolime_ext.audit.run import plan_audit, run_audit
from audiolime_ext.audit.store.store import AuditStore
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.cli import main
from audiolime_ext.collection.engine.policy import Policy
from audiolime_ext.collection.index import load_index
from audiolime_ext.collection.indexing.making import make_index
from audiolime_ext.errors import WorkersLost
from tests.audit.test_run import BOMB, CONFOUNDED, FEW, ROOT, table
from tests.audit_collection import make_collection
from tests.collection.indexing.test_making import table as songs_of
from tests.song_collection import FRAGILE, make_songs

OPTIONS = ["-t", CONFOUNDED, "-f", "oracle", "--n-donors", "2", "--same", "1", "--kinds", "own", "--no-noise"]
BOUND_S = 240.0  # of every wait; hardly ever reached


@contextmanager
def local_cluster(n_workers: int) -> Iterator[Any]:
    """Workers that are processes of their own; crashes of one are not its neighbours'."""
    import dask

    settings = {
        "distributed.scheduler.allowed-failures": 1,
        "distributed.worker.memory.terminate": False,
        "distributed.deploy.lost-worker-timeout": "60s",  # else workers that restart are killed, and jobs with them
    }
    with (
        dask.config.set(settings),
        distributed.LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=n_workers, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as cluster,
    ):
        yield cluster


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of two workers; one that does not come back is replaced."""
    with local_cluster(2) as cluster:
        done = Event()

        def care() -> None:
            while not done.wait(2.0):
                if len(cluster.scheduler_info["workers"]) < 2:
                    cluster.scale(2)

        carer = Thread(target=care, daemon=True)
        carer.start()
        yield cluster.scheduler_address
        done.set()
        carer.join(BOUND_S)


def lose_workers_after(n: int, cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once so many recordings are in the store, the audit goes on when the cluster has no worker."""
    put, n_put = AuditStore.put, [0]

    def losing(store: AuditStore, *given: Any) -> None:
        put(store, *given)
        n_put[0] += 1
        if n_put[0] == n:
            cluster.scale(0)
            with distributed.Client(cluster.scheduler_address) as client:  # type: ignore[no-untyped-call]
                wait_until(lambda: not client.ncores())

    monkeypatch.setattr(AuditStore, "put", losing)


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + BOUND_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_cluster_writes_the_table_that_processes_write(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    manifest = make_collection(tmp_path, 16)
    assert main(["audit", str(manifest), *OPTIONS, "-o", str(tmp_path / "dask.sqlite"), "--cluster", scheduler]) == 0
    run_audit(manifest, CONFOUNDED, store=tmp_path / "local.sqlite", settings=FEW, workers=2)
    assert table(tmp_path / "dask.sqlite") == table(tmp_path / "local.sqlite")
    assert "16 of 16 recordings" in capsys.readouterr().out


def test_a_cluster_makes_the_index_that_processes_make(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    songs, dask = make_songs(tmp_path / "songs", 6, poisoned=3), tmp_path / "dask.index"
    assert main(["index", str(songs), "-m", FRAGILE, "-o", str(dask), "--cluster", scheduler]) == 5
    assert "warning: 003.wav: it crashes the process that measures it" in capsys.readouterr().err
    local = make_index(songs, FRAGILE, index=tmp_path / "local.index", workers=2)
    assert songs_of(load_index(dask)) == songs_of(local)
    assert len(local.songs) == 5


def test_a_recording_that_kills_workers_of_a_cluster_costs_no_other(scheduler: str, tmp_path: Path) -> None:
    manifest = make_collection(tmp_path, 10, poisoned=4)
    settings = Settings(n_donors=2, n_same=0, kinds=("own",), noise=False)
    with distributed.Client(scheduler) as client:  # type: ignore[no-untyped-call]
        results = run_audit(
            manifest,
            CONFOUNDED,
            BOMB,
            store=tmp_path / "poisoned.sqlite",
            ignore=["stems"],
            settings=settings,
            policy=Policy(patience_s=BOUND_S),
            executor=client.get_executor(pure=False),
            at_once=2,
        )
    assert [failure.name for failure in results.failures] == ["004.wav"]
    assert results.done.sum() == 9


def test_an_audit_goes_on_when_lost_workers_are_replaced_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest, told = make_collection(tmp_path, 12), list[str]()
    with local_cluster(1) as cluster, distributed.Client(cluster) as client:  # type: ignore[no-untyped-call]
        lose_workers_after(3, cluster, monkeypatch)

        def replace(message: str) -> None:
            told.append(message)
            if len(told) == 1:
                cluster.scale(1)

        executor = client.get_executor(pure=False)
        plan = plan_audit(manifest, CONFOUNDED, settings=FEW, executor=executor, at_once=2)
        results = plan.run(tmp_path / "slow.sqlite", Policy(patience_s=BOUND_S), say=replace)
        assert told[0] == f"no worker left at {cluster.scheduler_address}; waiting, {BOUND_S:.0f} s more"
        assert "the workers answer again" in told
    assert results.done.all()
    assert not results.failures
    run_audit(manifest, CONFOUNDED, store=tmp_path / "local.sqlite", settings=FEW, workers=0)
    assert table(tmp_path / "slow.sqlite") == table(tmp_path / "local.sqlite")


def test_an_audit_ends_when_lost_workers_are_not_replaced_and_the_same_command_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    manifest, store = make_collection(tmp_path, 12), tmp_path / "lost.sqlite"
    with local_cluster(1) as cluster:
        address = cluster.scheduler_address
        command = ["audit", str(manifest), *OPTIONS, "-o", str(store), "--cluster", address]
        with monkeypatch.context() as patched:
            lose_workers_after(3, cluster, patched)
            assert main([*command, "--cluster-patience", "2"]) == 8
        out, err = capsys.readouterr()
        assert not out
        first, last = (line for line in err.splitlines() if line.startswith("audiolime: "))
        assert first == f"audiolime: warning: no worker left at {address}; waiting, 2 s more"
        assert last.startswith(f"audiolime: error: no worker left at {address}, for 2 s (they had ")
        kept = Results.read(store)
        n_done = int(kept.done.sum())
        assert f"; {n_done} of 12 recordings are done and kept in {store}: start workers and give the same" in last
        assert 3 <= n_done < 12
        assert not kept.failures
        cluster.scale(1)
        assert main([*command, "--cluster-patience", str(BOUND_S)]) == 0
    run_audit(manifest, CONFOUNDED, store=tmp_path / "local.sqlite", settings=FEW, workers=0)
    assert table(store) == table(tmp_path / "local.sqlite")


def test_a_scheduler_that_is_gone_ends_the_audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest, put = make_collection(tmp_path, 12), AuditStore.put
    with local_cluster(1) as cluster, distributed.Client(cluster.scheduler_address, timeout=2) as client:  # type: ignore[no-untyped-call]

        def closing(store: AuditStore, *given: Any) -> None:
            put(store, *given)
            cluster.close()

        monkeypatch.setattr(AuditStore, "put", closing)
        executor = client.get_executor(pure=False)
        plan = plan_audit(manifest, CONFOUNDED, settings=FEW, executor=executor, at_once=2)
        with pytest.raises(WorkersLost, match=r"of 12 recordings (is|are) done and kept") as lost:
            plan.run(tmp_path / "gone.sqlite", Policy(patience_s=3))
    assert cluster.scheduler_address in str(lost.value)
    kept = Results.read(tmp_path / "gone.sqlite")
    assert 1 <= kept.done.sum() < 12
    assert not kept.failures


def test_patience_is_for_clusters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = make_collection(tmp_path, 4)
    assert main(["audit", str(manifest), "-t", CONFOUNDED, "--cluster-patience", "5"]) == 2
    assert "--cluster-patience is for --cluster ADDRESS" in capsys.readouterr().err


def test_a_scheduler_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = make_collection(tmp_path, 4)
    assert main(["audit", str(manifest), "-t", CONFOUNDED, "--cluster", "tcp://127.0.0.1:9"]) == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in capsys.readouterr().err
