"""Spec strings: one way to name a factorization or a model in Python, on the command line, in results and pages.

``spleeter:2stems``, ``oracle:DIR``, ``hpss``, ``cerberus?merge=piano+guitar``, ``package.module:name``. The first colon
or question mark separates the name from its argument, which may end in options (see `options`). Names are entry points,
so another distribution plugs in by declaring one in the group ``audiolime_ext.factorizations`` or
``audiolime_ext.models``. ``package.module:name`` imports a module, perhaps one of the current folder: a spec that was
read from a file does so only if the user trusts that file (see `named_by`).

An entry point names a factory ``make(argument: str)``. The first line of its module's docstring is the description that
``audiolime list`` shows. The module may also hold

- ``VARIANTS``, a mapping from the arguments it knows to what each needs: a `Checkpoint`, `ForeignWeights` or None
  (``audiolime list`` and ``audiolime checkpoints`` read it);
- ``REQUIRES``, a mapping from the optional packages that it needs to their extras;
- of a separator, ``confusion(argument: str)``, what was measured of it (see `audiolime_ext.factorization.confusion`;
  None: not measured);
- of a separator, ``formerly(argument: str)``, the argument that means today what this one meant in an earlier version
  (None: the same).
"""

from __future__ import annotations

import importlib
import importlib.machinery
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Literal

from audiolime_ext.errors import AudiolimeError, MissingError, UsageError, unknown
from audiolime_ext.files.names import legible
from audiolime_ext.guest import as_guest, deed

Kind = Literal["factorization", "model"]
KINDS: tuple[Kind, ...] = ("factorization", "model")
_OF_NAMES = ("labels", "prompts")  # options that hold names, or @FILE
_GROUPS = {
    "factorization": ("factorizations",),
    "model": ("taggers", "models"),  # the first is its name in 0.1
}

_FILE: ContextVar[str | None] = ContextVar("the file that specs were read from", default=None)


@dataclass(frozen=True)
class Plugin:
    """A registered name, loaded."""

    kind: Kind
    name: str
    make: Any
    summary: str
    variants: Mapping[str, Any]
    requires: Mapping[str, str]
    confusion: Any = None
    formerly: Any = None

    @property
    def specs(self) -> tuple[str, ...]:
        """Spec strings of the variants it knows; the bare name of one without an argument, or where there are none."""
        return tuple(f"{self.name}:{variant}" if variant else self.name for variant in self.variants) or (self.name,)


def _entry_points(kind: Kind) -> dict[str, EntryPoint]:
    return {point.name: point for group in _GROUPS[kind] for point in entry_points(group=f"audiolime_ext.{group}")}


def names(kind: Kind) -> list[str]:
    """Registered names, sorted."""
    return sorted(_entry_points(kind))


def plugin(kind: Kind, name: str) -> Plugin:
    """Load one registered name.

    Raises
    ------
    UsageError
        If nothing is registered under it.
    MissingError
        If its module needs something that is not installed.
    """
    points = _entry_points(kind)
    if name not in points:
        raise unknown(kind, name, points)
    try:
        make = points[name].load()
    except ImportError as error:
        raise MissingError(f"{kind} {name!r} cannot be loaded: {error}") from error
    module = sys.modules[make.__module__]
    summary = (module.__doc__ or "").strip().split("\n", 1)[0]
    variants, requires = getattr(module, "VARIANTS", {}), getattr(module, "REQUIRES", {})
    told = (getattr(module, name, None) for name in ("confusion", "formerly"))
    return Plugin(kind, name, make, summary, variants, requires, *told)


def build(kind: Kind, spec: str) -> Any:
    """Build what a spec string names: a registered factorization or model, else an object of a module.

    Raises
    ------
    UsageError
        If there is no such name; the message lists those there are.
        Or if it is a module's, and was read from a file: see `named_by`.
    MissingError
        If it needs a package or a checkpoint that is missing.

    Examples
    --------
    >>> build("factorization", "hpss").spec
    'hpss'
    """
    name, argument = split_spec(spec)
    if name in _entry_points(kind):
        made = plugin(kind, name)
        try:
            with as_guest():
                return made.make(argument)
        except SystemExit as error:
            raise AudiolimeError(
                f"the {kind} {spec} {deed(error)} when it was built; it must raise an error, and not end the program"
            ) from error
    if names_module(kind, spec):
        if (file := _FILE.get()) is not None:
            raise untrusted(kind, spec, file)
        return _module_object(kind, name, argument)
    raise unknown(kind, name, [*names(kind), "package.module:name"])


def require_named(kind: Kind, spec: str) -> None:
    """Raise what `build` would say of a name that is nobody's, and build nothing.

    Raises
    ------
    UsageError
        If nothing is registered under it, and no such module is at hand.

    Examples
    --------
    >>> require_named("factorization", "hpss")
    >>> require_named("factorization", "hpps")
    Traceback (most recent call last):
    audiolime_ext.errors.UsageError: unknown factorization 'hpps'; did you mean 'hpss'? (allowed: ...)
    """
    name = split_spec(spec)[0]
    if name in _entry_points(kind):
        return
    if not names_module(kind, spec):
        raise unknown(kind, name, [*names(kind), "package.module:name"])
    first, here = name.partition(".")[0], Path.cwd()
    if importlib.machinery.PathFinder.find_spec(first, [*sys.path, str(here)]) is None and first not in sys.modules:
        raise _no_module(kind, name, first, here)


def names_module(kind: Kind, spec: str) -> bool:
    """Whether a spec has the form ``package.module:name``, so that building it imports a module.

    Examples
    --------
    >>> names_module("model", "own:predict"), names_module("model", "musicnn:MSD_musicnn")
    (True, False)
    """
    name, argument = split_spec(spec)
    return name not in _entry_points(kind) and bool(argument) and all(map(str.isidentifier, name.split(".")))


@contextmanager
def named_by(file: str | None) -> Iterator[None]:
    """Within it, specs come from a file, and a module that one of them names is not imported; None: it is trusted.

    Examples
    --------
    >>> with named_by("result.json"):
    ...     build("model", "own:predict")
    Traceback (most recent call last):
    audiolime_ext.errors.UsageError: result.json names the model own:predict, which would import the module own and ...
    """
    before = _FILE.set(file)
    try:
        yield
    finally:
        _FILE.reset(before)


def untrusted(kind: Kind, spec: str, file: str) -> UsageError:
    """The error for a module that only a file names."""
    return UsageError(
        f"{file} names the {kind} {spec}, which would import the module {split_spec(spec)[0]} and run its code; if you "
        "trust it, add --trust (in Python: trust=True)"
    )


def formerly_meant(spec: str) -> str | None:
    """The spec that means today what this factorization's spec meant in an earlier version; None: it still does.

    Examples
    --------
    >>> formerly_meant("cerberus"), formerly_meant("ova:cerberus:guitar"), formerly_meant("hpss")
    ('cerberus?merge=none', 'ova:cerberus?merge=none:guitar', None)
    """
    name, argument = split_spec(spec)
    formerly = plugin("factorization", name).formerly if name in _entry_points("factorization") else None
    then = None if formerly is None else formerly(argument)
    return None if then is None else f"{name}{'' if then.startswith('?') else ':'}{then}"


def split_spec(spec: str) -> tuple[str, str]:
    """Name and argument; options stay with the argument.

    Examples
    --------
    >>> split_spec("spleeter:2stems"), split_spec("cerberus?merge=piano+guitar")
    (('spleeter', '2stems'), ('cerberus', '?merge=piano+guitar'))
    """
    found = re.match(r"([^:?]*):?(.*)", spec, re.DOTALL)
    return (found[1], found[2]) if found else (spec, "")


def options(argument: str, known: Iterable[str]) -> tuple[str, dict[str, str]]:
    """An argument without its options, ``?key=value&key=value`` at its end, and the options.

    Raises
    ------
    UsageError
        If an option is not known, has no value, or is given twice; of a name that holds ``&``, where to write it.

    Examples
    --------
    >>> options("own.onnx?merge=piano+guitar", ["merge"])
    ('own.onnx', {'merge': 'piano+guitar'})
    """
    plain, mark, text = argument.partition("?")
    found: dict[str, str] = {}
    for pair in text.split("&") if mark else ():
        key, sign, value = pair.partition("=")
        if key not in (allowed := list(known)):
            last = next(reversed(found), "")
            if last in _OF_NAMES and not sign:
                raise UsageError(
                    f"{last}={found[last]}&{pair}: & ends an option; write names that hold & or ; into a file, "
                    f"one on each line: {last}=@FILE"
                )
            raise unknown("option", key, allowed)
        if not value or key in found:
            raise UsageError(f"option {key!r} is {'given twice' if value else 'empty'}; write: ?{key}=…")
        found[key] = value
    return plain, found


def _module_object(kind: Kind, module_name: str, attribute: str) -> Any:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        with as_guest():
            found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not (module_name == error.name or module_name.startswith(error.name + ".")):
            raise MissingError(f"module {module_name!r} needs {error.name!r}, which is not installed") from error
        raise _no_module(kind, module_name, error.name, Path(here)) from error
    except AudiolimeError:
        raise
    except (Exception, SystemExit) as error:
        what = "" if isinstance(error, SystemExit) else f": {error}"
        raise UsageError(
            f"module {module_name!r} {deed(error)} when imported{what}; import it by itself to see where"
        ) from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            public = [name for name in dir(found) if not name.startswith("_")]
            raise unknown(f"name in {module_name}", part, public)
        found = getattr(found, part)
    return found


def _no_module(kind: Kind, wanted: str, missing: str, folder: Path) -> UsageError:
    """The error for a module that is not there: where it was looked for, and what is called nearly so."""
    beside = [path.stem for path in folder.glob("*.py")]
    near = get_close_matches(wanted, [*names(kind), *beside], n=1)
    hint = f"; did you mean {near[0]!r}? There" if near else "; there"
    return UsageError(
        f"unknown {kind} {wanted!r}{hint} is no module {missing!r} in this folder ({legible(folder)}) or among "
        f"the installed packages, and the names known without a module are {', '.join(names(kind))}"
    )
