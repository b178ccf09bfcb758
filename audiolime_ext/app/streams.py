"""Server-sent events: what changes, told to a browser that stays connected, and goes on where it broke off.

Events are ``all`` (every job, and the server's state: what a reader hears first, or after it was away for too long),
``job`` (one that changed), ``gone`` (one that was removed) and ``server``. Each has an id, which a browser sends back
as ``Last-Event-ID`` when it connects again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from audiolime_ext.app.board import SERVER
from audiolime_ext.app.desk import Desk
from audiolime_ext.app.jobs import Job
from audiolime_ext.files.plain import to_json

QUIET_S = 15.0  # after which a comment keeps the connection
PACE_S = 0.1  # between two tellings
RETRY_MS = 1000


def event(kind: str, value: Any, id: str) -> str:
    r"""One event as text.

    Parameters
    ----------
    kind : str
        Name of the event.
    value : object
        Plain value that goes with it.
    id : str
        Number of the change.

    Examples
    --------
    >>> event("gone", {"id": "x"}, "a-1")
    'id: a-1\nevent: gone\ndata: {"id": "x"}\n\n'
    """
    return f"id: {id}\nevent: {kind}\ndata: {to_json(value)}\n\n"


async def events(
    desk: Desk,
    shown: Callable[[Job], dict[str, Any]],
    last: str | None,
    only: str | None,
    left: Callable[[], Awaitable[bool]],
) -> AsyncIterator[str]:
    """What changes from now on, or since the event that a reader heard last.

    Parameters
    ----------
    desk : Desk
        Where things change.
    shown : callable of one Job, giving dict
        Function that says a job as the API gives it.
    last : str or None
        Id of the event that the reader heard last.
    only : str or None
        Name of the one job that is told; None: all are.
    left : callable without arguments, giving an awaitable of bool
        Function that says whether the reader has gone.
    """
    board = desk.board
    at = board.since(last)
    yield f"retry: {RETRY_MS}\n\n"
    if at is None:
        jobs = [shown(job) for job in desk.jobs.all() if only in (None, job.id)]
        at = board.number
        yield event("all", {"jobs": jobs, "server": server_state(desk)}, board.name())
        if only is not None and desk.jobs[only].has_ended:
            return
    while not board.closed:
        if board.number == at:
            await board.wait(QUIET_S)
        if board.closed or await left():
            return
        changed, gone = board.changes(at)
        if not changed and not gone:
            yield ": still here\n\n"
            continue
        at, name = board.number, board.name()
        for text in _told(desk, shown, [id for id in changed if only in (None, id)], gone, name):
            yield text
        if only is not None and (only in gone or desk.jobs[only].has_ended):
            return
        await board.pace(PACE_S)


def _told(
    desk: Desk, shown: Callable[[Job], dict[str, Any]], changed: list[str], gone: list[str], name: str
) -> list[str]:
    texts = [event("server", server_state(desk), name) for id in changed if id == SERVER]
    texts += [event("job", shown(desk.jobs[id]), name) for id in changed if id != SERVER]
    return texts + [event("gone", {"id": id}, name) for id in gone]


def server_state(desk: Desk) -> dict[str, Any]:
    """Whether the server can work, what it makes ready, and the labels of its models."""
    at = desk.board.progress.get(SERVER)
    return {
        "ready": desk.ready,
        "trouble": desk.trouble,
        "making": None if at is None or desk.ready else at.get("line"),
        "labels": desk.labels,
    }
