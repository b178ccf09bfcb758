"""Words as links: the first of each, whatever its form, with what it means; all else is escaped."""

from __future__ import annotations

import re

import pytest

from audiolime_ext.audit.verdict.glossary import GLOSSARY, OF_REPORT
from audiolime_ext.report.audit.linked import anchor, linked


def test_the_first_of_each_word_is_a_link_and_nothing_else_changes() -> None:
    text = "open: <drums> flip; 20 host songs, 3 donor songs, 20 host songs; beyond the limit & δ of hpss"
    html = str(linked(text))
    assert re.findall('href="#(.*?)"', html) == [anchor(w) for w in ("open", "flips", "host", "donor", "limit", "δ")]
    bare = re.sub(r"</?a\b[^>]*>", "", html)
    assert bare == text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert GLOSSARY["host"] in html
    assert str(linked("Limit 36 %")).startswith('<a class="word" href="#word-limit"'), "a sentence begins with it"


def test_names_of_settings_are_links_only_where_settings_are_named() -> None:
    assert linked("what was tried all the same, as loud as the host's own").count("<a ") == 1
    assert linked("own, matched", named=True).count("<a ") == 2


@pytest.mark.parametrize("text", ["opened", "ghost songs", "unlimited", "overflips", "disown"])
def test_words_within_words_are_no_links(text: str) -> None:
    assert linked(text) == text


def test_anchors_are_apart() -> None:
    anchors = {anchor(word) for word in OF_REPORT}
    assert len(anchors) == len(OF_REPORT)
    assert all(re.fullmatch("[a-z-]+", one) for one in anchors)
