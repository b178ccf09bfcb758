"""Objects of other libraries, met halfway: a network of PyTorch or Keras, an estimator of scikit-learn.

Such an object is known by the names of its classes, as ``type(given).__mro__`` has them, so that no library is imported
to find out whether it is one of its objects. An *adapter* makes the model of it. Adapters are entry points of the group
``audiolime_ext.objects``: the name is a class's, such as ``torch.nn.modules.module.Module``, and the value a function
from a `FunctionModel` whose `predict_fn` is the object (and whose other fields are what the user said) to one that can
be asked. Of several classes that are known, the first in the order of ``__mro__`` counts: a Keras model that runs on
PyTorch is a Keras model.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from typing import Any

from audiolime_ext.errors import MissingError, UsageError
from audiolime_ext.prediction.example import three_lines
from audiolime_ext.prediction.hearing import HIGHEST_SR
from audiolime_ext.prediction.outputs import Answerer
from audiolime_ext.text import counted, shortened

GROUP = "audiolime_ext.objects"
LEAST_SR = 1000  # Hz; an attribute that is called `sr` may be anything else, such as a ratio
LONGER = "it hears longer ones: give it longer windows, at the rate of its training"
LARGER = "it hears larger ones: give it longer windows, at the rate of its training, or make more bands of them"
_NAMES = ("sr", "sample_rate", "sampling_rate")


def adapter_of(given: Any) -> Callable[[Any], Any] | None:
    """What makes a model of an object of another library; None: no class of it is known, or it is a class itself.

    Raises
    ------
    MissingError
        If the adapter cannot be loaded.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> adapter_of(DummyClassifier()).__module__, adapter_of(len)
    ('audiolime_ext.models.sklearn_object', None)
    """
    classes = [f"{one.__module__}.{one.__qualname__}" for one in type(given).__mro__ if one.__module__ != "builtins"]
    if not classes or isinstance(given, type):
        return None
    points = {point.name: point for point in entry_points(group=GROUP)}
    point = next((points[name] for name in classes if name in points), None)
    if point is None:
        return None
    try:
        found: Callable[[Any], Any] = point.load()
    except ImportError as error:
        raise MissingError(f"what makes models of {point.name} cannot be loaded: {error}") from error
    return found


def rate_of(sr: int | None, *parts: tuple[str, Any]) -> tuple[int | None, tuple[str, ...]]:
    """The rate at which an object is asked, and what a result must say of it.

    Parameters
    ----------
    sr : int or None
        Rate in Hz that the user said; None: nobody did, so it is what the parts state, if they agree.
    *parts : (str, object)
        Parts with their names, such as layers; a rate that the first states counts whatever the others do.

    Examples
    --------
    >>> from types import SimpleNamespace as Part
    >>> net, mel = ("net", Part(sr=8)), ("net.mel", Part(sample_rate=16000))
    >>> rate_of(None, net, mel)
    (16000, ('the model was asked at 16000 Hz, which is what net.mel.sample_rate says',))
    >>> rate_of(8000, net, mel)
    (8000, ('the model was asked at 8000 Hz, as was said, although net.mel.sample_rate is 16000',))
    >>> rate_of(None, net, mel, ("net.resample", Part(sr=44100)))
    (None, ())
    """
    found: dict[int, str] = {}
    for at, (name, part) in enumerate(parts):
        for attribute in _NAMES:
            value: Any = getattr(part, attribute, None)
            if type(value) in (int, float) and LEAST_SR <= value <= HIGHEST_SR and value % 1 == 0:
                found.setdefault(int(value), f"{name}.{attribute}")
        if found and at == 0:
            break
    if len(found) != 1 or sr in found:
        return sr, ()
    ((stated, where),) = found.items()
    if sr is None:
        return stated, (f"the model was asked at {stated} Hz, which is what {where} says",)
    return sr, (f"the model was asked at {sr} Hz, as was said, although {where} is {stated}",)


def require_callable(predict_fn: Any) -> None:
    """Raise `UsageError` unless something can be asked: a callable, or an object that an adapter makes a model of."""
    made, told = isinstance(predict_fn, type), shortened(repr(predict_fn))
    if not made and (callable(predict_fn) or adapter_of(predict_fn) is not None):
        return
    method = next((name for name in ("predict_proba", "predict") if not made and hasattr(predict_fn, name)), None)
    if made:
        arg = f"{predict_fn.__name__}()"
        hint = f"; this is a class: give an object of it, such as {arg}"
    elif method is not None:
        hint, arg = f"; it has a method {method}: give that (package.module:name.{method})", f"net.{method}"
    elif isinstance(predict_fn, Mapping):
        told, weights = (
            f"a mapping ({type(predict_fn).__name__})",
            any(hasattr(one, "shape") for one in predict_fn.values()),
        )
        hint, arg = "; load it into the network first, net.load_state_dict(…)" if weights else "", "net"
    else:
        hint, arg = "", Answerer.arg
    raise UsageError(
        f"a predict function is needed, from (n_batch, n_samples) to (n_batch, n_labels); got {told}{hint}:"
        f"{Answerer(arg=arg).made()}"
    )


def inputs_needed(function: Callable[..., Any]) -> list[str]:
    """Names of the arguments without which a function cannot be called; none where it states no signature.

    Examples
    --------
    >>> inputs_needed(lambda wave, tempo, scale=1.0: wave)
    ['wave', 'tempo']
    """
    try:
        stated = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []
    kinds = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    return [one.name for one in stated if one.kind in kinds and one.default is inspect.Parameter.empty]


def one_input(who: str, names: Sequence[str], call: str, also: str = "") -> UsageError:
    """The error for an object that takes several inputs.

    Parameters
    ----------
    who : str
        Words for the object.
    names : sequence of str
        Names of its inputs.
    call : str
        Call of it, in a function of the array ``batch``.
    also : str
        Words on what the call does besides.

    Examples
    --------
    >>> print(one_input("the network Net", ["wave", "tempo"], "net(batch, tempo.repeat(len(batch), axis=0))"))
    the network Net takes 2 inputs (wave, tempo), and one of them can be the sound; say what the other is, for each of
    len(batch) signals, in a function of the sound alone:
        from audiolime_ext import explain, tagger
        model = tagger(lambda batch: net(batch, tempo.repeat(len(batch), axis=0)), sr=16000, labels=[…])
        explain("song.wav", model)
    """
    others = "other is" if len(names) == 2 else "others are"
    return UsageError(
        f"{who} takes {counted(len(names), 'input')} ({', '.join(names)}), and one of them can be the sound; say what "
        f"the {others}, for each of len(batch) signals, in a function of the sound alone{also}:"
        f"{three_lines(f'tagger(lambda batch: {call}, sr=16000, labels=[…])')}"
    )
