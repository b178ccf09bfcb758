"""What to do where a recording cannot be measured, and how long to wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from audiolime_ext.collection.engine.workers import Engine, Here
from audiolime_ext.errors import UsageError

LONGEST_S = 3600.0  # a recording that takes longer counts as failed, unless another limit is given
PATIENCE_S = 300.0


@dataclass(frozen=True)
class Policy:
    """What to do where a recording cannot be measured.

    Parameters
    ----------
    on_error : {"record", "stop"}
        Reaction to a failure: keep it and go on, or end the audit.
    retries : int
        Number of further attempts, 0 or more.
    timeout_s : float or None
        Seconds after which a recording counts as failed, above 0; None: `LONGEST_S`. They count from the moment it is
        handed out, so waiting for a free worker of a cluster is included. In this process (`workers=0`) it cannot be
        stopped.
    patience_s : float
        Seconds for which workers may be gone, or not answer, before the audit ends; above 0.
    """

    on_error: Literal["record", "stop"] = "record"
    retries: int = 0
    timeout_s: float | None = None
    patience_s: float = PATIENCE_S

    def __post_init__(self) -> None:
        """Check the values."""
        if self.on_error not in ("record", "stop"):
            raise UsageError(f"on_error must be 'record' or 'stop', not {self.on_error!r}")
        if self.retries < 0 or (self.timeout_s is not None and not self.timeout_s > 0):
            raise UsageError(f"retries must be 0 or more and timeout_s positive: {self.retries}, {self.timeout_s}")
        if not self.patience_s > 0:
            raise UsageError(f"patience_s must be positive, not {self.patience_s}")

    def require_kept_by(self, engine: Engine) -> None:
        """Raise `UsageError` if there is a time limit and no worker that could be stopped."""
        if self.timeout_s is not None and isinstance(engine, Here):
            raise UsageError(
                f"a recording cannot be stopped after {self.timeout_s:g} s in the process that measures it; leave the "
                "limit out (--timeout, timeout_s), or use workers: --workers 1, and models that are named by a spec"
            )
