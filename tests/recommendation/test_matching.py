"""Songs and lines of a table: what belongs together is found, and nothing is paired at random."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import pytest
from rapidfuzz import fuzz

from audiolime_ext import similar
from audiolime_ext.collection.songs import Song
from audiolime_ext.errors import MissingError, UsageError
from audiolime_ext.recommendation.cleaning import match_key, sorted_words
from audiolime_ext.recommendation.feature_table import FeatureRow, FeatureTable
from audiolime_ext.recommendation.matching import Matched, match
from tests.recommendation.planted import DOCUMENT, SPOTIFY, document

DEEZER = (  # titles and artists of the document
    ("Air (Johann Sebastian Bach)", "Ed Staginsky"),
    ("Grande Fratello (remix)", "Roberto Delledonne"),
    ("Carousel", "Michael Jackson"),
    ("Goodbye (na na na) (Original Radio Version)", "Rob M"),
)


def table(*lines: tuple[str, str] | tuple[str, str, float]) -> FeatureTable:
    """Lines of title, artist and energy; without an energy, each has its own."""
    rows = (FeatureRow(n, line[0], line[1], (*line[2:], float(n))[:1]) for n, line in enumerate(lines, 2))
    return FeatureTable(("energy",), tuple(rows))


def songs(*names: tuple[str | None, str | None]) -> list[Song]:
    return [Song(f"key {n}", title=title, artist=artist) for n, (title, artist) in enumerate(names)]


def pairs(found: Matched) -> list[tuple[str, int, float]]:
    return [(str(one.song.title), one.row.line, one.score) for one in found.matches]


def why(found: Matched) -> dict[str, str]:
    return {str(one.song.title): one.why for one in found.unmatched_songs}


def test_the_documents_pair_is_found_and_its_others_are_not_paired() -> None:
    lines = [("Traumtänzerball", "Michelle"), *((title, artist) for title, artist, _ in DOCUMENT)]
    given = songs(("Traumtänzerball (Album Version)", "Michelle"), *DEEZER)
    found = match(given, table(*lines))
    assert pairs(found) == [("Traumtänzerball (Album Version)", 2, 100.0)]
    assert set(why(found).values()) == {"no name in the table is 90 % alike"}
    assert [row.line for row in found.unmatched_rows] == [3, 4, 5, 6, 7, 8]


def test_a_shuffled_collection_finds_its_own_lines() -> None:
    """Planted: every song has one line, written a little differently."""
    lines = [(f"{title} (Remastered)", artist) for title, artist, _ in DOCUMENT]
    given = songs(*((title.replace("z", "zz").upper(), artist) for title, artist, _ in reversed(DOCUMENT)))
    found = match(given, table(*lines))
    assert [line for _, line, _ in pairs(found)] == [7, 6, 5, 4, 3, 2]


def test_the_score_is_rapidfuzzs_token_sort_ratio() -> None:
    one, other = match_key("Weh Di Time", "Voicemail"), match_key("Wey Di Time", "Voicemail")
    assert one is not None
    assert other is not None
    assert fuzz.ratio(sorted_words(one), sorted_words(other)) == fuzz.token_sort_ratio(one, other)
    ((_, _, score),) = pairs(match(songs(("Weh Di Time", "Voicemail")), table(("Wey Di Time", "Voicemail"))))
    assert score == pytest.approx(fuzz.token_sort_ratio(one, other))
    assert 90 < score < 100


def test_below_90_nothing_is_paired_unless_it_is_asked_for() -> None:
    given, lines = songs(("Untha", "Les Secrets De Morphee")), table(("Untha Dub Mix", "Secrets De Morphee"))
    assert match(given, lines).matches == ()
    assert len(match(given, lines, least_score=80).matches) == 1
    for least_score in (0, 101):
        with pytest.raises(UsageError, match="scores are above 0 and 100 at most"):
            match(given, lines, least_score=least_score)


def test_of_two_versions_the_one_that_is_written_alike_is_taken() -> None:
    lines = table(("Hurt", "Johnny Cash", 0.1), ("Hurt (Live)", "Johnny Cash", 0.9))
    found = match(songs(("hurt (live)", "Johnny Cash")), lines)
    assert pairs(found) == [("hurt (live)", 3, 100.0)]
    demo = match(songs(("Hurt (Demo)", "Johnny Cash")), lines)
    assert why(demo) == {"Hurt (Demo)": "lines 2 and 3 fit it equally well"}


def test_of_many_versions_three_are_told() -> None:
    lines = table(*[(f"Hurt ({place})", "Johnny Cash") for place in ("Rome", "Oslo", "Bonn", "Riga")])
    found = match(songs(("Hurt", "Johnny Cash")), lines)
    assert why(found) == {"Hurt": "lines 2, 3, 4 … fit it equally well"}


def test_lines_without_a_name_are_counted() -> None:
    found = match(songs(("Hurt", "Johnny Cash")), table(("???", "Nobody"), ("!", "Nobody")))
    assert found.notes == ("of 2 lines no letter of the title or the artist is left",)


def test_lines_that_repeat_others_are_one() -> None:
    """Spotify's table lists a song once for each of its genres."""
    found = match(songs(("Hurt", "Johnny Cash")), table(*[("Hurt", "Johnny Cash", 0.1)] * 3))
    assert pairs(found) == [("Hurt", 2, 100.0)]
    assert found.notes == ("2 lines repeat the name and the numbers of others",)


def test_two_lines_that_are_equally_alike_are_not_guessed_between() -> None:
    lines = table(("Morning Song A", "The Band"), ("Morning Song B", "The Band"))
    assert why(match(songs(("Morning Song C", "The Band")), lines)) == {
        "Morning Song C": "lines 2 and 3 fit it equally well"
    }


def test_a_line_goes_to_the_song_that_it_fits_best() -> None:
    line = table(("Wonderful Evening", "The Long Name Band"))
    near, nearer = ("Wonderfull Eveningg", "The Long Name Band"), ("Wonderful Evenings", "The Long Name Band")
    found = match(songs(near, nearer), line)
    assert [title for title, *_ in pairs(found)] == [nearer[0]]
    assert why(found) == {near[0]: "line 2 fits another song better"}
    twins = match(songs(nearer, nearer), line)
    assert (twins.matches, set(why(twins).values())) == ((), {"line 2 fits 2 songs equally well"})


def test_the_same_song_in_two_files_has_one_line() -> None:
    found = match(songs(("Hurt", "Johnny Cash"), ("Hurt (Remaster)", "Johnny Cash")), table(("Hurt", "Johnny Cash")))
    assert [line for _, line, _ in pairs(found)] == [2, 2]


@pytest.mark.parametrize("title", ["Symphony No. {}", "Interview #{}", "Part {} of a long story"])
@pytest.mark.parametrize("numbers", [("5", "6"), ("II", "III")])
def test_names_that_differ_in_a_number_are_not_alike(title: str, numbers: tuple[str, str]) -> None:
    one, other = (title.format(number) for number in numbers)
    long_name = "A Very Long Name of an Orchestra"
    assert match(songs((one, long_name)), table((other, long_name))).matches == ()


def test_a_line_that_a_song_has_exactly_is_offered_to_no_other() -> None:
    lines = table(("Evening in Paris", "Chet Baker"))
    found = match(songs(("Evening in Paris", "Chet Baker"), ("Evenings in Paris", "Chet Baker")), lines)
    assert pairs(found) == [("Evening in Paris", 2, 100.0)]


def test_songs_without_names_are_left_with_the_reason() -> None:
    found = match(songs((None, "Bach"), ("Air", None), ("?", "!")), table(("Air", "Bach")))
    assert [one.why for one in found.unmatched_songs] == ["it has no title or no artist"] * 3
    assert str(found).startswith("0 of 3 songs matched\nunmatched: ")


def test_the_order_of_songs_and_lines_does_not_matter() -> None:
    names = [*DEEZER, *((title, artist) for title, artist, _ in DOCUMENT)]
    lines = [(title.upper(), artist) for title, artist in names[2:]]

    def found(given: Iterable[tuple[str, str]], other: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        return {(str(one.song.title), one.row.title) for one in match(songs(*given), table(*other)).matches}

    assert len(found(names, lines)) == len(lines)
    assert found(names, lines) == found(reversed(names), list(reversed(lines)))


def test_matched_songs_are_compared_by_the_tables_features() -> None:
    index = document()
    rows = (FeatureRow(n, title, artist, values) for n, (title, artist, values) in enumerate(DOCUMENT, 2))
    found = match(index.songs[:5], FeatureTable(SPOTIFY, tuple(rows)))
    by_table = similar("Longtime (feat. Skepta)", found.index(index), k=5)
    assert len(by_table.rows) == 4
    assert set(by_table.rows[0].contributions) == set(SPOTIFY)
    with pytest.raises(UsageError, match="no song is matched, so none has features"):
        match(songs(("Nothing", "Nobody")), FeatureTable(SPOTIFY, ())).index(index)


def test_without_rapidfuzz_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidfuzz", None)
    with pytest.raises(MissingError, match=r"needs the package rapidfuzz: pip install 'audiolime-ext\[matching\]'"):
        match(songs(("Air", "Bach")), table(("Aria", "Bach")))
