"""Objects of other libraries are known by the names of their classes, and by entry points."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

from audiolime_ext import load_model, tagger
from audiolime_ext.errors import MissingError
from audiolime_ext.prediction import objects
from audiolime_ext.prediction.function_model import FunctionModel
from audiolime_ext.prediction.objects import adapter_of


class Listener:
    """An object of a library that nobody knows."""


class Trained(Listener):
    """One whose class derives from the class that is registered."""


def heard(model: FunctionModel) -> FunctionModel:
    return tagger(lambda batch: batch[:, :1], sr=model.sr or 4000, labels=["first"])


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another distribution's entry points."""

    def points(group: str) -> EntryPoints:
        made = {f"{__name__}.Listener": f"{__name__}:heard", f"{__name__}.Lost": "no_such_package:meet"}
        return EntryPoints(EntryPoint(name, value, group) for name, value in made.items())

    monkeypatch.setattr(objects, "entry_points", points)


@pytest.mark.usefixtures("registered")
def test_a_library_plugs_in_by_the_name_of_a_class_and_classes_that_derive_from_it_are_known() -> None:
    for given in (Listener(), Trained()):
        assert load_model(given).sr == 4000
        assert load_model(given, sr=8000).sr == 8000
        assert load_model(given)(np.ones((2, 3), np.float32)).shape == (2, 1)


@pytest.mark.usefixtures("registered")
def test_an_adapter_that_cannot_be_loaded_is_told() -> None:
    lost = type("Lost", (), {"__module__": __name__})()
    with pytest.raises(MissingError, match=r"what makes models of .*\.Lost cannot be loaded: No module named 'no_such"):
        adapter_of(lost)


def test_functions_and_classes_are_no_objects_of_libraries() -> None:
    given: list[Any] = [len, adapter_of, np.mean, DummyClassifier, "text", np.zeros(3), None]
    assert [adapter_of(one) for one in given] == [None] * len(given)
    assert adapter_of(DummyClassifier()) is not None


def test_no_library_is_imported_to_know_its_objects() -> None:
    code = (
        "import sys; from audiolime_ext import load_model; load_model(lambda b: b[:, :1]); load_model('features:');"
        "print(sorted({'torch', 'keras', 'tensorflow', 'sklearn'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
