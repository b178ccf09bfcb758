"""Classes that a model calls by other names: as text, as a table, as a mapping."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from audiolime_ext.collection.importers import gather
from audiolime_ext.collection.importers.draft import Draft
from audiolime_ext.collection.label_map import LabelMap, load_label_map
from audiolime_ext.collection.manifest import load_manifest
from audiolime_ext.errors import UsageError

LABELS = ("Rock", "Metal", "R&B; Soul", "a=b", "Hip-Hop")
ODD = {"rock": "Rock", "r;b": "R&B; Soul", "a=b": "a=b", r"back\slash": "Metal", "talk": ""}


def test_text_table_and_mapping_say_the_same(tmp_path: Path) -> None:
    table = tmp_path / "map.csv"
    table.write_text("class,label\nrock,rock\nr;b,R&B; Soul\na=b,a=b\nback\\slash,metal\ntalk,\n")
    text = r"rock=Rock; r\;b = R&B\; Soul ;a\=b=a\=b;back\\slash=Metal;talk="
    for given in (ODD, text, table, str(table)):
        assert load_label_map(given, LABELS).labels == ODD


def test_a_map_is_written_as_it_is_read() -> None:
    found = load_label_map(ODD, LABELS)
    assert load_label_map(found.text, LABELS) == found
    assert load_label_map(dict(reversed(ODD.items())), LABELS).text == found.text


@pytest.mark.parametrize(
    ("given", "complaints"),
    [
        (
            "rock=Rok;metal=Mettal",
            [
                "unknown label of the model 'Rok'; did you mean 'Rock'",
                r"\(allowed: Rock, Metal, R&B; Soul, a=b, Hip-Hop\)",
                "'Mettal'; did you mean 'Metal'",
                "2 problems",
            ],
        ),
        ("rock=Rock;rock=Metal", ["the class 'rock' has two labels, 'Rock' and 'Metal'; keep one"]),
        ("rock=Rock=Metal", [r"'rock=Rock=Metal' is no pair; write class=label", r"within a name '\\;' and '\\='"]),
        ("rock=Rock;metal", ["'metal' is no pair"]),
        ("=Rock", ["no class in front of 'Rock'"]),
        ({}, ["it is empty; write class=label"]),
        ("no/such.csv", ["there is no file no/such.csv"]),
    ],
)
def test_what_is_wrong_with_a_map_is_told_together(given: str | Mapping[str, str], complaints: list[str]) -> None:
    with pytest.raises(UsageError) as refused:
        load_label_map(given, LABELS)
    for complaint in complaints:
        refused.match(complaint)


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    for name in "abcd":
        (tmp_path / f"{name}.wav").touch()
    table = tmp_path / "songs.csv"
    table.write_text("path,label\na.wav,rock\nb.wav,heavy;rock\nc.wav,talk\nd.wav,metal\n")
    return table


def test_classes_are_read_as_the_labels_that_they_are_mapped_to_and_what_became_of_them_is_told(songs: Path) -> None:
    with_notes = load_manifest(songs, labels=LABELS, label_map="heavy=Metal;metal=Metal;talk=;tlak=Rock")
    found = [(row.path.name, row.labels) for row in with_notes.rows]
    assert found == [("a.wav", ("Rock",)), ("b.wav", ("Metal", "Rock")), ("d.wav", ("Metal",))]
    one, gone, odd = with_notes.notes
    assert one.endswith("songs.csv are one label, 'Metal': heavy and metal")
    assert gone == "1 recording is left out: the label map gives no label to 'talk'"
    assert odd.startswith("the label map names 'tlak', which is no class of")
    (odd,) = load_manifest(songs, labels=(*LABELS, "talk"), label_map="heavy=Metal;tlak=Rock").notes
    assert odd.endswith("did you mean 'talk'?")


def test_two_classes_of_one_recording_may_become_one(songs: Path) -> None:
    found = load_manifest(songs, labels=LABELS, label_map={"heavy": "Rock", "talk": "Metal"})
    assert found.rows[1].labels == ("Rock",)


def test_an_unknown_class_lists_the_labels_near_ones_first_and_says_how_to_map_it(songs: Path) -> None:
    labels = [*LABELS, *(f"label {i}" for i in range(10)), "heavy metal"]
    with pytest.raises(UsageError, match="cannot be used, 2 problems") as refused:
        load_manifest(songs, labels=labels)
    refused.match(r"line 3: unknown label 'heavy'; did you mean 'heavy metal'\?")
    refused.match(r"line 4: unknown label 'talk'")
    refused.match("the model's labels are Rock, Metal, R&B; Soul, .*label 9, heavy metal; where a class has another")
    refused.match(r"--map 'heavy=heavy metal' \(label_map=\{'heavy': 'heavy metal'\}\), and --map 'heavy=' leaves it")


def test_a_misspelt_class_of_the_map_is_named_beside_the_class_that_the_model_does_not_know(songs: Path) -> None:
    misspelt = r"the label map names 'heavi', which is no class of .*; did you mean 'heavy'\?"
    with pytest.raises(UsageError, match=misspelt) as refused:
        load_manifest(songs, labels=LABELS, label_map="heavi=Metal;talk=")
    refused.match("line 3: unknown label 'heavy'")
    drafts = [Draft(i, Path(__file__), (f"genre---{tag}",)) for i, tag in enumerate(("heavy", "talk"))]
    with pytest.raises(UsageError, match=f"the model knows none of its classes.*; {misspelt}"):
        gather(drafts, labels=LABELS, mapped=LabelMap({"heavi": "Metal", "talk": ""}), origin="songs.tsv")


def test_folders_and_published_tables_are_mapped_too(tmp_path: Path) -> None:
    for name in ("heavy", "rock"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.wav").touch()
    assert load_manifest(tmp_path, labels=LABELS, label_map="heavy=Metal").labels == ("Metal", "Rock")
    drafts = [Draft(i, Path(__file__), (f"genre---{tag}",)) for i, tag in enumerate(("heavy", "rock", "talk"))]
    found = gather(drafts, labels=LABELS, mapped=LabelMap({"heavy": "Metal", "talk": ""}), origin="songs.tsv")
    assert [draft.labels for draft in found.drafts] == [("Metal",), ("Rock",)]
    assert found.notes == (f"1 recording of songs.tsv has no class that the model knows and is left out: {__file__}",)


def test_what_is_no_label_is_refused_and_none_leaves_out() -> None:
    assert load_label_map({"heavy": None, "soft": "rock"}, LABELS).labels == {"heavy": "", "soft": "Rock"}
    for wrong in (0, 1.5, ["rock"], b"rock"):
        with pytest.raises(UsageError, match=r"the label map holds 'heavy': .*; classes and labels are names"):
            load_label_map({"heavy": wrong}, LABELS)  # type: ignore[dict-item]
    with pytest.raises(UsageError, match="not of type list"):
        load_label_map(["heavy"], LABELS)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="it is empty"):
        load_label_map("", LABELS)


def test_a_class_that_the_map_names_already_is_not_suggested_for_another() -> None:
    (told,) = LabelMap({"schwer": "rock", "sprache": ""}).notes(["schwer"], 0, "songs")
    assert told == "the label map names 'sprache', which is no class of songs"
