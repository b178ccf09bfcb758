"""Figures show the explanation's own numbers."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import Audio, Explanation, TrackExplanation, explain, explain_track, tagger
from audiolime_ext.cli import main
from audiolime_ext.cli.tag import genre_of, read_genres
from audiolime_ext.errors import OutputError, UsageError
from audiolime_ext.report.plots import plot_audio, plot_explanation, plot_top_tags, plot_track
from factorizations.oracle import OracleFactorization
from tests.cli.test_commands import SR, furnish


@pytest.fixture(scope="module")
def band() -> OracleFactorization:
    time = np.arange(3 * SR) / SR
    waves = {"vocals": 0.3 * np.sin(2 * np.pi * 220 * time), "drums": 0.1 * np.sin(2 * np.pi * 2000 * time)}
    return OracleFactorization({name: (wave.astype(np.float32), SR) for name, wave in waves.items()})


LOUD = tagger(lambda b: np.sqrt((b**2).mean(axis=1, keepdims=True)), sr=SR, labels=["loud"], window_s=1.0)


@pytest.fixture(scope="module")
def excerpt(band: OracleFactorization) -> Explanation:
    return explain(band.mixture, LOUD, factorization=band, labels="loud", start_s=0.5)


@pytest.fixture(scope="module")
def track(band: OracleFactorization) -> TrackExplanation:
    return explain_track(band.mixture, LOUD, factorization=band, labels="loud", cache=False)


def test_bars_are_the_weights(excerpt: Explanation) -> None:
    bars, spectrogram = plot_explanation(excerpt).axes
    widths = [patch.get_width() for patch in bars.patches]  # type: ignore[attr-defined]
    np.testing.assert_allclose(widths, list(excerpt.weights().values()))
    assert [tick.get_text() for tick in bars.get_yticklabels()] == ["vocals", "drums"]
    assert spectrogram.get_title(loc="left") == "vocals within the mix"
    assert len(spectrogram.images) == 2


def test_estimates_have_error_bars_and_only_the_heaviest_are_drawn(band: OracleFactorization) -> None:
    options = {"segments": 12, "method": "shapley", "max_evals": 300}
    sampled = explain(band.mixture, LOUD, factorization=band, labels="loud", start_s=0.5, **options)  # type: ignore[arg-type]
    bars = plot_explanation(sampled).axes[0]
    assert len(bars.patches) == 12
    (errors,) = [one for one in bars.containers if type(one).__name__ == "ErrorbarContainer"]
    assert errors.has_xerr  # type: ignore[attr-defined]


def test_weights_over_time_stack_up_to_the_score(track: TrackExplanation) -> None:
    _, below, _ = plot_track(track).axes
    assert below.get_ylabel() == "loud"
    tops = [patch.get_y() + patch.get_height() for patch in below.patches]  # type: ignore[attr-defined]
    np.testing.assert_allclose(max(tops), track.score("loud")[0].max(), rtol=1e-5)


def test_a_spectrogram_has_its_tone_where_it_is() -> None:
    tone = Audio(np.sin(2 * np.pi * 1000 * np.arange(SR) / SR).astype(np.float32)[None], SR, "tone")
    axis = plot_audio(tone).axes[0]
    assert axis.get_title(loc="left") == "tone"
    image = axis.images[0].get_array()
    loudest = np.asarray(image).mean(axis=1).argmax()
    assert 0.3 < loudest / len(np.asarray(image)) < 0.6  # 1 kHz of 4 in mel


def test_counts_by_genre_are_printed_and_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path, str(tmp_path)])
    Path("genres.csv").write_text("file,genre\nsong.wav,Hum\nother.wav,Rock\n")
    command = ["tag", "song.wav", "-t", "studio_models:windowed", "--genres", "genres.csv"]
    assert main([*command, "--figure", "figure.png"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "figure: figure.png"
    assert "recordings by highest label and annotated genre\n" in out
    assert "Hum" in out
    assert Path("figure.png").read_bytes().startswith(b"\x89PNG")
    assert main([*command, "--figure", "figure.docx"]) == 2
    assert main(["tag", "song.wav", "-t", "studio_models:windowed", "--figure", "x.png"]) == 2
    Path("genres.csv").write_text("else.wav,Hum\n")
    assert main(command) == 2
    assert "has no genre for song.wav" in capsys.readouterr().err


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_files_of_one_name_have_genres_of_their_own(tmp_path: Path, separator: str, encoding: str) -> None:
    table = tmp_path / "genres.csv"
    table.write_bytes(f"hum/0.wav{separator}Hum\nrock/0.wav{separator}Rock\n1.wav{separator}Pop\n".encode(encoding))
    genres = read_genres(table)
    files = ["songs/rock/0.wav", "hum/0.wav", "any/1.wav", "0.wav", "else.wav"]
    assert [genre_of(file, genres) for file in files] == ["Rock", "Hum", "Pop", None, None]


def test_a_figure_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        plot_top_tags([("Jazz", "jazz")], tmp_path / "nowhere" / "figure.png")
    with pytest.raises(UsageError, match=r"ends in \.png, \.pdf or \.svg"):
        plot_top_tags([("Jazz", "jazz")], tmp_path / "figure")


@pytest.mark.parametrize("name", ["$$", r"a $\frac$", "\ud800", "\x1b[2J", "_under"])
def test_a_name_is_drawn_whatever_it_is(tmp_path: Path, name: str) -> None:
    plot_top_tags([(name, name), ("Jazz", "jazz")], tmp_path / "figure.svg")
    hiss = np.random.default_rng(0).normal(0, 0.1, SR).astype(np.float32)
    odd = OracleFactorization({name: (hiss, SR), "drums": (0.5 * hiss, SR)})
    track = explain_track(odd.mixture, LOUD, factorization=odd, cache=False)
    for figure in (plot_track(track), plot_explanation(track.open_window(0))):
        figure.savefig(tmp_path / "figure.png")
