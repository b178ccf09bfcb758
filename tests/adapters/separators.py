"""The suite of `tests.factorizations.test_every`, for modules that have a `case` and a `factorization` of their own."""

from tests.factorizations.test_every import (
    song,
    test_an_excerpt_beyond_the_recording_is_refused,
    test_it_does_not_change_the_recording,
    test_it_keeps_the_protocol,
    test_parts_of_a_long_recording_join_without_a_seam,
    test_stems_sum_to_the_mixture,
    test_the_same_second_gives_the_same_stems_whatever_excerpt_was_asked_for,
    whole,
)

__all__ = [
    "song",
    "test_an_excerpt_beyond_the_recording_is_refused",
    "test_it_does_not_change_the_recording",
    "test_it_keeps_the_protocol",
    "test_parts_of_a_long_recording_join_without_a_seam",
    "test_stems_sum_to_the_mixture",
    "test_the_same_second_gives_the_same_stems_whatever_excerpt_was_asked_for",
    "whole",
]
