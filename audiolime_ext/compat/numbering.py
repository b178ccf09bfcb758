"""Components numbered as audioLIME numbered them: segment by segment, and in each segment source by source.

`Components` go stem by stem, which is how a person reads them. Code that was written for audioLIME takes
``index % n_sources`` for the source and ``index // n_sources`` for the segment; here both hold.

Invariant: *component i is source ``i % n_sources`` in segment ``i // n_sources``*, in masks, names, levels and sound.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.components.components import Components


@dataclass(frozen=True, eq=False)
class SegmentBySegment(Components):
    """The same components in audioLIME's order."""

    @classmethod
    def of(cls, components: Components) -> SegmentBySegment:
        """Components, numbered anew; none may be left uncut."""
        return cls(**{each.name: getattr(components, each.name) for each in fields(Components)})

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names, one per component: ``vocals`` or, segment by segment, ``vocals 0.00–1.50 s``."""
        if self.n_segments == 1:
            return self.sources
        spans = [f"{begin:.2f}–{end:.2f} s" for begin, end in pairwise(self.boundaries_s)]
        return tuple(f"{source} {span}" for span in spans for source in self.sources)

    @property
    def n_sources(self) -> int:
        """Number of stems that are switched, the residual among them where it is heard."""
        return len(self.sources)

    @cached_property
    def _columns(self) -> NDArray[np.intp]:
        return np.arange(self.n).reshape(self.n_segments, self.n_sources).T
