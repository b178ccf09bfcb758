"""Long sequences of masks, drawn as `choose_masks` draws them and answered by musicnn, and samples cut out of them.

Masks are drawn in pairs of opposites, each pair independently of the others. So disjoint stretches of one long sequence
are as good as samples with different seeds, and one mask taken at random from each pair is a plain, unpaired sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.components import components as parts
from audiolime_ext.components.components import Components
from audiolime_ext.components.masks import Masks, Neighborhood, Sampling, _draws
from audiolime_ext.models.musicnn import MusicnnModel
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.registry import build
from factorizations.oracle import OracleFactorization

Array = NDArray[np.float64]
Codes = NDArray[np.int64]
Answer = Callable[[Masks], Array]

ROOT = Path(__file__).parents[2]
SPLITS = {"bands": ("bands:mel-5", 10), "sources": ("spleeter:2stems", 25)}  # 50 components each


def clips() -> dict[str, Audio]:
    """The two bundled recordings, 20 s each."""
    guitar, rest = (ROOT / "examples" / "audio" / "feelings" / f"{name}.ogg" for name in ("guitar", "rest"))
    metal = load_audio(ROOT / "audiolime_ext" / "data" / "ezer_ev.ogg")
    return {"ezer_ev": metal, "feelings": OracleFactorization({"guitar": guitar, "rest": rest}).mixture}


def cut(audio: Audio, split: str, model: MusicnnModel, start_s: float) -> Components:
    """The components of one window."""
    factorization, segments = SPLITS[split]
    grid, duration_s = Grid.of(model, audio.sr), model.window_s
    return parts.build(
        audio, build("factorization", factorization), grid, start_s=start_s, duration_s=duration_s, segments=segments
    )


@dataclass(frozen=True, eq=False)
class Draws:
    """Answered pairs in the order in which they were drawn, repeats included.

    Parameters
    ----------
    n
        Number of components, at most 62.
    codes
        One mask of each pair, the one without component 0, as a number whose bit i is component i; shape (n_draws,).
    scores
        Of that mask and of its opposite, shape (n_draws, 2, n_outputs).
    empty, full
        Scores of "all off" and "all on", shape (n_outputs,).
    """

    n: int
    codes: Codes = field(repr=False)
    scores: Array = field(repr=False)
    empty: Array = field(repr=False)
    full: Array = field(repr=False)

    @classmethod
    def ask(cls, answer: Answer, n: int, n_pairs: int, labels: list[int], *, sampling: Sampling, seed: int) -> Draws:
        """Draw until there are so many different pairs, and ask about each of them once."""
        seen: set[int] = set()
        drawn: list[int] = []
        for name in _draws(n, sampling, seed):
            code = int(np.frombuffer(name, bool) @ (1 << np.arange(n)))
            if code == 0:
                continue
            seen.add(code)
            if len(seen) > n_pairs:
                break
            drawn.append(code)
        codes = np.array(drawn)
        different, place = np.unique(codes, return_inverse=True)
        masks = unpacked(different, n)
        scores = np.stack([answer(masks)[:, labels], answer(~masks)[:, labels]], axis=1)
        ends = answer(np.stack([np.zeros(n, bool), np.ones(n, bool)]))[:, labels]
        return cls(n, codes, scores[place], ends[0], ends[1])

    def paired(self, n_evals: int) -> Iterator[Neighborhood]:
        """Samples as `choose_masks` gives them, from one stretch of the sequence after the other."""
        for part in stretches(self.codes, n_evals // 2 - 1):
            yield self._neighborhood(part)

    def whole(self) -> Neighborhood:
        """The whole sequence as one sample."""
        return self._neighborhood(slice(None))

    def _neighborhood(self, part: slice) -> Neighborhood:
        different, first, counts = np.unique(self.codes[part], return_index=True, return_counts=True)
        return self.neighborhood(different, self.scores[part][first], counts)

    def plain(self, n_evals: int, *, seed: int = 0) -> Iterator[Neighborhood]:
        """Samples of one mask of each pair, with "all off" and "all on"; then of the other masks of the pairs."""
        side = np.random.default_rng(seed).integers(0, 2, len(self.codes))
        for half in (side, 1 - side):
            codes = np.where(half, 2**self.n - 1 - self.codes, self.codes)
            scores = self.scores[np.arange(len(codes)), half]
            for part in stretches(codes, n_evals - 2):
                different, first, counts = np.unique(codes[part], return_index=True, return_counts=True)
                masks = unpacked(np.array([0, *different, 2**self.n - 1]), self.n)
                answers = np.concatenate([self.empty[None], scores[part][first], self.full[None]])
                yield Neighborhood(masks, np.array([1, *counts, 1]), False, answers)

    def neighborhood(self, codes: Codes, scores: Array, counts: NDArray[Any]) -> Neighborhood:
        """Different pairs and the two ends, laid out like those of `choose_masks`; `counts` may be any weights."""
        half = unpacked(np.array([0, *codes]), self.n)
        forth = np.concatenate([self.empty[None], scores[:, 0]])
        back = np.concatenate([self.full[None], scores[:, 1]])
        weights = np.array([1, *counts])
        return Neighborhood(
            np.concatenate([half, ~half[::-1]]),
            np.concatenate([weights, weights[::-1]]),
            False,
            np.concatenate([forth, back[::-1]]),
        )


def stretches(codes: Codes, n_different: int) -> Iterator[slice]:
    """Consecutive parts of a sequence that each hold so many different codes; what is left over is no part."""
    begin, seen = 0, set[int]()
    for at, code in enumerate(codes.tolist()):
        if code not in seen and len(seen) == n_different:
            yield slice(begin, at)
            begin, seen = at, set()
        seen.add(code)


def unpacked(codes: Codes, n: int) -> Masks:
    """Masks, shape (n_codes, n), of numbers whose bit i is component i."""
    return np.asarray((codes[:, None] >> np.arange(n)) % 2 == 1)
