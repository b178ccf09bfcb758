"""What a user writes: tables, numbers, names, specs."""

from __future__ import annotations

import random

from tests.fuzz.damage import WINDOWED, Input, mutated
from tests.fuzz.recordings import encoded

CELLS = ("", " ", "loud", "0.wav", "1.wav", "gone.wav", "../0.wav", "a;b", '"', "'", "=1+1", "\0", "é" * 50, "x" * 5000,
         "-1", "nan", "1e999", "0", "0.5", ";;;", "💥", "stems", "\ufeff", "NULL", "[1]")  # fmt: skip
COLUMNS = ("path", "label", "stems", "start_s", "duration_s", "song", "Path", "file", "", "labels", "path ", "artist")


def tables(rng: random.Random, _number: int) -> Input:
    """Manifests: columns and cells by chance, other separators, encodings, ragged rows, damaged bytes."""
    columns = rng.sample(COLUMNS, rng.randrange(1, 6))
    if rng.random() < 0.8:
        columns = list(dict.fromkeys(["path", "label", *columns]))
    rows = [[rng.choice(CELLS) for _ in columns] for _ in range(rng.randrange(0, 6))]
    for row in rows:
        if rng.random() < 0.7 and len(row) >= 2:
            row[:2] = [rng.choice(("0.wav", "1.wav")), rng.choice(("loud", "quiet"))]
        if rng.random() < 0.1:
            row.append("more")
    separator = rng.choice((",", ",", ",", ";", "\t", "|"))
    text = rng.choice(("\n", "\r\n", "\r")).join(separator.join(row) for row in [columns, *rows])
    content = text.encode(rng.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-32")), "replace")
    if rng.random() < 0.3 and content:
        content = mutated(content, rng)[1]
    files = {"0.wav": encoded("pcm.wav"), "1.wav": encoded("float.wav"), "m.csv": content}
    command = ("audit", "m.csv", "-t", WINDOWED, "-f", "bands:2", "-o", "s.sqlite", "--workers", "0")
    return Input("manifest", files, command, frozenset({0, 2, 4, 5}))


# fmt: off
NUMBERS = ("", " ", "1" * 400, "0", "-1", "1", "2", "1e9", "1e400", "nan", "inf", "-inf", "x", "0x10", "1,5", "٣")
SPECS = (
    "bands", "bands:", "bands:0", "bands:-1", "bands:1e9", "bands:x", "bands:2?x=1", "oracle:", "oracle:.",
    "oracle:/dev/null", "ova", "ova:", "ova:x", "ova:drums?of=", "ova:drums?of=ova:drums?of=ova", "nmf:0",
    "nmf:2?seed=x", "slic:-3", "hpss:1", "cerberus?merge=", "cerberus?merge=x+y", "cerberus?x", "spleeter:9stems",
    "demucs:", "musdb:", "??", ":", "::", "a:b", "os:system", "json:loads", "musicnn:", "musicnn:x", "onnx:", "hf:.",
    "onnx:0.wav", "keras:0.wav", "torch:0.wav", "fuzzed_models", "fuzzed_models:", "fuzzed_models:gone", "💥",
    "fuzzed_models:text", "a" * 5000, "",
)
# fmt: on


def options(rng: random.Random, _number: int) -> Input:
    """Numbers, names and specs that make no sense, in front of a good recording."""
    flags = {
        **dict.fromkeys(("--start", "--duration", "--max-evals", "--seed", "--top-labels", "--sr"), NUMBERS),
        **dict.fromkeys(("-f", "-t"), SPECS),
        "--segments": (*NUMBERS, "beats", "bars"),
        "--labels": ("loud", "gone", "", "7", "-1", "💥"),
        "--method": ("lime", "gone", ""),
        "--target": ("score", "log-odds", "gone", "os:system", ":"),
        "--baseline": ("silence", "noise", "gone.wav", "0.wav", ""),
        "-o": ("out", "", "0.wav", "/dev/null/x", "a" * 300, "deep/er/out"),
        "--donors": ("0.wav", "gone.wav"),
        "--contrast": ("loud", "gone"),
    }
    chosen = rng.sample([*flags], rng.randrange(1, 4))
    given = [word for flag in chosen for word in (flag, rng.choice(flags[flag]))]
    if "--contrast" in given:
        given.insert(given.index("--contrast") + 1, "quiet")
    defaults = {"-f": "bands:2", "-t": WINDOWED, "-o": "out"}
    for flag, default in defaults.items():
        if flag not in given:
            given += [flag, default]
    command = ("explain", "0.wav", *given)
    return Input(" ".join(chosen), {"0.wav": encoded("pcm.wav")}, command, frozenset({0, 1, 2, 3, 4}))
