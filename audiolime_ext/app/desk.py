"""Who joins the queue, the workers and those who look on: takes recordings, has them explained one after another.

A recording is checked by a worker process of its own before it is taken: what no decoder reads, or is too long, is
refused at once and never waits. All of this runs in one event loop; what takes long, in threads and processes.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from starlette.requests import Request

from audiolime_ext.app.board import Board
from audiolime_ext.app.jobs import UPLOAD, Job, Jobs
from audiolime_ext.app.settings import Settings
from audiolime_ext.app.uploads import Received, Refused, copy_within, drain, json_body, receive
from audiolime_ext.app.work import Duty, Order, share_of_memory
from audiolime_ext.app.workers import Outcome, Worker
from audiolime_ext.errors import told, unknown
from audiolime_ext.text import counted, shortened

BUSY_S = 15  # seconds after which a client may try again
_AFTER_TROUBLE_S = 1.0
_LEAST_FREE = 500_000_000  # bytes that other programs keep on the disk
_OF_EXPLAIN = ("factorization", "labels")
_FIELDS = ("model", *_OF_EXPLAIN)


class Desk:
    """Takes jobs, hands them to workers, and keeps how they end.

    Parameters
    ----------
    settings : Settings
        Settings of the server.
    jobs : Jobs
        Queue.
    troubled : callable of one str or None
        Function that is told what is wrong with a model or a separator, whenever that is another; None: none.
    """

    def __init__(self, settings: Settings, jobs: Jobs, troubled: Callable[[str], object] | None = None) -> None:
        self.settings, self.jobs, self.board, self._troubled = settings, jobs, Board(), troubled
        self.labels: dict[str, list[str]] = {}
        self.ready, self.trouble = False, ""
        about = settings.longest_s, settings.min_score, settings.memory or share_of_memory(settings.workers)
        duty = Duty(settings.models, settings.factorizations, *about)
        self._workers = [
            Worker(duty, silence_s=settings.silence_s, threads=threads_of(settings.workers))
            for _ in range(settings.workers)
        ]
        self._checker = Worker(Duty((), (), *about), silence_s=settings.checking_s)
        self._checking = asyncio.Lock()
        self._running: dict[str, Worker] = {}
        self._cancelled: set[str] = set()
        self._n_uploads = 0
        self._stopping = False
        self._bell = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []

    # Taking and giving up

    async def take(self, request: Request, kind: str) -> Job:
        """Take the recording of a request.

        Raises
        ------
        Refused
            If it is not taken: the queue or the disk is full, the upload is none, or no decoder reads it.
        """
        try:
            self.require_room()
            if self._n_uploads >= self.settings.most_uploads:
                raise Refused(429, "too many uploads at a time; try again in a moment", BUSY_S)
            self._n_uploads += 1
            try:
                job = await self._taken(request, kind)
            finally:
                self._n_uploads -= 1
        except Refused:
            await drain(request, self.settings)
            raise
        self.board.touch(job.id)
        self._bell.set()
        return job

    async def _taken(self, request: Request, kind: str) -> Job:
        id = self.jobs.new_id()
        folder = self.jobs.folder_of(id)
        received = await self._received(request, folder)
        try:
            options = self._options(received.fields, kind)
            duration_s = await self._checked(folder, received.name)
            self.require_room()
            if await request.is_disconnected():  # who cancels while it is looked at has no name of it to cancel by
                raise Refused(400, "the client has gone")
            return self.jobs.add(id, kind, received.name, options, duration_s)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def require_room(self) -> None:
        """Raise `Refused` where nothing more is taken."""
        settings = self.settings
        if self._stopping:
            raise Refused(503, "the server is ending")
        if self.jobs.n_open() >= settings.most_waiting:
            n = counted(settings.most_waiting, "recording")
            raise Refused(429, f"the queue is full: {n} wait already; try again later", BUSY_S)
        if self.jobs.n_all() >= settings.most_kept:
            raise Refused(429, f"{counted(settings.most_kept, 'result')} are kept already; delete some", BUSY_S)
        full = self.jobs.n_bytes() + settings.most_bytes > settings.most_disk
        if full or shutil.disk_usage(self.jobs.folder).free < settings.most_bytes + _LEAST_FREE:
            raise Refused(413, "there is no room on the disk for another recording; delete some results", BUSY_S)

    async def _received(self, request: Request, folder: Path) -> Received:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            return await receive(request, folder, UPLOAD, self.settings)
        body = await json_body(request, self.settings.patience_s)
        path = body.get("path")
        if not isinstance(path, str) or not path:
            raise Refused(422, 'name a file: {"path": "song.mp3"}; or send one as multipart/form-data')
        fields = {name: _texts(value) for name, value in body.items() if name != "path"}
        name = await asyncio.to_thread(copy_within, path, folder, UPLOAD, self.settings)
        return Received(name, fields)

    def _options(self, fields: dict[str, list[str]], kind: str) -> dict[str, Any]:
        """The options of a job: only what is served may be asked for."""
        if odd := [name for name in fields if name not in _FIELDS]:
            raise Refused(422, shortened(str(unknown("field", odd[0], ("file", *_FIELDS))), 300))
        if kind == "tag" and (odd := [name for name in _OF_EXPLAIN if any(fields.get(name, ()))]):
            raise Refused(422, f"api/tag gives the scores of all labels, and splits nothing; leave out {odd[0]}")
        model = _one_of(self.settings.models, fields.get("model"), "model")
        if kind == "tag":
            return {"model": model}
        separator = _one_of(self.settings.factorizations, fields.get("factorization"), "factorization")
        labels = list(dict.fromkeys(filter(None, fields.get("labels", ())))) or list(self.settings.labels)
        known = self.labels.get(model)
        if wrong := [label for label in labels if known and label not in known]:
            raise Refused(422, shortened(str(unknown("label", wrong[0], known or ())), 300))
        return {"model": model, "factorization": separator, "labels": labels}

    async def _checked(self, folder: Path, name: str) -> float:
        """How long a recording is, in seconds, as the decoders say."""
        order = Order("check", str(folder), name)
        async with self._checking:
            outcome = await asyncio.to_thread(self._checker.do, order, lambda _: None, most_s=self.settings.checking_s)
        if outcome.state == "ended":
            raise Refused(503, "the server is ending")
        if outcome.state == "unready":
            raise Refused(503, f"songs cannot be read at the moment: {outcome.told}", BUSY_S)
        if outcome.state != "done":
            raise Refused(422, outcome.told)
        return float(outcome.value)

    def give_up(self, id: str) -> Job | None:
        """Cancel a job that waits or runs; forget one that has ended, in which case None is returned."""
        job = self.jobs[id]
        if job.has_ended:
            self.jobs.remove(id)
            self.board.remove(id)
            return None
        if (worker := self._running.get(id)) is not None:
            self._cancelled.add(id)
            worker.end()
        self._end(id, "cancelled")
        return self.jobs[id]

    # Working

    def begin(self) -> None:
        """Start the workers, each with a loop of its own."""
        self._loops = [asyncio.create_task(self._loop(worker)) for worker in self._workers]
        self._loops.append(asyncio.create_task(self._make_checker_ready()))

    async def stop(self) -> None:
        """End the workers; what they do waits again."""
        self._stopping = True
        self.board.close()
        for worker in (*self._workers, self._checker):
            worker.end()
        self._bell.set()
        await asyncio.gather(*self._loops, return_exceptions=True)
        for worker in (*self._workers, self._checker):
            await asyncio.to_thread(worker.stop)

    async def _make_checker_ready(self) -> None:
        async with self._checking:
            await asyncio.to_thread(self._checker.start, lambda _: None)

    async def _loop(self, worker: Worker) -> None:
        self._is_ready(await asyncio.to_thread(worker.start, self._hearing("")), worker)
        while not self._stopping:
            try:
                await self._next(worker)
            except Exception as error:  # noqa: BLE001 - such as a full disk: the next job may fare better
                self._hold(self.ready, told(error))
                await asyncio.sleep(_AFTER_TROUBLE_S)

    async def _next(self, worker: Worker) -> None:
        """Have the next job done, or wait until one comes."""
        self._bell.clear()
        job = self.jobs.next()
        if job is None:
            await self._bell.wait()
            return
        self._running[job.id] = worker
        self.board.touch(job.id, {"stage": "beginning", "fraction": None, "left_s": None, "line": "beginning"})
        try:
            order = Order(job.kind, str(self.jobs.folder_of(job.id)), job.name, job.options)
            outcome = await asyncio.to_thread(worker.do, order, self._hearing(job.id))
        finally:
            del self._running[job.id]
        self._ended(job, outcome)
        if outcome.state in ("done", "unready"):
            self._is_ready(outcome, worker)

    def _is_ready(self, outcome: Outcome, worker: Worker) -> None:
        """Keep whether the models could be made, and their labels."""
        self.labels = worker.labels or self.labels
        if outcome.state == "done":
            self._hold(
                True, "; ".join([*(f"{spec}: {why}" for spec, why in worker.troubles.items()), *self._odd_labels()])
            )
        else:
            self._hold(False, outcome.told if outcome.state in ("failed", "unready") else "")

    def _odd_labels(self) -> list[str]:
        """Why labels that are explained where a client names none are none of a model's."""
        odd = ((spec, label, known) for spec, known in self.labels.items() for label in self.settings.labels if known)
        return [
            f"--labels, with {spec}: {shortened(str(unknown('label', label, known)), 300)}"
            for spec, label, known in odd
            if label not in known
        ]

    def _hold(self, ready: bool, trouble: str) -> None:
        """Keep whether the server can work, and say so where that is new."""
        before, (self.ready, self.trouble) = (self.ready, self.trouble), (ready, trouble)
        if before != (ready, trouble):
            self.board.touch()
        if trouble and trouble != before[1] and self._troubled is not None:
            self._troubled(trouble)

    def _hearing(self, id: str) -> Any:
        """What a worker tells its progress: from its thread to the board."""
        loop = asyncio.get_running_loop()

        def hear(progress: dict[str, Any]) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._heard, id, progress)

        return hear

    def _heard(self, id: str, progress: dict[str, Any]) -> None:
        if id not in self._cancelled and (id == "" or id in self._running):
            self.board.touch(id, progress)

    def _ended(self, job: Job, outcome: Outcome) -> None:
        if job.id in self._cancelled:
            self._cancelled.discard(job.id)
            shutil.rmtree(self.jobs.folder_of(job.id), ignore_errors=True)  # what it wrote while it was ended
        elif outcome.state == "ended":  # with the server, or for another job's sake
            self.jobs.wait_again(job.id)
            self.board.touch(job.id)
        elif outcome.state == "done":
            self._end(job.id, "done", str(outcome.value))
        else:
            self._end(job.id, "failed", outcome.told)

    def _end(self, id: str, state: Any, reason: str = "") -> None:
        self.jobs.end(id, state, reason)
        self.board.touch(id)


def threads_of(n_workers: int) -> int:
    """Threads of each worker's networks: ``AUDIOLIME_THREADS`` where it is set, else its share of the cores.

    Parameters
    ----------
    n_workers : int
        Number of workers.

    Examples
    --------
    >>> threads_of(10_000)
    1
    """
    given = os.environ.get("AUDIOLIME_THREADS", "")
    return int(given) if given.isdecimal() and int(given) else max(1, (os.cpu_count() or 1) // n_workers)


def _texts(value: Any) -> list[str]:
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in found):
        raise Refused(422, "options are texts, or lists of texts")
    return found


def _one_of(served: tuple[str, ...], given: list[str] | None, what: str) -> str:
    """The one that is asked for, or the first."""
    asked = [one for one in given or () if one]
    if not asked:
        return served[0]
    if len(asked) > 1 or asked[0] not in served:
        raise Refused(422, shortened(str(unknown(what, asked[-1], served)), 300))
    return asked[0]
