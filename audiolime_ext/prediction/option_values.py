"""Values of the options with which a spec string describes a saved model; see `saved_model` for the options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from pathlib import Path

from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.files.names import legible
from audiolime_ext.files.reading import text_of
from audiolime_ext.prediction.layers import CHANNELS

OF_SCORES = ("labels", "output", "activation")  # options that an embedding does not take


def require_scores_or_layer(given: Mapping[str, str]) -> None:
    """Raise `UsageError` if options of a layer and of scores are mixed."""
    if "channels" in given and "layer" not in given:
        raise UsageError("channels= says which axis of a layer holds its features; add layer=…, or leave it out")
    if given.get("channels", "first") not in CHANNELS:
        raise unknown("channels", given["channels"], CHANNELS)
    if "layer" in given and (of_scores := [name for name in OF_SCORES if name in given]):
        raise UsageError(
            f"layer= and {of_scores[0]}= do not go together: a layer answers an embedding, whose values are no scores "
            f"and have no names; leave out {of_scores[0]}=, or layer= for the scores"
        )


def positive(given: Mapping[str, str], name: str, kind: Callable[[str], float], most: float = inf) -> float | None:
    """An option as a number above 0, and `most` at most; None where it is not given."""
    if name not in given:
        return None
    try:
        value = kind(given[name])
    except ValueError:
        value = 0
    if not 0 < value <= most or value == inf:
        form = "a whole number" if kind is int else "a number"
        bound = "" if most == inf else f", and {most} at most"
        raise UsageError(f"{name} is {given[name]!r}; it must be {form} above 0{bound}")
    return value


def label_list(text: str) -> tuple[str, ...]:
    """Names between semicolons, or the lines of a file; a name that ends in .txt is meant as a file."""
    path = Path(text.removeprefix("@"))
    if not text.startswith("@") and (";" in text or not (path.suffix == ".txt" or path.is_file())):
        lines = text.split(";")
    else:
        try:
            lines = text_of(path).splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"labels cannot be read from {legible(path)}: {error}; name a text file with one label per line"
            ) from error
    found = tuple(name.strip() for name in lines if name.strip())
    repeated = sorted({name for name in found if found.count(name) > 1})
    if repeated or not found:
        raise UsageError(f"labels {f'repeats {repeated[0]!r}' if repeated else 'is empty'}; name each output once")
    return found
