"""Where a result comes from: enough to do it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

AUDIOLIME_REFERENCE = """@inproceedings{haunschmid2020audiolime,
  author = {Haunschmid, Verena and Manilow, Ethan and Widmer, Gerhard},
  title = {audio{LIME}: Listenable Explanations Using Source Separation},
  booktitle = {13th International Workshop on Machine Learning and Music (MML)},
  year = {2020},
  eprint = {2008.00582}
}"""


@dataclass(frozen=True)
class Provenance:
    """What was explained, with what: enough to do it again.

    `factorization` and `tagger` are spec strings, None for objects that live in memory only; `versions` holds package
    versions and, under ``"weights"``, the fingerprints of both.
    """

    file: str | None
    sha256: str
    sr: int
    n_channels: int
    factorization: str | None
    tagger: str | None
    max_evals: int
    seed: int
    requested_method: str
    versions: dict[str, Any] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    target: str = "score"
    contrast: tuple[str, str] | None = None
    settle: int | None = None
    baseline: str = "silence"
