"""Settings: all that a result follows from beside the recording, the separator and the model.

Their names are those of `explain`, so that ``explain(…, **vars(settings))`` is the same explanation again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from audiolime_ext.components.baselines import baseline_name
from audiolime_ext.components.masks import MAX_EVALS
from audiolime_ext.prediction.targets import Target, TargetSpec, make_target


@dataclass(frozen=True)
class Settings:
    """How an excerpt, or every window of a track, is explained.

    Parameters
    ----------
    method, target, baseline, segments, max_evals, seed, settle, level_check, shifts : as in `explain`
        Options of `explain`, whose docstring says what each means.

    Examples
    --------
    >>> Settings.from_dict(Settings(target=("rock", "pop")).to_dict()).target
    ('rock', 'pop')
    """

    method: str = "auto"
    target: TargetSpec = "score"
    baseline: Any = "silence"
    segments: int | str | Sequence[float] = 1
    max_evals: int = MAX_EVALS
    seed: int = 0
    settle: int | None = None
    level_check: bool = True
    shifts: bool = False

    def require_target(self, labels: Sequence[str] | None) -> None:
        """Raise `UsageError` if the target cannot be meant of a model with these labels, before the long work."""
        if labels is not None:
            make_target(self.target, labels)

    def stated(self, target: Target) -> Settings:
        """The same in plain values, as results keep them: a function and another recording by their names.

        Parameters
        ----------
        target : Target
            Target that was made for the model.
        """
        segments = self.segments if isinstance(self.segments, (int, str)) else tuple(map(float, self.segments))
        return replace(
            self, target=target.contrast or target.spec, baseline=baseline_name(self.baseline), segments=segments
        )

    def to_dict(self) -> dict[str, Any]:
        """Stated settings as JSON has them."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Settings:
        """Settings from what `to_dict` gave; what an earlier version did not say has its default.

        Raises
        ------
        TypeError
            If there is a setting of another name.
        """
        known = {one.name for one in fields(cls)}
        if others := sorted(set(plain) - known):
            raise TypeError(f"unknown settings: {', '.join(others)}")
        given: Any = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
        return cls(**given)
