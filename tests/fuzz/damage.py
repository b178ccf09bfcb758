"""One input, and what can be done to the bytes of a good file."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MODEL, WINDOWED = "fuzzed_models:loud", "fuzzed_models:windowed"


@dataclass(frozen=True)
class Input:
    """One malformed input: files (bytes by name), a command on them, and the exit codes that are right for it.

    `place` holds environment variables; `check` names what is wrong with how the command left its folder.
    """

    name: str
    files: Mapping[str, bytes]
    command: Sequence[str]
    allowed: frozenset[int]
    place: Mapping[str, str] = field(default_factory=dict)
    check: Callable[[Input, Path, Any], Sequence[str]] | None = None


def mutated(content: bytes, rng: random.Random, *, how: str | None = None) -> tuple[str, bytes]:
    """What was done, and the result."""
    at, to = sorted(rng.randrange(len(content)) for _ in range(2))
    noise = bytes(rng.randrange(256) for _ in range(rng.choice((1, 4, 64, 5000))))
    field = rng.randrange(min(len(content), 120))
    value = rng.choice(
        (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\1\0\0\0", noise[:4])
    )
    flipped = bytearray(content)
    for _ in range(rng.choice((1, 3, 30, 300))):
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
    ways: dict[str, Callable[[], bytes]] = {
        "cut": lambda: content[:to],
        "beheaded": lambda: content[at:],
        "flipped": lambda: bytes(flipped),
        "field": lambda: content[:field] + value + content[field + 4 :],
        "zeroed": lambda: content[:at] + bytes(to - at) + content[to:],
        "hole": lambda: content[:at] + content[to:],
        "stuffed": lambda: content[:at] + noise + content[at:],
        "joined": lambda: content + content,
        "followed": lambda: content + noise,
        "led": lambda: noise + content,
        "swapped": lambda: content[at:] + content[:at],
        "header": lambda: content[: rng.randrange(1, 80)],
        "whole": lambda: content,
        "nothing": lambda: b"",
        "noise": lambda: noise * 20,
    }
    chosen = how or rng.choice([*ways])
    return chosen, ways[chosen]()
