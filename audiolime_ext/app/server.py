"""The app as a web application: a home, the page of each song, and an API that gives what the commands print as JSON.

Pages are those of `audiolime_ext.report`, served as they are, each with its own content security policy. All links are
relative, so that the app works below any address. Indexes, stores of concepts and of audits are to join as more routes
beside those of songs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from importlib.metadata import version
from typing import Annotated, Any, Literal

import fastapi
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from audiolime_ext.app.desk import BUSY_S, Desk
from audiolime_ext.app.folders import work_folder
from audiolime_ext.app.guard import Guard, Rate
from audiolime_ext.app.jobs import PAGE, RESULT, Job, Jobs
from audiolime_ext.app.settings import Settings
from audiolime_ext.app.streams import events
from audiolime_ext.app.uploads import Refused
from audiolime_ext.report.home.page import home_html

Id = Annotated[str, fastapi.Path(pattern=r"^[A-Za-z0-9_-]{22}$", description="name of the job")]


class At(BaseModel):
    """How far a job is."""

    stage: str
    line: str
    inner: str | None = None
    fraction: float | None = None
    left_s: float | None = None


class Shown(BaseModel):
    """A job as the API gives it; times are seconds since 1970, addresses are relative to the home."""

    id: str
    kind: Literal["explain", "tag"]
    name: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    told: str
    model: str
    factorization: str | None = None
    labels: list[str] = []
    duration_s: float
    came_s: float
    ended_s: float | None = None
    progress: At | None = None
    page: str | None = None
    result: str | None = None


class Listed(BaseModel):
    """All jobs, in the order in which they came."""

    jobs: list[Shown]


class Health(BaseModel):
    """Whether the server can work: ``trouble`` says why not, or which of what it serves cannot be used."""

    ready: bool
    trouble: str
    waiting: int
    version: str


def shown(desk: Desk, job: Job) -> Shown:
    """A job as the API gives it."""
    at = desk.board.progress.get(job.id) if job.state == "running" else None
    done = job.state == "done"
    return Shown(
        **{name: getattr(job, name) for name in ("id", "kind", "name", "state", "told")},
        **{name: getattr(job, name) for name in ("duration_s", "came_s", "ended_s")},
        **{name: job.options[name] for name in ("model", "factorization", "labels") if name in job.options},
        progress=None if at is None else At.model_validate({name: at.get(name) for name in At.model_fields}),
        page=f"songs/{job.id}" if done and job.kind == "explain" else None,
        result=f"api/jobs/{job.id}/result" if done else None,
    )


_TEXT = {"type": "string", "description": "one of those that are served"}
_OPTIONS: dict[str, dict[str, Any]] = {
    "explain": {"model": _TEXT, "factorization": _TEXT, "labels": {"type": "array", "items": {"type": "string"}}},
    "tag": {"model": _TEXT},
}


def _body(kind: str) -> dict[str, Any]:
    """What a request holds, as OpenAPI says it: a file, or the path of one, and options."""
    file = {"type": "string", "format": "binary", "description": "the recording"}
    path = {"type": "string", "description": "a file within the folder of --allow-paths"}
    named = {"multipart/form-data": ("file", file), "application/json": ("path", path)}
    content = {
        media: {"schema": {"type": "object", "required": [name], "properties": {name: what, **_OPTIONS[kind]}}}
        for media, (name, what) in named.items()
    }
    return {"required": True, "content": content}


STATES = {"waiting": "waits", "running": "is being worked on", "failed": "failed", "cancelled": "was cancelled"}
PROBLEM = {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}}  # why not
_WRONG: dict[int | str, dict[str, Any]] = {
    status: {"description": HTTPStatus(status).phrase, "content": {"application/json": {"schema": PROBLEM}}}
    for status in (400, 401, 403, 404, 408, 413, 414, 415, 422, 429, 431, 503)
}


def create_app(settings: Settings, troubled: Callable[[str], object] | None = None) -> fastapi.FastAPI:
    """The application, for any ASGI server; `audiolime_ext.app.serving` runs it.

    Parameters
    ----------
    settings : Settings
        Settings of the server.
    troubled : callable of one str or None
        Function that is told what is wrong with a model, a separator or a label, once that is known; None: none.

    Raises
    ------
    UsageError
        If strangers could use it.
    """
    settings.require_safe()

    @asynccontextmanager
    async def lifespan(app: fastapi.FastAPI) -> AsyncIterator[None]:
        with work_folder(settings) as folder, Jobs.open(folder, most_tries=settings.most_tries) as jobs:
            app.state.desk = desk = Desk(settings, jobs, troubled)
            desk.begin()
            try:
                yield
            finally:
                await desk.stop()

    app = fastapi.FastAPI(
        title="audiolime",
        version=version("audiolime-ext"),
        description="Why a music model gave a recording its labels. What POST takes is worked on later: follow the "
        "job, then get its result, which is the JSON that the command audiolime prints.",
        lifespan=lifespan,
        docs_url=None,  # it would fetch its scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/openapi.json",
        responses=_WRONG,
    )
    app.add_middleware(Guard, settings=settings, rate=Rate(settings.per_minute))
    _add_errors(app)
    _add_pages(app, settings)
    _add_work(app)
    _add_jobs(app)
    _add_events(app, settings)
    return app


def _add_errors(app: fastapi.FastAPI) -> None:
    async def refused(request: fastapi.Request, error: Exception) -> Response:
        known = error if isinstance(error, Refused) else Refused(400, str(error))
        headers = {} if known.retry_s is None else {"Retry-After": str(known.retry_s)}
        return JSONResponse({"detail": known.told}, known.status, headers)

    async def invalid(request: fastapi.Request, error: Exception) -> Response:
        return JSONResponse({"detail": "a name of a job has 22 letters, digits, hyphens and underscores"}, 404)

    async def unknown(request: fastapi.Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        headers = error.headers if isinstance(error, HTTPException) else None
        told = {404: "nothing is here", 405: "this cannot be done here"}.get(status, str(error))
        return JSONResponse({"detail": told}, status, dict(headers or {}))

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, unknown)


def _desk(request: fastapi.Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _job(request: fastapi.Request, id: str) -> Job:
    try:
        return _desk(request).jobs[id]
    except KeyError:
        raise Refused(404, "there is no such recording; it may have been deleted") from None


def _add_pages(app: fastapi.FastAPI, settings: Settings) -> None:
    home = home_html(
        models=settings.models,
        factorizations=settings.factorizations,
        labels=settings.labels,
        min_score=settings.min_score,
        most_bytes=settings.most_bytes,
        longest_s=settings.longest_s,
        local=settings.is_local and settings.token is None,  # a token is for readers elsewhere
        keep=settings.keep,
        paths=settings.allow_paths is not None,
    )

    @app.get("/", response_class=HTMLResponse, summary="The home page")
    async def show_home() -> Response:
        return HTMLResponse(home)

    @app.get("/t", include_in_schema=False)
    async def add_slash() -> Response:
        return RedirectResponse(f"{settings.token}/") if settings.token else JSONResponse({"detail": "nothing"}, 404)

    @app.get("/songs/{id}", response_class=HTMLResponse, summary="The page of a song")
    async def show_song(request: fastapi.Request, id: Id) -> Response:
        return _file(request, id, PAGE, "text/html; charset=utf-8")


def _file(request: fastapi.Request, id: str, name: str, kind: str) -> Response:
    job = _job(request, id)
    path = _desk(request).jobs.folder_of(job.id) / name
    if job.state != "done" or not path.is_file():
        raise Refused(404, _no_result(job, name))
    return FileResponse(path, media_type=kind)


def _no_result(job: Job, name: str) -> str:
    if job.state != "done":
        return f"there is no result: the recording {STATES[job.state]}"
    if name == PAGE and job.kind == "tag":
        return f"the recording was tagged, which makes no page; its scores are at api/jobs/{job.id}/result"
    return "the result is no longer on the disk; delete the recording, and give it again"


def _add_work(app: fastapi.FastAPI) -> None:
    def taking(kind: str) -> Callable[..., Any]:
        async def take(request: fastapi.Request, response: Response) -> Shown:
            desk = _desk(request)
            job = await desk.take(request, kind)
            response.headers["Location"] = f"jobs/{job.id}"
            return shown(desk, job)

        return take

    about = {"explain": "Explain every window of a recording", "tag": "The scores of a recording"}
    for kind, summary in about.items():
        app.post(
            f"/api/{kind}",
            status_code=202,
            response_model=Shown,
            summary=summary,
            name=kind,
            openapi_extra={"requestBody": _body(kind)},
        )(taking(kind))


def _add_jobs(app: fastapi.FastAPI) -> None:
    @app.get("/api/jobs", summary="All recordings")
    async def list_jobs(request: fastapi.Request) -> Listed:
        desk = _desk(request)
        return Listed(jobs=[shown(desk, job) for job in desk.jobs.all()])

    @app.get("/api/jobs/{id}", summary="One recording")
    async def show_job(request: fastapi.Request, id: Id) -> Shown:
        return shown(_desk(request), _job(request, id))

    @app.get("/api/jobs/{id}/result", summary="The numbers, as the command prints them as JSON")
    async def show_result(request: fastapi.Request, id: Id) -> Response:
        return _file(request, id, RESULT, "application/json")

    @app.delete("/api/jobs/{id}", summary="Cancel what waits or runs; delete what has ended", status_code=200)
    async def give_up(request: fastapi.Request, id: Id) -> Shown | None:
        desk = _desk(request)
        job = desk.give_up(_job(request, id).id)
        return None if job is None else shown(desk, job)

    @app.get("/health", summary="Whether the server can work")
    async def health(request: fastapi.Request) -> Health:
        desk = _desk(request)
        return Health(
            ready=desk.ready, trouble=desk.trouble, waiting=desk.jobs.n_open(), version=version("audiolime-ext")
        )


def _add_events(app: fastapi.FastAPI, settings: Settings) -> None:
    streams: set[object] = set()

    def stream(request: fastapi.Request, only: str | None) -> Response:
        desk = _desk(request)
        if len(streams) >= settings.most_streams:
            raise Refused(429, "too many pages follow the progress; close some", BUSY_S)
        mark = object()
        streams.add(mark)
        last = request.headers.get("last-event-id")
        told = events(desk, lambda job: shown(desk, job).model_dump(), last, only, request.is_disconnected)

        async def counted_stream() -> AsyncIterator[str]:
            try:
                async for one in told:
                    yield one
            finally:
                streams.discard(mark)

        return StreamingResponse(counted_stream(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    @app.get("/api/events", summary="What changes, as server-sent events", response_class=StreamingResponse)
    async def follow(request: fastapi.Request) -> Response:
        return stream(request, None)

    @app.get("/api/jobs/{id}/events", summary="How one recording gets on", response_class=StreamingResponse)
    async def follow_one(request: fastapi.Request, id: Id) -> Response:
        return stream(request, _job(request, id).id)
