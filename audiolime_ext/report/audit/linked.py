"""Words of an audit as links to what they mean: to hover over, to tap, to reach by keyboard."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from audiolime_ext.audit.verdict.glossary import GLOSSARY, OF_REPORT

_FORMS = {"host song": "host", "host songs": "host", "donor song": "donor", "donor songs": "donor", "flip": "flips"}
_WORDS = {**{word: word for word in OF_REPORT}, **_FORMS}
_ANY = re.compile(rf"(?<!\w)({'|'.join(sorted(map(re.escape, _WORDS), key=len, reverse=True))})(?!\w)")


def anchor(word: str) -> str:
    """The anchor of a word in the list of words.

    Examples
    --------
    >>> anchor("not auditable")
    'word-not-auditable'
    """
    return f"word-{'delta' if word == 'δ' else word.replace(' ', '-')}"


def linked(text: str) -> Markup:
    """A text, escaped, in which each word of the glossary is a link where it first stands.

    Examples
    --------
    >>> print(linked("20 host songs <b>"))
    20 <a class="word" href="#word-host" title="the recording that is changed: ...">host songs</a> &lt;b&gt;
    """
    seen = set[str]()

    def link(found: re.Match[str]) -> str:
        word = _WORDS[found[1]]
        if word in seen:
            return found[1]
        seen.add(word)
        return f'<a class="word" href="#{anchor(word)}" title="{escape(GLOSSARY[word])}">{found[1]}</a>'

    return Markup(_ANY.sub(link, str(escape(text))))
