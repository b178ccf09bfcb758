"""Settings: all that a result follows from beside the recording, the separator and the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from audiolime_ext.prediction.targets import TargetSpec, make_target


@dataclass(frozen=True)
class Settings:
    """How an excerpt, or every window of a track, is explained; `explain` says what each means."""

    method: str = "auto"
    target: TargetSpec = "score"
    baseline: Any = "silence"
    segments: int | str | Sequence[float] = 1
    max_evals: int = 1024
    seed: int = 0
    settle: int | None = None
    level_check: bool = True
    shifts: bool = False

    def require_target(self, labels: Sequence[str] | None) -> None:
        """Raise `UsageError` if the target cannot be meant of a model with these labels, before the long work."""
        if labels is not None:
            make_target(self.target, labels)
