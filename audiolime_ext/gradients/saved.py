"""Results on disk: numbers and words as JSON, arrays as .npy. No pickle is written, none is read."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError
from audiolime_ext.files.fresh import fresh_folder
from audiolime_ext.files.names import legible
from audiolime_ext.files.plain import from_json, held, require, to_json
from audiolime_ext.files.reading import contents, text_of
from audiolime_ext.gradients.window_facts import WindowFacts

if TYPE_CHECKING:
    from audiolime_ext.gradients.relevance import Relevance

FORMAT = 1
FILE_NAME, MAP_NAME = "relevance.json", "relevance.npy"


class _Window(TypedDict):
    start_s: float
    value: float
    baseline: float | None
    gap: float | None
    steps: int | None
    abstained: bool


class _Saved(TypedDict):
    format: int
    times_s: list[float]
    bands_hz: list[float] | None
    top_hz: float | None
    covered: list[bool]
    windows: list[_Window]
    per_window: list[list[float]]
    method: str
    target: str
    label: str
    baseline: str | None
    model: str | None
    recording: str
    sha256: str
    step_s: float
    window_s: float
    excerpt_s: tuple[float, float]
    seed: int
    notes: list[str]
    cited: list[str]


_PLAIN = (
    "method",
    "target",
    "label",
    "baseline",
    "model",
    "recording",
    "sha256",
    "step_s",
    "window_s",
    "seed",
    "top_hz",
)


def save(relevance: Relevance, folder: Path) -> Path:
    """Write a result into `folder` (made if needed) and return it; `OutputError` if that fails."""
    content = {
        "format": FORMAT,
        **{name: getattr(relevance, name) for name in _PLAIN},
        "times_s": relevance.times_s.tolist(),
        "bands_hz": None if relevance.bands_hz is None else relevance.bands_hz.tolist(),
        "covered": relevance.covered.tolist(),
        "windows": [vars(one) for one in relevance.windows],
        "excerpt_s": list(relevance.excerpt_s),
        "per_window": relevance.per_window.tolist(),
        "notes": list(relevance.notes),
        "cited": list(relevance.cited),
    }
    values = io.BytesIO()
    np.save(values, relevance.values, allow_pickle=False)
    with fresh_folder(folder) as fresh:
        (fresh / MAP_NAME).write_bytes(values.getvalue())
        (fresh / FILE_NAME).write_text(to_json(content), encoding="utf-8")
    return folder


def load(folder: Path) -> dict[str, Any]:
    """Read what `save` wrote, as the fields of a `Relevance`.

    Raises
    ------
    UsageError
        If the folder does not hold a whole saved result that this version can read.
    """
    try:
        content = held(from_json(text_of(folder / FILE_NAME)), _Saved)
        require(f"it is of format {content['format']}, and this version reads {FORMAT}", content["format"] == FORMAT)
        return _fields(content, np.load(io.BytesIO(contents(folder / MAP_NAME)), allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise UsageError(
            f"{legible(folder)} holds no saved relevance, or a damaged one ({error}); name a folder that save() wrote"
        ) from error


def _fields(content: _Saved, values: NDArray[Any]) -> dict[str, Any]:
    n_frames, n_windows = len(content["times_s"]), len(content["windows"])
    require("the map is no array (n_frames, n_bands)", values.ndim == 2 and values.dtype == np.float64)
    require("the map holds NaN or infinity", np.isfinite(values).all())
    require("`times_s` does not fit the map", len(values) == n_frames == len(content["covered"]) > 0)
    hz = content["bands_hz"]
    require("`bands_hz` does not fit the map", hz is None or len(hz) == values.shape[1])
    require("`top_hz` does not fit `bands_hz`", (hz is None) == (content["top_hz"] is None))
    rows = content["per_window"]
    require("`per_window` does not fit", n_windows == len(rows) > 0 and {len(row) for row in rows} == {values.shape[1]})
    return {
        **{name: content[name] for name in _PLAIN},  # type: ignore[literal-required]
        "values": values,
        "times_s": np.array(content["times_s"]),
        "bands_hz": None if hz is None else np.array(hz),
        "covered": np.array(content["covered"], bool),
        "windows": tuple(WindowFacts(**one) for one in content["windows"]),
        "excerpt_s": content["excerpt_s"],
        "per_window": np.array(rows, np.float64),
        "notes": tuple(content["notes"]),
        "cited": tuple(content["cited"]),
    }
