"""Words of an audit as links to what they mean: to hover over, to tap, to reach by keyboard."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from audiolime_ext.audit.verdict.glossary import GLOSSARY, OF_REPORT

_FORMS = {"host song": "host", "host songs": "host", "donor song": "donor", "donor songs": "donor", "flip": "flips"}
_NAMES = ("own", "matched", "same")  # of settings; in a sentence they are common words
_WORDS = {**{word: word for word in OF_REPORT}, **_FORMS}


def anchor(word: str) -> str:
    """The anchor of a word in the list of words.

    Examples
    --------
    >>> anchor("not auditable")
    'word-not-auditable'
    """
    return f"word-{'delta' if word == 'δ' else word.replace(' ', '-')}"


WORDS = tuple((anchor(word), word, GLOSSARY[word]) for word in OF_REPORT)  # of the page's list


def linked(text: str, *, named: bool = False) -> Markup:
    """A text, escaped, in which each word of the glossary is a link where it first stands.

    Parameters
    ----------
    text : str
        Text to show.
    named : bool
        True if it names settings, so that "own" is the level of a transplant, and not just a word.

    Examples
    --------
    >>> print(linked("20 host songs <b>"))
    20 <a class="word" href="#word-host" title="the recording that is changed: ...">host songs</a> &lt;b&gt;
    """
    seen = set[str]()

    def link(found: re.Match[str]) -> str:
        word = _WORDS[found[1].lower()]
        if word in seen:
            return found[1]
        seen.add(word)
        return f'<a class="word" href="#{anchor(word)}" title="{escape(GLOSSARY[word])}">{found[1]}</a>'

    return Markup(_pattern(named).sub(link, str(escape(text))))


def _pattern(named: bool) -> re.Pattern[str]:
    words = sorted((word for word in _WORDS if named or word not in _NAMES), key=len, reverse=True)
    return re.compile(rf"(?<!\w)({'|'.join(map(re.escape, words))})(?!\w)", re.IGNORECASE)
