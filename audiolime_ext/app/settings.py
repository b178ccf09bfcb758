"""What a server of the app serves, and its limits: each with its unit and a default that one person's machine bears.

Nothing that a client sends changes any of them: a model or a separator is a name that the server's owner gave, since a
spec may be code.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from audiolime_ext.errors import UsageError

MODEL = "musicnn:MSD_musicnn"
FACTORIZATION = "spleeter:2stems"
_LEAST_TOKEN = 16  # characters


@dataclass(frozen=True)
class Settings:
    """What is served, where, and its limits.

    Parameters
    ----------
    models, factorizations : tuple of str
        Specs of the models and the separators among which a client may choose; the first ones are the defaults.
    labels : tuple of str
        Labels that are explained where a client names none; empty: those that score `min_score` or more.
    min_score : float
        Least score of a label, 0 to 1, in a window, where no labels are named.
    work : Path or None
        Folder of jobs and results; None: a new one, for a while.
    keep : bool
        True to leave results, and what waits, for the next time; False: nothing is left when the server ends.
    workers : int
        Number of worker processes, each of which holds the models and the separators.
    host : str
        Address on which the server listens.
    port : int
        Port, 0 to 65,535; 0: a free one.
    token : str or None
        Secret that every request must give; None: none, which is for this machine alone.
    allow_paths : Path or None
        Folder whose files may be named by their paths, in place of an upload; None: none.
    most_bytes : int
        Size of the largest upload in bytes.
    longest_s : float
        Length of the longest recording in seconds.
    most_waiting : int
        Number of jobs that may wait or run at a time.
    most_uploads : int
        Number of uploads that may be under way at a time.
    most_streams : int
        Number of clients that may follow the progress at a time.
    per_minute : int
        Number of writing requests that one address may make in a minute.
    most_disk : int
        Bytes that the folder of work may hold before no more is taken.
    most_kept : int
        Number of jobs that are listed before no more is taken.
    memory : int or None
        Bytes of memory that each worker process may ask the system for, where the system keeps to it (Linux); None:
        its share of three quarters of the machine's.
    silence_s : float
        Seconds for which a worker may say nothing of a job before it is ended.
    patience_s : float
        Seconds for which a silent upload is waited for.
    checking_s : float
        Seconds that the decoders may take to check an upload.
    most_tries : int
        Number of times that a job is begun, where the worker or the server ends in the middle.

    Raises
    ------
    UsageError
        If they do not fit together, as `require_safe` says.

    Examples
    --------
    >>> Settings(host="0.0.0.0").require_safe()
    Traceback (most recent call last):
    audiolime_ext.errors.UsageError: 0.0.0.0 can be reached by other machines, so ... --token ...
    """

    models: tuple[str, ...] = (MODEL,)
    factorizations: tuple[str, ...] = (FACTORIZATION,)
    labels: tuple[str, ...] = ()
    min_score: float = 0.3
    work: Path | None = None
    keep: bool = False
    workers: int = 1
    host: str = "127.0.0.1"
    port: int = 8347
    token: str | None = field(default=None, repr=False)
    allow_paths: Path | None = None
    most_bytes: int = 300_000_000
    longest_s: float = 3600.0
    most_waiting: int = 50
    most_uploads: int = 8
    most_streams: int = 50
    per_minute: int = 120
    most_disk: int = 10_000_000_000
    most_kept: int = 1000
    memory: int | None = None
    silence_s: float = 900.0
    patience_s: float = 30.0
    checking_s: float = 120.0
    most_tries: int = 3

    @property
    def is_local(self) -> bool:
        """Whether the server listens to this machine alone."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def require_safe(self) -> None:
        """Raise `UsageError` for a server that strangers could use."""
        if self.token is not None and (len(self.token) < _LEAST_TOKEN or not _is_plain(self.token)):
            raise UsageError(
                f"--token takes {_LEAST_TOKEN} characters or more of A-Z, a-z, 0-9, - and _; this makes one: python -c "
                "'import secrets; print(secrets.token_urlsafe(24))'"
            )
        if not self.is_local and self.token is None:
            raise UsageError(
                f"{self.host} can be reached by other machines, so everybody who may use the server must know a "
                "secret: give one with --token SECRET, or leave --host out, which serves this machine alone"
            )
        if self.allow_paths is not None and not self.allow_paths.is_dir():
            raise UsageError(f"--allow-paths {self.allow_paths} is no folder; name the one whose files may be named")


def _is_plain(token: str) -> bool:
    return token.isascii() and token.replace("-", "").replace("_", "").isalnum()
