"""Titles and artists as they are compared: what is written differently for one recording is taken away.

Letters become small, accents are taken off, and punctuation goes; *letters and digits of every script stay*. Of a
title, what stands in parentheses and behind a slash is dropped, unless nothing would be left. Of artists, the first one
counts (before a semicolon), without those who feature: ``feat.``, ``with`` and the like, as whole words, so that Bill
Withers keeps his name.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_FEATURING = re.compile(r"\b(feat|ft|featuring|with)\b.*", re.DOTALL)
_NUMERALS = {"i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"}


def clean_title(title: str) -> str:
    """A title as it is compared.

    Examples
    --------
    >>> clean_title("Traumtänzerball (Album Version)"), clean_title("My Life / Intro"), clean_title("(Intro)")
    ('traumtanzerball', 'my life', 'intro')
    >>> clean_title("Группа крови"), clean_title("Rock'n'Roll")
    ('группа крови', 'rocknroll')
    """
    small = title.casefold()
    shorter = re.sub(r"/.*", "", re.sub(r"\(.*?\)", "", small), flags=re.DOTALL)
    return _letters(shorter) or _letters(small)


def clean_artist(artist: str) -> str:
    """The first artist, as compared.

    Examples
    --------
    >>> clean_artist("Wizkid;Skepta"), clean_artist("Rihanna feat. Drake"), clean_artist("Bill Withers")
    ('wizkid', 'rihanna', 'bill withers')
    """
    first = artist.casefold().split(";")[0]
    return _letters(_FEATURING.sub("", first)) or _letters(first)


def match_key(title: str | None, artist: str | None) -> str | None:
    """Title and artist as one text, ``title - artist``; None where one of them is missing or nothing is left of it.

    Examples
    --------
    >>> match_key("Longtime (feat. Skepta)", "Wizkid;Skepta"), match_key("???", "Wizkid"), match_key("Longtime", None)
    ('longtime - wizkid', None, None)
    """
    cleaned = clean_title(title or ""), clean_artist(artist or "")
    return " - ".join(cleaned) if all(cleaned) else None


def sorted_words(key: str) -> str:
    """The words of a key in order: what rapidfuzz' ``token_sort_ratio`` compares."""
    return " ".join(sorted(key.split()))


def numbers_in(key: str) -> Counter[str]:
    """The numbers in a key: ``symphony no 5`` is not nearly ``symphony no 6``, nor ``part ii`` ``part iii``.

    Examples
    --------
    >>> numbers_in("interview 3 - quincy jones") == numbers_in("interview 4 - quincy jones")
    False
    """
    return Counter(word for word in key.split() if any(map(str.isdigit, word)) or word in _NUMERALS)


def _letters(text: str) -> str:
    """Letters and digits without accents, words with one space between them."""
    plain = unicodedata.normalize("NFKD", text).translate(_LETTERS)
    kept = (char if char.isalnum() else " " for char in plain if char.isalnum() or char.isspace())
    return " ".join("".join(kept).split())
