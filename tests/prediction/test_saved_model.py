"""What spec strings say of saved models; the models themselves are in tests/adapters."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext.errors import CorruptError, MissingError, UsageError
from audiolime_ext.prediction.front_end import LogMel
from audiolime_ext.prediction.model_files import digest, read, read_archive, reason
from audiolime_ext.prediction.saved_model import Declared
from audiolime_ext.registry import build

SAID = "own.pt?sr=8000&labels=rock;jazz"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_everything_that_can_be_said() -> None:
    more = "&front_end=log-mel:512,256,40&activation=softmax&window_s=3&hop_s=1.5&threads=2"
    assert Declared.parse("torch", SAID + more) == Declared(
        f"torch:{SAID}{more}",
        Path("own.pt"),
        sr=8000,
        labels=("rock", "jazz"),
        front_end=LogMel(8000, 512, 256, 40),
        activation="softmax",
        window_s=3.0,
        hop_s=1.5,
        threads=2,
    )


def test_how_it_is_filled_up_can_be_said_and_is_in_the_fingerprint() -> None:
    def loudness(batch: np.ndarray) -> np.ndarray:
        return np.stack([batch.std(axis=1), 1 - batch.std(axis=1)], axis=1)

    made = {
        more: Declared.parse("torch", f"{SAID}&window_s=1{more}").tagger(loudness, contents=[b"1"], batch_size=8)
        for more in ("", "&fill=silence", "&fill=repeat")
    }
    assert [model.fill for model in made.values()] == ["silence", "silence", "repeat"]
    assert made[""].version == made["&fill=silence"].version != made["&fill=repeat"].version


@pytest.mark.parametrize("kind", ["keras", "torch", "onnx"])
@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("own.keras?sr=8000&labels=a&fill=mirror", r"unknown fill 'mirror'.*silence, repeat, none"),
        ("own.keras", r"does not state its sr; add the option sr=16000"),
        ("own.keras?labels=a;b", r"does not state its sr"),
        ("own.keras?sr=16000", r"does not state its labels; add the option labels=rock;jazz or labels=@FILE"),
        ("?sr=16000&labels=a;b", r"names no file"),
        ("own.keras?sr=fast&labels=a", r"sr is 'fast'; it must be a whole number above 0"),
        ("own.keras?sr=0&labels=a", r"sr is '0'"),
        ("own.keras?sr=8000&labels=a&window_s=nan", r"window_s is 'nan'; it must be a number above 0"),
        ("own.keras?sr=8000&labels=a&window_s=-1", r"window_s is '-1'"),
        ("own.keras?sr=1000000000&labels=a", r"sr is '1000000000'; it must be .* above 0, and 768000 at most"),
        ("own.keras?sr=8000&labels=a&window_s=1e-9", r"window_s is 1e-09, which is no sample at 8000 Hz"),
        ("own.keras?sr=8000&labels=a&threads=1.5", r"threads is '1.5'; it must be a whole number"),
        ("own.keras?sr=8000&labels=a&activation=tanh", r"unknown activation 'tanh'.*softmax, sigmoid, none"),
        ("own.keras?sr=8000&labels=a&rate=3", r"unknown option 'rate'"),
        ("own.keras?sr=8000&labels=a;b;a", r"labels repeats 'a'"),
        ("own.keras?sr=8000&labels=;", r"labels is empty"),
        ("own.keras?sr=8000&labels=@none", r"labels cannot be read from none"),
        ("own.keras?sr=8000&labels=none.txt", r"labels cannot be read from none\.txt"),
    ],
)
def test_what_is_missing_or_cannot_be_is_told(kind: str, argument: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build("model", f"{kind}:{argument}")


@pytest.mark.parametrize("name", ["labels.txt", "@labels.txt", "@tags", "tags"])
def test_labels_are_the_lines_of_a_file(name: str) -> None:
    Path(name.removeprefix("@")).write_text("\ufeffrock & roll\r\nsalsa; merengue\n\n", encoding="utf-8")
    assert Declared.parse("torch", f"own.pt?sr=8000&labels={name}").labels == ("rock & roll", "salsa; merengue")


def test_a_single_label_is_a_label() -> None:
    assert Declared.parse("torch", "own.pt?sr=8000&labels=music").labels == ("music",)


def probability(batch: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(batch).max(axis=1, keepdims=True) * np.array([0.5, 1.0]))


def test_the_fingerprint_is_of_contents_and_options() -> None:
    def fingerprint(more: str = "", content: bytes = b"weights", name: str = "own.pt") -> str | None:
        said = Declared.parse("torch", f"{name}?sr=8000&labels=rock;jazz{more}")
        return said.tagger(probability, contents=[digest(content)], batch_size=4).fingerprint

    same = {fingerprint(), fingerprint(name="moved.pt"), fingerprint("&threads=3")}
    others = ["&window_s=1", "&window_s=1&hop_s=0.5", "&activation=sigmoid"]
    different = {*map(fingerprint, others), fingerprint(content=b"weightt")}
    assert len(same) == 1
    assert len(same | different) == 5


def test_a_model_that_answers_one_signal_differently_beside_another_is_refused() -> None:
    said = Declared.parse("torch", SAID)
    with pytest.raises(UsageError, match=r"training mode"):
        said.tagger(lambda batch: probability(batch - batch.mean(axis=0)), contents=[], batch_size=4)


def test_a_model_that_answers_no_rows_is_refused() -> None:
    said = Declared.parse("torch", SAID)
    with pytest.raises(UsageError, match=r"answers an array of shape \(2,\) to 2 signals"):
        said.tagger(lambda batch: batch.max(axis=1), contents=[], batch_size=4)


def test_a_file_is_read_whole_or_not_at_all() -> None:
    with zipfile.ZipFile("model", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("weights", b"0123456789")
    content = Path("model").read_bytes()
    assert read_archive(Path("model"), "") == content
    for wrong in (content[:-5], content.replace(b"0123", b"0124"), b"", b"no archive"):
        Path("model").write_bytes(wrong)
        with pytest.raises(CorruptError, match=r"model is damaged.*write it anew"):
            read_archive(Path("model"), "write it anew")
    with pytest.raises(MissingError, match=r"there is no model at none"):
        read_archive(Path("none"), "")


def test_an_archive_that_unpacks_to_more_than_a_model_is_refused() -> None:
    with zipfile.ZipFile("model", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", bytes(101_000_000))
    with pytest.raises(CorruptError, match=r"model unpacks to far more than a model does; write it anew"):
        read_archive(Path("model"), "write it anew")


@pytest.mark.skipif(sys.platform == "win32", reason="devices and pipes of POSIX")
def test_only_regular_files_are_read() -> None:
    os.mkfifo("pipe")
    for name, kind in (("/dev/zero", "a device"), ("pipe", "a pipe"), (".", "a folder")):
        with pytest.raises(
            MissingError, match=rf"there is no model at .* that can be read: it is {kind}; name another"
        ):
            read(Path(name))


@pytest.mark.parametrize(
    ("spec", "package", "extra"),
    [
        ("keras:model.keras?sr=8000&labels=a", "keras", "keras"),
        ("torch:model.keras?sr=8000&labels=a", "torch", "torch"),
        ("hf:folder", "transformers", "huggingface"),
    ],
)
def test_a_missing_package_is_told_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, spec: str, package: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with zipfile.ZipFile("model.keras", "w") as archive:
        archive.writestr("weights", b"0123456789")
    Path("folder").mkdir()
    for name in ("config.json", "preprocessor_config.json", "model.safetensors"):
        (Path("folder") / name).write_text("{}")
    with pytest.raises(MissingError, match=rf"{package}: pip install 'audiolime-ext\[{extra}\]'"):
        build("model", spec)


def test_what_another_library_says_is_one_line_without_colours() -> None:
    assert reason(ValueError("\x1b[1mtoo\n\n short\x1b[0m")) == "ValueError: too short"
