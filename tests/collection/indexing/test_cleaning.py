"""Names as they are compared: the document's rules, and where they are mended."""

from __future__ import annotations

import re

import pytest

from audiolime_ext.collection.indexing.cleaning import clean_artist, clean_title, match_key, numbers_in


def documents_title(title: str) -> str:
    """The founding document's own function."""
    title = title.lower()
    title = re.sub(r"\(.*?\)", "", title)
    title = re.sub(r"/.*", "", title)
    title = re.sub(r"[^a-z0-9\s]", "", title)
    return title.strip()


def documents_artist(artist: str) -> str:
    artist = artist.lower()
    artist = artist.split(";")[0]
    artist = re.sub(r"(feat\.|with).*", "", artist)
    artist = re.sub(r"[^a-z0-9\s]", "", artist)
    return artist.strip()


@pytest.mark.parametrize(
    "title",
    [
        *("Longtime (feat. Skepta)", "What I've Done", "Idea 686", "Voice-Over Intro / Voice-Over Session from Thr..."),
        *("The Girl Is Mine (2008 with will.i.am) (with w", "A march for new european", "Quincy Jones Interview #3"),
    ],
)
def test_plain_titles_are_cleaned_as_the_document_does_it(title: str) -> None:
    assert clean_title(title) == " ".join(documents_title(title).split())


@pytest.mark.parametrize("artist", ["Wizkid;Skepta", "Chino & Nacho", "Rihanna feat. Drake", "Queen with Adam Lambert"])
def test_plain_artists_are_cleaned_as_the_document_does_it(artist: str) -> None:
    assert clean_artist(artist) == " ".join(documents_artist(artist).split())


@pytest.mark.parametrize(
    ("title", "cleaned", "by_the_document"),
    [
        ("Dom na wiślanym brzegu", "dom na wislanym brzegu", "dom na wilanym brzegu"),
        ("Группа крови", "группа крови", ""),
        ("小提琴", "小提琴", ""),
        ("Smørrebrød", "smorrebrod", "smrrebrd"),
        ("(Intro)", "intro", ""),
    ],
)
def test_letters_of_every_script_stay(title: str, cleaned: str, by_the_document: str) -> None:
    assert (clean_title(title), documents_title(title)) == (cleaned, by_the_document)


def test_accents_do_not_matter_however_they_are_encoded() -> None:
    assert clean_title("Traumta\u0308nzerball") == clean_title("Traumtänzerball") == clean_title("TRAUMTANZERBALL")


def test_words_that_only_begin_like_with_stay() -> None:
    assert (clean_artist("Bill Withers"), documents_artist("Bill Withers")) == ("bill withers", "bill")
    assert clean_artist("With") == "with"


def test_a_name_of_which_nothing_is_left_is_no_key() -> None:
    assert match_key("!!!", "Chk Chk Chk") is None
    assert match_key("", "Bach") is None


def test_numbers_tell_names_apart() -> None:
    assert numbers_in("part ii - band") != numbers_in("part iii - band")
    assert numbers_in("symphony no 5 - b") == numbers_in("5 symphony no - b")
