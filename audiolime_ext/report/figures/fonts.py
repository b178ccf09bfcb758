"""Characters that the fonts of a figure lack: said once, with what to do. This module loads matplotlib."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

from matplotlib.artist import Artist
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.text import Text

from audiolime_ext.files.names import legible

MOST_NAMED = 20


def warn_of_boxes(drawn: Sequence[Artist]) -> None:
    """Warn of all characters that would be drawn as boxes, if there are any.

    Parameters
    ----------
    drawn : sequence of Artist
        Figure, or axes, with the texts.
    """
    texts = [text for one in drawn for text in one.findobj(Text) if isinstance(text, Text)]
    lacking = dict.fromkeys(
        character for text in texts for character in text.get_text() if _lacks(text.get_fontproperties(), character)
    )
    if lacking:
        named = " ".join(legible(character) for character in list(lacking)[:MOST_NAMED])
        more = f" and {len(lacking) - MOST_NAMED} more" if len(lacking) > MOST_NAMED else ""
        warnings.warn(
            f"the font lacks {named}{more}, which are drawn as boxes; before you plot, set a font that has them beside "
            "the usual one: plt.rcParams['font.family'] = ['DejaVu Sans', 'Noto Sans CJK JP'], or another of yours",
            stacklevel=5,
        )


@contextmanager
def without_a_warning_for_each() -> Iterator[None]:
    """Keep matplotlib from warning again, of one character at a time, while it draws."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from")
        yield


def _lacks(font: FontProperties, character: str) -> bool:
    return not character.isspace() and not any(ord(character) in has for has in map(_characters, _files(font)))


def _files(font: FontProperties) -> list[str]:
    """The file of each family that is installed, as matplotlib looks for glyphs; else that of its own font."""
    found = []
    for family in font.get_family():
        one = font.copy()
        one.set_family(family)
        try:
            found.append(str(findfont(one, fallback_to_default=False)))
        except ValueError:  # not installed
            continue
    return found or [str(findfont(font))]


@lru_cache(maxsize=8)
def _characters(file: str) -> frozenset[int]:
    return frozenset(get_font(file).get_charmap())
