"""The suite of `tests.models.test_every`, for modules that have a `listener` of their own."""

from tests.models.test_every import (
    test_a_windows_scores_are_those_of_the_same_excerpt_alone,
    test_it_does_not_change_its_argument_and_repeats_itself,
    test_it_keeps_the_protocol,
    test_its_layers_answer_one_vector_per_signal_without_names_and_keep_the_rest,
    test_signals_of_a_batch_do_not_influence_each_other,
    test_silence_is_heard_as_something_finite,
    test_the_spec_builds_the_same_tagger_again,
)

__all__ = [
    "test_a_windows_scores_are_those_of_the_same_excerpt_alone",
    "test_it_does_not_change_its_argument_and_repeats_itself",
    "test_it_keeps_the_protocol",
    "test_its_layers_answer_one_vector_per_signal_without_names_and_keep_the_rest",
    "test_signals_of_a_batch_do_not_influence_each_other",
    "test_silence_is_heard_as_something_finite",
    "test_the_spec_builds_the_same_tagger_again",
]
