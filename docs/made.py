"""The gallery: real pages, figures and notebooks, made by the commands and examples that are shown beside them.

``python docs/made.py`` writes them into ``docs/_made/gallery``; ``make docs`` calls it. Each of `ITEMS` is a command as
it is typed in a folder of songs, and the files that it leaves.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
ROOT = DOCS.parent
SONGS = DOCS / "_build" / "songs"  # where the commands run
GALLERY = DOCS / "_made" / "gallery"
LABELS = "'female vocalists' metal"


@dataclass(frozen=True)
class Item:
    """A part of the gallery.

    Parameters
    ----------
    page : str
        File to open, below the gallery's folder; its first folder, or it alone, is what is kept of the command.
    title, text : str
        Heading, and a sentence.
    command : str
        Command that makes it.
    """

    page: str
    title: str
    text: str
    command: str


ITEMS = [
    Item(
        "song.html",
        "A song, window by window",
        "Which source each score comes from, over the whole clip; switch sources while it plays.",
        f"audiolime page ezer_ev.ogg --labels {LABELS} -o song.html",
    ),
    Item(
        "splits.html",
        "True stems beside estimated ones",
        "The same labels by the guitar as the band published it, by Spleeter, and by harmonic and percussive parts.",
        "audiolime page feelings.wav -f oracle:stems/feelings -f spleeter:2stems -f hpss --top-labels 2 -o splits.html",
    ),
    Item(
        "moments.html",
        "Some moments, with a listener's remarks",
        "Three windows, and what to listen for in them (`--notes`).",
        f"audiolime page ezer_ev.ogg --at 3 9 15 --notes remarks.csv --labels {LABELS} -o moments.html",
    ),
    Item(
        "guess.html",
        "Guess first",
        "The weights stay hidden until the listener has said what the model heard (`--blind`).",
        f"audiolime page ezer_ev.ogg --blind --labels {LABELS} -o guess.html",
    ),
    Item(
        "relevance.html",
        "A map over the spectrogram, beside the sources",
        "Of a model that is known, a map that is right and one that misleads; switching bands off says which.",
        "python examples/map_of_a_song.py relevance.html",
    ),
    Item("pages/index.html", "A folder of songs", "A page for each, and an index.", "audiolime page clips -o pages"),
    Item(
        "audit/index.html",
        "An audit",
        "Is a song “metal” because of its guitar? Two songs are too few to say; the page says how many it takes.",
        "python examples/audit.py audit",
    ),
    Item(
        "similar.html",
        "Similar songs",
        "The nearest of five, and the pairs of stems by which each is near.",
        "audiolime similar ezer_ev.ogg --in music.index -o similar.html",
    ),
    Item(
        "map.html",
        "A map of a collection",
        "54 pieces of five songs, beside noise that was laid out in the same way; point at one to see its neighbours.",
        "audiolime map pieces/pieces.index --group album -o map.html",
    ),
    Item(
        "playlist.html",
        "A playlist",
        "From one of these pieces to another in ten steps; hear every transition.",
        "audiolime playlist --in pieces/pieces.index --from 'Feelings 3 s' --to 'Ezer év 12 s' -n 10 -o playlist.html",
    ),
    Item(
        "evaluation.html",
        "An embedding, evaluated",
        "Does a piece find others of its song? With intervals, against chance.",
        "audiolime evaluate-embedding pieces/pieces.index --group album -o evaluation.html",
    ),
    Item(
        "why.html",
        "Why this song, and not that one",
        "Stem by stem, with both songs to listen to.",
        "audiolime why ezer_ev.ogg vermocsar.ogg mime.wav --in music.index -o why.html",
    ),
    Item(
        "why_bands.html",
        "Why this song, and not that one, by bands",
        "A map over what sounds, beside the stems (`--gradients`); the model is known: it hears eighths of the bands.",
        "python examples/by_bands.py why_bands.html",
    ),
    Item(
        "beeps/index.html",
        "What a classifier has learnt",
        "Concepts in five linked panels, to look at and to hear; the model is known: it hears beeps of 1 kHz.",
        "python -m examples.beeps beeps",
    ),
    Item(
        "study.html",
        "A study for listeners",
        "Which of two songs should come first? By ear, and after each of two explanations.",
        "audiolime why ezer_ev.ogg vermocsar.ogg mime.wav --in music.index --study -o study.html",
    ),
]
FIGURES = {  # name → title, and what is drawn of what FIGURES_OF makes
    "bars": ("The weights of an excerpt", 'e.plot(style="paper")'),
    "spectrogram": ("The top source within the mix", 'e.plot(kind="spectrogram", label="metal", style="paper")'),
    "time": ("A song over time", 'track.plot(label="female vocalists", style="paper")'),
    "screen": ("For slides and notebooks", "e.plot()"),
    "matrix": ("Which stem of one song is like which of another", 'reason.plot(kind="matrix", style="paper")'),
    "neighbours": ("The nearest songs, and by which stems", 'nearest.plot(style="paper")'),
    "map": ("A map, beside one of noise", 'laid_out.plot(style="paper")'),
    "transitions": ("The transitions of a playlist", 'listed.plot(style="paper")'),
    "relevance": (
        "Where in time and frequency a score comes from, of a model that hears the middle bands alone",
        'heard.plot(style="paper")',
    ),
    "against": (
        "One label against another, by Grad-CAM at a layer with a channel for either",
        'either.plot(style="paper")',
    ),
    "training": ("How a training went, until nothing improved", 'trained.plot(style="paper")'),
}
FIGURES_OF = """
import numpy as np

from audiolime_ext import embedding_map, explain, explain_track, playlist, relevance, similar, why
from audiolime_ext.gradients.methods.against import against
from audiolime_ext.prediction.front_end import LogMel
from audiolime_ext.recommendation.training.result import TrainedEmbedding

e = explain("ezer_ev.ogg", "musicnn:MSD_musicnn", labels=["female vocalists", "metal"])
track = explain_track("ezer_ev.ogg", "musicnn:MSD_musicnn", labels=["female vocalists", "metal"])
nearest = similar("ezer_ev.ogg", "music.index")
reason = why("ezer_ev.ogg", "vermocsar.ogg", "mime.wav", index="music.index")
laid_out = embedding_map("pieces/pieces.index", group="album")
listed = playlist("pieces/pieces.index", n=10, start="Feelings 3 s", end="Ezer év 12 s")
trained = TrainedEmbedding.load("own.training")


class Middle:  # a model that is known: it hears how loud bands 10 to 59 of 96 are, and nothing else
    sr, window_s, hop_s, lead_s, min_s, n_channels, batch_size = 16000, 3.0, 3.0, 0.0, None, 1, 8
    labels, spec, fingerprint, references = ["middle"], None, None, ()
    front_end = LogMel(16000, 512, 256, 96)
    weights = np.repeat([0, 2 / 50, 0], [10, 50, 36])

    def scores(self, features):
        return 1 / (1 + np.exp(4 - (features @ self.weights).mean(axis=1, keepdims=True)))

    def __call__(self, batch):
        return self.scores(self.front_end(batch))

    def vjp(self, features, cotangent_fn, *, wrt=None):
        scores = self.scores(features)
        slope = cotangent_fn(scores) * scores * (1 - scores) / features.shape[1]
        return scores, features, slope[:, :, None] * self.weights * np.ones_like(features)


heard = relevance("ezer_ev.ogg", Middle(), strongest=1)


class Halves(Middle):  # likewise: two scores, of the bands below 48 and from there on
    labels, layers, channels = ["low", "high"], ("halves",), -1

    def at(self, layer):
        raise NotImplementedError

    def activations(self, features, layer):
        is_low = np.arange(96) < 48
        return features[..., None] * np.stack([is_low, ~is_low], axis=1).astype(np.float32)

    def scores(self, features):
        return self.activations(features, "halves").mean(axis=(1, 2))

    def vjp(self, features, cotangent_fn, *, wrt=None):
        inside, scores = self.activations(features, "halves"), self.scores(features)
        return scores, inside, np.broadcast_to(cotangent_fn(scores)[:, None, None] / features[0].size, inside.shape)


cam = {"method": "grad-cam", "layer": "halves", "at": [0.0]}
either = against(*(relevance("ezer_ev.ogg", Halves(), label=label, **cam) for label in ("low", "high")))
"""
NOTEBOOKS = {"start": "The first explanation", "audit": "An audit"}
BEFORE = [
    "audiolime index clips --stems spleeter:2stems -o music.index",
    "python examples/pieces.py pieces",
    "audiolime index pieces/pieces.csv -o pieces/pieces.index",
]


_ELSEWHERE = re.compile(r'<script[^>]*src="https://.*?</script>', re.DOTALL)  # nothing that we show needs them


def prepare() -> None:
    """Lay out the songs that the commands read."""
    from factorizations.oracle import OracleFactorization

    audio = ROOT / "examples" / "audio"
    clips = SONGS / "clips"
    clips.mkdir(parents=True, exist_ok=True)
    for path in (
        ROOT / "audiolime_ext" / "data" / "ezer_ev.ogg",
        audio / "vermocsar.ogg",
        audio / "slow_motion_dream.mp3",
    ):
        shutil.copy(path, clips)
    for name in ("feelings", "mime"):
        shutil.copytree(audio / name, SONGS / "stems" / name, dirs_exist_ok=True)
        OracleFactorization.from_folder(audio / name).mixture.write(clips / f"{name}.wav")
    for path in clips.iterdir():
        shutil.copy(path, SONGS)
    (SONGS / "own.training").mkdir()
    shutil.copy(ROOT / "examples" / "library" / "trainings" / "parts.json", SONGS / "own.training" / "history.json")
    remarks = ["3,a guitar alone", "9.5,the voice comes in", "0:15,voice and band together"]
    (SONGS / "remarks.csv").write_text("".join(f"{line}\n" for line in remarks), encoding="utf-8")


def run(command: str) -> None:
    """Run a command among the songs, with the Python of this process."""
    program, *rest = shlex.split(command)
    own = [sys.executable, "-m", "audiolime_ext"] if program == "audiolime" else [sys.executable]
    rest = [str(ROOT / word) if word.startswith("examples/") else word for word in rest]
    print(f"$ {command}", flush=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([*own, *rest], cwd=SONGS, env=environment, check=True, stdout=subprocess.DEVNULL)


def draw() -> None:
    """Draw the figures, each as a picture for the site and as a PDF for a paper."""
    names: dict[str, object] = {}
    os.chdir(SONGS)
    exec(FIGURES_OF, names)
    for name, (_, code) in FIGURES.items():
        print(f">>> {code}", flush=True)
        figure: Any = eval(code, names)
        figure.savefig(GALLERY / f"{name}.png", dpi=200)
        figure.savefig(GALLERY / f"{name}.pdf")


def execute() -> None:
    """Run the notebooks among the songs, and keep them with what they show."""
    folder = SONGS / "notebooks"  # beside the songs that they look for
    folder.mkdir()
    (SONGS / "audio").symlink_to(ROOT / "examples" / "audio")
    copies = [shutil.copy(ROOT / "examples" / "notebooks" / f"{name}.ipynb", folder) for name in NOTEBOOKS]
    options = ["--execute", "--to", "html", "--output-dir", str(GALLERY), "--log-level", "ERROR"]
    subprocess.run([sys.executable, "-m", "nbconvert", *options, *copies], check=True)
    for name in NOTEBOOKS:
        page = GALLERY / f"{name}.html"
        page.write_text(_ELSEWHERE.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")


def main() -> None:
    """Make everything anew."""
    for folder in (SONGS, GALLERY):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    prepare()
    for command in [*BEFORE, *(item.command for item in ITEMS)]:
        run(command)
    for kept in {item.page.split("/")[0] for item in ITEMS}:
        shutil.move(SONGS / kept, GALLERY / kept)
    draw()
    execute()


if __name__ == "__main__":
    main()
