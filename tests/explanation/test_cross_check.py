"""Whether a second separator finds the same sound, whatever it is called."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import Explanation, explain, tagger
from audiolime_ext.audio.recording import Audio
from audiolime_ext.cli import main
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.cross_check import Agreement, CrossCheck
from factorizations.oracle import OracleFactorization

SR = 8000
TIME = np.arange(2 * SR) / SR
SOUND = {
    "bass": 0.2 * np.sin(2 * np.pi * 200 * TIME),
    "flute": 0.3 * np.sin(2 * np.pi * 1500 * TIME),
    "cymbals": 0.05 * np.random.default_rng(0).normal(size=TIME.size),
}


def strengths(batch: np.ndarray) -> np.ndarray:
    turns = np.exp(-2j * np.pi * np.outer(np.arange(batch.shape[1]), [200, 1500]) / SR)
    return np.asarray(np.minimum(1.0, np.abs(batch @ turns) * 10 / batch.shape[1]))


MODEL = tagger(strengths, sr=SR, labels=["low", "high"])


def stems(**groups: str) -> OracleFactorization:
    """True stems, each the sum of the named sounds."""
    summed = {name: np.sum([SOUND[each] for each in group.split("+")], axis=0) for name, group in groups.items()}
    return OracleFactorization({name: (samples.astype(np.float32), SR) for name, samples in summed.items()})


FIRST = stems(bass="bass", flute="flute", cymbals="cymbals")


def checked(second: OracleFactorization, **options: object) -> CrossCheck:
    found = explain(FIRST.mixture, MODEL, factorization=FIRST, labels=["low"], cross_check=second, **options)  # type: ignore[arg-type]
    assert found.cross_check is not None
    return found.cross_check


@pytest.mark.parametrize(
    ("second", "word", "sentence"),
    [
        ("deep=bass rest=flute+cymbals", "agree", "low: the other separator agrees: 100 % of bass lies in its deep"),
        (
            "band=bass+flute rest=cymbals",
            "wider",
            "low: the other separator agrees: 100 % of bass lies in its band, "
            "which holds more besides (31 % of it is bass)",
        ),
    ],
)
def test_it_agrees_where_the_same_sound_leads_whatever_it_is_called(second: str, word: str, sentence: str) -> None:
    found = checked(stems(**dict(pair.split("=") for pair in second.split())))
    assert [one.word for one in found.labels] == [word]
    shares = [found.labels[0].lies_in, found.labels[0].reverse]
    assert shares == [round(share or 0, 4) for share in shares]
    head = "cross-checked with the other separator, by 8 more predictions, its checks included"
    assert found.remarks() == [head, sentence]


def test_an_output_without_a_name_is_called_by_its_number() -> None:
    unnamed = tagger(strengths, sr=SR, version="1")
    found = explain(
        FIRST.mixture, unnamed, factorization=FIRST, labels=[0], cross_check=stems(deep="bass", rest="flute+cymbals")
    )
    assert "output 0: the other separator agrees: 100 % of bass lies in its deep" in str(found)
    assert [one.label for one in (found.cross_check or CrossCheck("", 0, ())).labels] == ["0"]


def test_half_of_the_sound_decides() -> None:
    words = {
        (0.5, 0.5): "agree",
        (0.5, 0.49): "wider",
        (0.49, 1.0): "disagree",
    }
    for (lies_in, reverse), word in words.items():
        assert Agreement("rock", "guitar", "piano", lies_in, reverse).word == word
    assert Agreement("rock", None, None).word == "neither has a leader"
    assert Agreement("rock", "guitar", None).word == "only one has a leader"


def test_every_word_has_a_sentence() -> None:
    found = CrossCheck(
        "hpss",
        4,
        (
            Agreement("rock", "guitar", "percussive", 0.2, 0.9),
            Agreement("rock", "piano", "harmonic", 0.8951, 0.4949),
            Agreement("rock", None, None),
            Agreement("rock", "guitar", None),
            Agreement("rock", None, "harmonic"),
        ),
    )
    assert found.remarks() == [
        "cross-checked with hpss, by 4 more predictions, its checks included",
        "rock: hpss does not agree: only 20 % of guitar lies in its percussive",
        "rock: hpss agrees: 90 % of piano lies in its harmonic, which holds more besides (49 % of it is piano)",
        "rock: hpss names no source either",
        "rock: guitar is named here, by hpss no source is",
        "rock: no source is named here, by hpss harmonic is",
    ]


def test_names_that_are_the_same_are_no_agreement() -> None:
    """The other calls the flute "bass", as separators do."""
    found = checked(stems(bass="flute", flute="bass", cymbals="cymbals"))
    assert (found.labels[0].first, found.labels[0].second) == ("bass", "flute")
    assert found.labels[0].word == "agree"


def test_its_predictions_are_counted_and_its_word_is_kept(tmp_path: Path) -> None:
    alone = explain(FIRST.mixture, MODEL, factorization=FIRST, labels=["low"])
    found = explain(
        FIRST.mixture, MODEL, factorization=FIRST, labels=["low"], cross_check=stems(all="bass+flute+cymbals")
    )
    assert found.cross_check is not None
    assert found.cross_check.n_evals == 6
    assert (found.n_evals, alone.cross_check) == (alone.n_evals, None)
    assert "note: cross-checked with the other separator, by 6 more predictions, its checks included" in str(found)
    again = Explanation.load(found.save(tmp_path / "saved"))
    assert again.cross_check == found.cross_check
    assert again.to_dict()["cross_check"] == found.to_dict()["cross_check"]
    assert found.to_dict()["cross_check"]["labels"][0]["word"] == "only one has a leader"


def test_contrasts_and_models_without_names_can_be_checked_too() -> None:
    second = stems(deep="bass", rest="flute+cymbals")
    contrast = checked(second, target=["low", "high"])
    assert [one.word for one in contrast.labels] == ["agree"]
    found = explain(
        FIRST.mixture, strengths, factorization=FIRST, labels=[1], cross_check=stems(a="flute", b="bass+cymbals")
    )
    assert found.cross_check is not None
    assert [one.word for one in found.cross_check.labels] == ["agree"]


def test_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Audio(FIRST.mixture.samples, SR).write(tmp_path / "song.wav")
    (tmp_path / "my_levels.py").write_text(
        "import numpy as np\nfrom audiolime_ext import tagger\n"
        f"model = tagger(lambda x: np.abs(x).max(-1, keepdims=True), sr={SR}, labels=['loud'])\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    words = ["explain", "song.wav", "-f", "bands:2", "-t", "my_levels:model", "--cross-check", "hpss"]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["cross_check"]
    assert (told["factorization"], told["n_evals"]) == ("hpss", 8)
    assert main([*words, "--track"]) == 2
    assert "--cross-check is for one excerpt" in capsys.readouterr().err


def test_no_separator_checks_itself() -> None:
    with pytest.raises(UsageError, match="cannot check itself; name another separator, such as hpss"):
        explain(FIRST.mixture, MODEL, factorization=FIRST, labels=["low"], cross_check=FIRST)


@pytest.mark.parametrize(
    ("lies_in", "reverse", "word"),
    [
        (0.5, 0.5, "agree"),
        (0.5, 0.4999, "wider"),
        (0.4999, 1.0, "disagree"),
        (None, None, "only one has a leader"),
    ],
)
def test_from_one_half_on_sound_is_the_same(lies_in: float | None, reverse: float | None, word: str) -> None:
    assert Agreement("rock", "drums", "percussive", lies_in, reverse).word == word
