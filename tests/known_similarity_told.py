"""What `examples/known_similarity/README.md` says was found, with a place for each number of the table.

``python -m tests.known_similarity_told`` prints it; a test holds the README to it. Whether the words fit the numbers is
for whoever measures anew to read. A place is the measure, the embedder, and who is compared: ``only mix`` with songs
that share nothing, ``but mix`` with the same song, ``composition/mix`` with each other; ``+`` adds the interval.
"""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import fill

from examples.known_similarity.comparing import Estimate, of
from examples.known_similarity.design import NOTHING, SAME, Kind
from examples.known_similarity.embedding import USUAL
from examples.known_similarity.tables import Found, from_csv, short

HERE = Path(__file__).parents[1] / "examples" / "known_similarity"
NAMES = dict(
    zip(("musicnn", "max_pool", "vibenet", "attributes", "features", "untrained", "log-mel"), USUAL, strict=True)
)
PROSE = """\
- *Composition counts for next to nothing.* The same chords and melody in another arrangement, SoundFont and mix make
  {way musicnn only composition +} of the way to the same song for musicnn's penultimate layer, {way vibenet only
  composition +} for vibenet's layer, {way attributes only composition +} for its attributes. Such a song is nearer than
  one that shares nothing with probability {nearer musicnn only composition +}, {nearer vibenet only composition +} and
  {nearer attributes only composition +}; .50 is chance. The mean log-mel spectrum, which has learnt nothing, hears more
  of it: {nearer log-mel only composition +}.
- *Arrangement and mix count.* For musicnn's penultimate layer the arrangement makes {way musicnn only arrangement +} of
  the way and the mix {way musicnn only mix +}; for vibenet's layer {way vibenet only arrangement +} and {way vibenet
  only mix +}; for `features:` {way features only arrangement +} and {way features only mix +}. A song that shares the
  composition alone is nearer than one that shares the mix alone with probability {nearer musicnn composition/mix +} for
  musicnn, {nearer vibenet composition/mix +} for vibenet's layer.
- *Mixed otherwise, the same song is far off*: {way musicnn but mix +} of the way is left for musicnn's penultimate
  layer, {way vibenet but mix +} for vibenet's layer, {way attributes but mix +} for its attributes, {way features but
  mix +} for `features:`. With another composition in the same arrangement and mix {way musicnn but composition},
  {way vibenet but composition}, {way attributes but composition} and {way features but composition} are left.
- *Of the stems the drums count most*: {way max_pool only drums +} of the way for musicnn's max_pool, {way vibenet only
  drums +} for vibenet's layer, {way attributes only drums +} for its attributes, {way features only drums +} for
  `features:`. Musicnn's penultimate layer and the log-mel spectrum put the chords first, but not surely ({way musicnn
  only chords +} beside {way musicnn only drums +}, {way log-mel only chords +} beside {way log-mel only drums +}). The
  bass counts little ({way vibenet only bass} to {way untrained only bass}). One stem can make more of the way than the
  whole arrangement: it brings its samples and its mix along, the sound itself.
- *The SoundFont alone is hardly heard*: the probability is {nearer musicnn only SoundFont +} for musicnn's penultimate
  layer, {nearer vibenet only SoundFont +} for vibenet's layer, {nearer features only SoundFont +} for `features:`. That
  is no surprise: its other instruments are other samples. Where all else is the same it matters: {way musicnn but
  SoundFont +} of the way is left for musicnn.
- *What has learnt nothing answers much the same.* Musicnn with random weights gives the composition {way untrained only
  composition +} of the way, the arrangement {way untrained only arrangement +}, the mix {way untrained only mix +}; the
  mean log-mel spectrum {way log-mel only composition +}, {way log-mel only arrangement +} and {way log-mel only mix +}.
"""


def committed() -> Found:
    """The measurement that is committed."""
    return from_csv((HERE / "known_similarity.csv").read_text(encoding="utf-8"))


def told(found: Found) -> str:
    """What was found, in words."""

    def number(place: re.Match[str]) -> str:
        measure, name, *compared = place[1].split()
        estimate: Estimate = getattr(of(found[NAMES[name]], *_kinds(compared)), measure)
        interval = f" ({short(estimate.low)} to {short(estimate.high)})" if compared[-1] == "+" else ""
        return short(estimate.value) + interval

    points = re.sub(r"\{([^}]+)\}", number, PROSE).split("\n- ")
    lines = ("- " + " ".join(point.removeprefix("- ").split()) for point in points)
    return "\n".join(fill(line, 120, subsequent_indent="  ", break_on_hyphens=False) for line in lines)


def _kinds(compared: list[str]) -> tuple[Kind, Kind]:
    if "/" in compared[0]:
        one, other = compared[0].split("/")
        return Kind(True, one), Kind(True, other)
    shared, thing = compared[:2]
    return Kind(shared == "only", thing), NOTHING if shared == "only" else SAME


if __name__ == "__main__":
    print(told(committed()))
