"""Notes and warnings: what the reader of one excerpt's result must know."""

from __future__ import annotations

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.coarse_to_fine import least_for_segments
from audiolime_ext.attribution.intervals import EVALS_PER_COMPONENT
from audiolime_ext.audio.recording import Audio
from audiolime_ext.audio.silence import silence_warnings
from audiolime_ext.components.components import Components
from audiolime_ext.components.masks import Neighborhood
from audiolime_ext.explanation.checks import Checks
from audiolime_ext.explanation.settings import Settings
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.text import counted


def segment_notes(components: Components, settings: Settings) -> list[str]:
    """What became of the time segments that were asked for."""
    if isinstance(settings.segments, str) and components.n_segments == 1:
        return [f"there are no {settings.segments} within the excerpt: it is one segment"]
    if settings.settle is not None and components.n_segments > 1:
        return [
            f"settle draws masks of all {counted(components.n, 'piece')} at once; without it stems come first, then "
            "segments"
        ]
    return []


def warnings_of(
    components: Components, audio: Audio, near: Neighborhood, attribution: Attribution, checks: Checks, *, kept: int
) -> list[str]:
    """What the reader of one excerpt's result must know; `kept` evaluations of the budget are for checks."""
    grid = components.grid
    quiet = silence_warnings(audio, components.start_s, components.duration_s, grid.n_channels)
    found = [*audio.warnings, *quiet, *checks.left_out, *noise_warnings(checks), *rate_warnings(audio, grid)]
    n_samples = components.heard.shape[-1] - grid.lead
    unheard = 0 if grid.window is None else n_samples - (grid.starts(n_samples)[-1] + grid.window)
    if unheard > 0:
        found.append(f"the last {unheard / grid.sr:.2f} s of the excerpt fill no window; the model does not hear them")
    return [*found, *sample_warnings(near, attribution, kept=kept)]


def noise_warnings(checks: Checks) -> list[str]:
    """That a model does not answer alike when it is asked again."""
    noisy = None if checks.noise is None else checks.noise.warning()
    return [] if noisy is None else [noisy]


def rate_warnings(audio: Audio, grid: Grid) -> list[str]:
    """What a recording of a low rate hides from the model."""
    if audio.sr >= grid.sr:
        return []
    return [
        f"the recording's rate is {audio.sr} Hz and the model's {grid.sr} Hz: "
        f"the model hears nothing above {audio.sr / 2000:g} kHz"
    ]


def sample_warnings(near: Neighborhood, attribution: Attribution, *, kept: int) -> list[str]:
    """What sampled weights lack where the sample is small, and the budget that gives it.

    Parameters
    ----------
    near, attribution : Neighborhood, Attribution
        Masks that were evaluated, and the weights.
    kept : int
        Evaluations of the budget that are kept for checks.
    """
    if attribution.exact or attribution.std_errors is not None:
        return []
    n = near.masks.shape[1]
    enough = least_for_segments(near.groups) if attribution.method == "owen" else EVALS_PER_COMPONENT * n
    few = len(near.masks) < enough
    needed = f": these take {min(enough + kept, 2**n)} evaluations (--max-evals)" if few else ""
    return [f"the weights come from a sample of mixes and carry no error bars{needed}"]
