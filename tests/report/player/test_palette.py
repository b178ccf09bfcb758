"""The colours of stems are told apart, however one sees colours, on light pages and on dark ones."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import color as science

from audiolime_ext.report.player.player import FIXED_COLORS, PALETTE, stem_colors

Array = NDArray[np.float64]
LEAST = 10.0  # CIEDE2000; about 2 is just told apart side by side
LIGHT, DARK = "#ffffff", "#15171a"  # papers and pages
SEEN_BY = {  # Machado, Oliveira and Fernandes, IEEE TVCG 15(6), 2009: complete deficiencies, linear RGB
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def linear(color: str) -> Array:
    srgb = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def lab(color: str, seen_by: str) -> Array:
    light = np.clip(np.asarray(SEEN_BY[seen_by]) @ linear(color), 0, 1)
    return np.asarray(science.rgb2lab(np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)))


def nearest(colors: list[str], seen_by: str) -> float:
    seen = [lab(color, seen_by) for color in colors]
    differ: Any = science.deltaE_ciede2000
    return min(float(differ(one, other)) for one, other in combinations(seen, 2))


def contrast(one: str, other: str) -> float:
    low, high = sorted(float(linear(color) @ [0.2126, 0.7152, 0.0722]) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("seen_by", SEEN_BY)
def test_any_two_of_eight_colours_are_told_apart(seen_by: str) -> None:
    assert len(PALETTE) == 8
    assert nearest(list(PALETTE), seen_by) > LEAST


def test_the_grey_that_was_the_seventh_colour_would_not_have_passed() -> None:
    assert nearest(["#CC79A7", "#999999"], "deuteranopia") < LEAST


@pytest.mark.parametrize("color", PALETTE)
def test_each_is_seen_on_light_and_on_dark_pages(color: str) -> None:
    assert contrast(color, LIGHT) > 2.2
    assert contrast(color, DARK) > 3.0


def test_eight_stems_have_eight_colours_and_what_is_left_over_is_grey() -> None:
    names = ["vocals", "drums", "bass", "guitar", "piano", "other", "residual", "strings"]
    assert set(stem_colors(names)) == set(PALETTE) >= set(FIXED_COLORS.values())
    red, green, blue = (int(stem_colors(["residual"])[0][i : i + 2], 16) for i in (1, 3, 5))
    assert max(red, green, blue) - min(red, green, blue) < 20
