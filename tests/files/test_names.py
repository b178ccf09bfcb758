"""Names of files, as people and programs read them."""

from __future__ import annotations

import os

import pytest

from audiolime_ext.files.names import cut, exact, file_name, free_name, legible, told_apart, utf8


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Female vocalists", "female-vocalists"),
        ("../../etc/passwd", "etc-passwd"),
        ("a/b", "a-b"),
        ("..", "label"),
        ("<script>", "script"),
        ("", "label"),
        ("小提琴", "小提琴"),
        ("x" * 300, "x" * 60),
    ],
)
def test_a_label_becomes_a_name_that_stays_in_its_folder(label: str, expected: str) -> None:
    assert file_name(label, set()) == expected
    assert file_name(label, {expected}) == f"{expected}-2"


NAMES = [
    b"caf\xe9.wav",
    b"bad\xff\xfe.wav",
    b"new\nline.wav",
    b"tab\there\x7f",
    rb"back\slash.wav",
    rb"\xe9 as four letters.wav",
    rb"\x5c\\x5c.wav",
    rb"\\xff" + b"\xff",
    "Песня 小提琴 😀 nfd-e\u0301.wav".encode(),
    b"\x1b[31mred",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_legible_name_is_one_line_of_text_and_is_read_back(name: bytes) -> None:
    text = legible(os.fsdecode(name))
    assert os.fsencode(exact(text)) == name
    assert text.isprintable()
    assert utf8(text) == text.encode().decode() == text


def test_different_names_stay_different() -> None:
    assert len({legible(os.fsdecode(name)) for name in NAMES}) == len(NAMES)


@pytest.mark.parametrize("name", ["小提琴.wav", "plain.wav", "a:b.wav", r"C:\music\song.wav"])
def test_a_name_that_is_text_stays_as_it_is(name: str) -> None:
    assert legible(name) == name


def test_a_stream_writes_what_is_no_text_in_the_same_way() -> None:
    name = os.fsdecode(b"caf\xe9.wav")
    assert f"cannot read {name}".encode("utf-8", "legible").decode() == f"cannot read {legible(name)}"
    assert "é".encode("ascii", "legible") == rb"\xe9"  # what a terminal cannot show
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", "legible")


def test_names_are_cut_at_bytes_on_whole_characters() -> None:
    assert (cut("小提琴", 8), cut("小提琴", 9), cut("e\u0301", 2)) == ("小提", "小提琴", "e")
    assert cut(os.fsdecode(b"\xff\xfe\xfd"), 2) == os.fsdecode(b"\xff\xfe")


def test_names_that_are_cut_stay_different_and_fit() -> None:
    taken: list[str] = []
    for _ in range(12):
        taken.append(free_name("歌" * 85, taken, ending=".html"))
    assert len(set(taken)) == 12
    assert max(len(f"{name}.html".encode()) for name in taken) <= 255
    labels: list[str] = []
    for end in "abc":
        labels.append(file_name("𠀀" * 60 + end, labels))
    assert len(set(labels)) == 3
    assert max(len(f".{label}.wav.xxxxxxxx.part".encode()) for label in labels) <= 255


@pytest.mark.parametrize("name", ["CON", "aux", "nul", "COM1", "lpt9"])
def test_names_of_devices_are_avoided(name: str) -> None:
    assert free_name(name) == f"{name}-2"
    assert file_name(name, ()) == f"{name.lower()}-2"


def test_files_of_one_name_are_told_apart_by_as_little_as_possible() -> None:
    paths = ["m/rock/a/0.wav", "m/jazz/a/0.wav", "m/rock/b/0.wav", "m/1.wav", "0.wav"]
    assert list(told_apart(paths).values()) == ["rock/a/0.wav", "jazz/a/0.wav", "b/0.wav", "1.wav", "0.wav"]
    assert told_apart(["a/0.wav", "a/0.wav"]) == {"a/0.wav": "0.wav"}
    assert told_apart(["./a", "a"]) == {"./a": "a", "a": "a"}
