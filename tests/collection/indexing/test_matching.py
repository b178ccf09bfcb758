"""Songs and rows of a catalogue: what belongs together is found, and nothing is paired at random."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import pytest
from rapidfuzz import fuzz

from audiolime_ext.collection.indexing.cleaning import match_key, sorted_words
from audiolime_ext.collection.indexing.matching import Matched, match
from audiolime_ext.collection.songs import Song
from audiolime_ext.errors import MissingError, UsageError
from tests.recommendation.planted import DOCUMENT

DEEZER = (  # titles and artists of the document
    ("Air (Johann Sebastian Bach)", "Ed Staginsky"),
    ("Grande Fratello (remix)", "Roberto Delledonne"),
    ("Carousel", "Michael Jackson"),
    ("Goodbye (na na na) (Original Radio Version)", "Rob M"),
)


def table(*lines: tuple[str, str] | tuple[str, str, float]) -> list[tuple[Song, float]]:
    """Rows of title, artist and energy, whose keys are 2, 3, …; without an energy, each has its own."""
    return [
        (Song(str(n), title=line[0], artist=line[1]), line[2] if len(line) == 3 else float(n))
        for n, line in enumerate(lines, 2)
    ]


def songs(*names: tuple[str | None, str | None]) -> list[Song]:
    return [Song(f"key {n}", title=title, artist=artist) for n, (title, artist) in enumerate(names)]


def paired(given: list[Song], rows: list[tuple[Song, float]], **options: float) -> Matched:
    same = lambda i, j: rows[i][1] == rows[j][1]  # noqa: E731
    return match(given, [song for song, _ in rows], same=same, **options)


def pairs(given: list[Song], rows: list[tuple[Song, float]], **options: float) -> list[tuple[str, int, float]]:
    found = paired(given, rows, **options)
    assert {*found.rows, *found.why} == set(range(len(given)))
    return [(str(given[at].title), int(rows[row][0].key), found.scores[at]) for at, row in found.rows.items()]


def why(given: list[Song], rows: list[tuple[Song, float]]) -> dict[str, str]:
    return {str(given[at].title): reason for at, reason in paired(given, rows).why.items()}


def test_the_documents_pair_is_found_and_its_others_are_not_paired() -> None:
    lines = [("Traumtänzerball", "Michelle"), *((title, artist) for title, artist, _ in DOCUMENT)]
    given = songs(("Traumtänzerball (Album Version)", "Michelle"), *DEEZER)
    assert pairs(given, table(*lines)) == [("Traumtänzerball (Album Version)", 2, 100.0)]
    assert set(why(given, table(*lines)).values()) == {"no name in the catalogue is 90 % alike"}


def test_a_shuffled_collection_finds_its_own_lines() -> None:
    """Planted: every song has one line, written a little differently."""
    lines = [(f"{title} (Remastered)", artist) for title, artist, _ in DOCUMENT]
    given = songs(*((title.replace("z", "zz").upper(), artist) for title, artist, _ in reversed(DOCUMENT)))
    assert [row for _, row, _ in pairs(given, table(*lines))] == [7, 6, 5, 4, 3, 2]


def test_the_score_is_rapidfuzzs_token_sort_ratio() -> None:
    one, other = match_key("Weh Di Time", "Voicemail"), match_key("Wey Di Time", "Voicemail")
    assert one is not None
    assert other is not None
    assert fuzz.ratio(sorted_words(one), sorted_words(other)) == fuzz.token_sort_ratio(one, other)
    ((_, _, score),) = pairs(songs(("Weh Di Time", "Voicemail")), table(("Wey Di Time", "Voicemail")))
    assert score == pytest.approx(fuzz.token_sort_ratio(one, other))
    assert 90 < score < 100


def test_below_90_nothing_is_paired_unless_it_is_asked_for() -> None:
    given, lines = songs(("Untha", "Les Secrets De Morphee")), table(("Untha Dub Mix", "Secrets De Morphee"))
    assert not pairs(given, lines)
    assert len(pairs(given, lines, least_score=80)) == 1
    for least_score in (0, 101):
        with pytest.raises(UsageError, match="scores are above 0 and 100 at most"):
            paired(given, lines, least_score=least_score)


def test_of_two_versions_the_one_that_is_written_alike_is_taken() -> None:
    lines = table(("Hurt", "Johnny Cash", 0.1), ("Hurt (Live)", "Johnny Cash", 0.9))
    assert pairs(songs(("hurt (live)", "Johnny Cash")), lines) == [("hurt (live)", 3, 100.0)]
    assert why(songs(("Hurt (Demo)", "Johnny Cash")), lines) == {"Hurt (Demo)": "rows 2 and 3 fit it equally well"}


def test_of_many_versions_three_are_told() -> None:
    rows = table(*[(f"Hurt ({place})", "Johnny Cash") for place in ("Rome", "Oslo", "Bonn", "Riga")])
    assert why(songs(("Hurt", "Johnny Cash")), rows) == {"Hurt": "rows 2, 3, 4 … fit it equally well"}


def test_lines_that_repeat_others_are_one() -> None:
    """Spotify's table lists a song once for each of its genres."""
    rows = table(*[("Hurt", "Johnny Cash", 0.1)] * 3)
    assert pairs(songs(("Hurt", "Johnny Cash")), rows) == [("Hurt", 2, 100.0)]


def test_two_lines_that_are_equally_alike_are_not_guessed_between() -> None:
    lines = table(("Morning Song A", "The Band"), ("Morning Song B", "The Band"))
    assert why(songs(("Morning Song C", "The Band")), lines) == {"Morning Song C": "rows 2 and 3 fit it equally well"}


def test_a_line_goes_to_the_song_that_it_fits_best() -> None:
    line = table(("Wonderful Evening", "The Long Name Band"))
    near, nearer = ("Wonderfull Eveningg", "The Long Name Band"), ("Wonderful Evenings", "The Long Name Band")
    assert [title for title, *_ in pairs(songs(near, nearer), line)] == [nearer[0]]
    assert why(songs(near, nearer), line) == {near[0]: "row 2 fits another song better"}
    assert not pairs(songs(nearer, nearer), line)
    assert set(why(songs(nearer, nearer), line).values()) == {"row 2 fits 2 songs equally well"}


def test_the_same_song_in_two_files_has_one_line() -> None:
    given = songs(("Hurt", "Johnny Cash"), ("Hurt (Remaster)", "Johnny Cash"))
    assert [row for _, row, _ in pairs(given, table(("Hurt", "Johnny Cash")))] == [2, 2]


@pytest.mark.parametrize("title", ["Symphony No. {}", "Interview #{}", "Part {} of a long story"])
@pytest.mark.parametrize("numbers", [("5", "6"), ("II", "III")])
def test_names_that_differ_in_a_number_are_not_alike(title: str, numbers: tuple[str, str]) -> None:
    one, other = (title.format(number) for number in numbers)
    long_name = "A Very Long Name of an Orchestra"
    assert not pairs(songs((one, long_name)), table((other, long_name)))


def test_a_line_that_a_song_has_exactly_is_offered_to_no_other() -> None:
    lines = table(("Evening in Paris", "Chet Baker"))
    given = songs(("Evening in Paris", "Chet Baker"), ("Evenings in Paris", "Chet Baker"))
    assert pairs(given, lines) == [("Evening in Paris", 2, 100.0)]


def test_songs_without_names_are_left_with_the_reason() -> None:
    found = paired(songs((None, "Bach"), ("Air", None), ("?", "!")), table(("Air", "Bach")))
    assert list(found.why.values()) == ["it has no title or no artist"] * 3


def test_the_order_of_songs_and_lines_does_not_matter() -> None:
    names = [*DEEZER, *((title, artist) for title, artist, _ in DOCUMENT)]
    lines = [(title.upper(), artist) for title, artist in names[2:]]

    def found(given: Iterable[tuple[str, str]], other: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        titles, rows = songs(*given), table(*other)
        return {(title, str(rows[key - 2][0].title)) for title, key, _ in pairs(titles, rows)}

    assert len(found(names, lines)) == len(lines)
    assert found(names, lines) == found(reversed(names), list(reversed(lines)))


def test_without_rapidfuzz_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidfuzz", None)
    with pytest.raises(MissingError, match=r"needs the package rapidfuzz: pip install 'audiolime-ext\[matching\]'"):
        paired(songs(("Air", "Bach")), table(("Aria", "Bach")))
