"""Audits on a Dask cluster: the same table, and one poisoned recording costs no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import distributed
import pytest

from audiolime_ext.audit.driver import Policy
from audiolime_ext.audit.measure import Settings
from audiolime_ext.audit.run import run_audit
from audiolime_ext.cli import main
from tests.audit_collection import make_collection
from tests.test_audit_run import BOMB, CONFOUNDED, FEW, ROOT, table


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of two workers, each a process of its own."""
    import dask

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1, "distributed.worker.memory.terminate": False}),
        distributed.LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster,
    ):
        yield cluster.scheduler_address


def test_a_cluster_writes_the_table_that_processes_write(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    manifest = make_collection(tmp_path, 16)
    options = ["-t", CONFOUNDED, "-f", "oracle", "--donors", "2", "--same", "1", "--kinds", "own", "--no-noise"]
    assert main(["audit", str(manifest), *options, "-o", str(tmp_path / "dask.sqlite"), "--cluster", scheduler]) == 0
    run_audit(manifest, CONFOUNDED, store=tmp_path / "local.sqlite", settings=FEW, workers=2)
    assert table(tmp_path / "dask.sqlite") == table(tmp_path / "local.sqlite")
    assert "16 of 16 recordings" in capsys.readouterr().out


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
            policy=Policy(),
            executor=client.get_executor(pure=False),
            at_once=2,
        )
    assert [failure.name for failure in results.failures] == ["004.wav"]
    assert results.done.sum() == 9


def test_a_scheduler_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = make_collection(tmp_path, 4)
    assert main(["audit", str(manifest), "-t", CONFOUNDED, "--cluster", "tcp://127.0.0.1:9"]) == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in capsys.readouterr().err
