"""What models answer, of whatever library and form."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import pytest

from audiolime_ext import explain, tagger
from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import ModelError
from audiolime_ext.prediction.outputs import as_array, chosen, joined, key_of, require_scores


class Tensor:
    """As much of a PyTorch tensor as is needed; a gradient must be dropped and half of a float widened."""

    def __init__(self, values: np.ndarray, dtype: str) -> None:
        self.values, self.dtype, self.shape = values, dtype, values.shape

    def detach(self) -> Tensor:
        return Tensor(self.values, self.dtype)

    def cpu(self) -> Tensor:
        return self

    def float(self) -> Tensor:
        return Tensor(self.values, "torch.float32")

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        if self.dtype == "torch.bfloat16":
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self.values


@pytest.mark.parametrize("dtype", ["torch.float32", "torch.bfloat16"])
def test_tensors_of_any_precision_are_taken(dtype: str) -> None:
    values = np.arange(4.0).reshape(2, 2)
    np.testing.assert_array_equal(as_array(Tensor(values, dtype)), values)
    np.testing.assert_array_equal(chosen({"logits": Tensor(values, dtype)}, "logits"), values)
    with pytest.raises(ModelError, match=r"'logits' \(an array of shape \(2, 2\)\)"):
        chosen({"logits": Tensor(values, dtype)})


def test_many_outputs_are_listed_in_part_and_one_of_two_axes_is_the_example() -> None:
    answer = OrderedDict((f"layer {i}", np.zeros((2, 3, 4))) for i in range(10))
    answer["logits"] = np.zeros((2, 3))
    with pytest.raises(ModelError, match=r"OrderedDict of 11 outputs: .*'layer 7' .*, and 3 (?s:.*)output='logits'"):
        chosen(answer)


def test_an_empty_dict_is_told() -> None:
    with pytest.raises(ModelError, match="a dict of 0 outputs"):
        chosen({})


def test_a_name_goes_before_a_position() -> None:
    assert key_of(["1", "0"], "0") == "0"
    assert key_of([0, 1], "1") == 1
    assert key_of(["a"], "-1") is None


@pytest.mark.parametrize("wrong", [np.zeros((2, 3)), np.zeros((3, 2))])
def test_scores_of_another_shape_are_refused(wrong: np.ndarray) -> None:
    assert require_scores(np.zeros((2, 2), np.float16), (2, 100), ["a", "b"]).dtype == np.float64
    with pytest.raises(ModelError, match=r"it must answer \(2, 2\)"):
        require_scores(wrong, (2, 100), ["a", "b"])


def test_no_columns_are_no_scores() -> None:
    for labels in (None, ["a"]):
        with pytest.raises(ModelError, match=r"an array of shape \(2, 0\)"):
            require_scores(np.zeros((2, 0)), (2, 100), labels)


def test_outputs_that_change_from_batch_to_batch_are_refused() -> None:
    assert joined([np.ones((2, 3)), np.zeros((1, 3))]).shape == (3, 3)
    varying = tagger(lambda batch: np.ones((len(batch), 2 + len(batch) % 2)))
    noise = Audio(np.random.default_rng(0).normal(0, 0.1, (1, 8000)).astype(np.float32), 8000)
    with pytest.raises(ModelError, match="answered 2 and 3 columns for different batches"):
        explain(noise, varying, factorization="bands:2")
