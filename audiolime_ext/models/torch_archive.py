"""Exported PyTorch programs from strangers: what of a ``.pt2`` file may be loaded.

``torch.export.load`` was made for files of one's own. It evaluates the file's sizes and conditions as Python, calls the
functions of PyTorch that the file names, writes Python source from the file's names and runs it, imports modules for
the types of inputs and outputs, and unpickles. So a file is read here first, and what PyTorch is given is written anew
of what was read:

- sizes and conditions are arithmetic: numbers, symbols such as ``s0``, operators and the functions of `_FUNCTION`;
- operators are those on tensors (``torch.ops.aten``, without the two that open files) and on sizes, and three that
  call a graph within the graph;
- inputs and outputs are tensors in tuples, lists and dicts;
- names consist of letters, digits, ``_``, ``.`` and ``-``;
- weights are plain tensors; what is not needed to run the program (stack traces, files of one's own) is left out.

Invariant: *whatever is not known to be harmless is refused, before PyTorch sees any of it*.
"""

from __future__ import annotations

import ast
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from audiolime_ext.errors import AudiolimeError, CorruptError, UsageError
from audiolime_ext.files.plain import json_of
from audiolime_ext.prediction.model_files import reason

_PROGRAMS = ("models/model.json", "serialized_exported_program.json")
_KEPT = re.compile(
    r"models/model\.json|data/(weights|constants)/(model_\1_config\.json|(weight|tensor)_\d+|model\.pt)|"
    r"data/sample_inputs/model\.pt|archive_format|archive_version|byteorder|(\.data/)?version|\.data/serialization_id|"
    r"serialized_exported_program\.json|serialized_(state_dict|constants|example_inputs)\.pt"
)
_NAME = re.compile(r"[\w.-]*")
_OPERATOR = re.compile(
    r"torch\.ops\.aten\.(?!save\.|from_file\.)(_?[A-Za-z]\w*|__i?(and|or|xor|lshift|rshift)__)\.[A-Za-z]\w*|"
    r"torch\.ops\.higher_order\.(cond|wrap_with_set_grad_enabled|wrap_with_autocast)|"
    r"_operator\.(eq|ne|le|ge|lt|gt|neg|pos|mul|add|sub|floordiv|truediv|mod|pow|and_|or_|lshift|rshift|getitem)|"
    r"math\.(trunc|ceil|floor|sqrt)|torch\._?sym_\w+"
)
_CONTAINERS = ("builtins.tuple", "builtins.list", "builtins.dict", "collections.OrderedDict")
_FUNCTION = re.compile(
    "Symbol|Integer|Float|Rational|Add|Mul|Pow|Max|Min|Mod|Abs|floor|ceiling|And|Or|Not|Eq|Ne|Ge|Gt|Le|Lt|Equality|"
    "Unequality|GreaterThan|LessThan|StrictGreaterThan|StrictLessThan|FloorDiv|ModularIndexing|Where|PythonMod|"
    "CleanDiv|CeilToInt|FloorToInt|CeilDiv|LShift|RShift|PowByNatural|FloatPow|FloatTrueDiv|IntTrueDiv|"
    "IsNonOverlappingAndDenseIndicator|TruncToFloat|TruncToInt|RoundToInt|RoundDecimal|ToFloat|Identity|"
    "max|min|abs|int|float|bool"
)
_SYNTAX: tuple[type[ast.AST], ...] = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Load)
_SYNTAX += (ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
_OWN = (
    "if you trust its author, load it in Python, make a model of it with audiolime_ext.tagger(…) and name it as "
    "package.module:name"
)


def is_exported(names: list[str]) -> bool:
    """Whether an archive with files of these names holds an exported program."""
    return any(inside(name) in _PROGRAMS for name in names)


def inside(name: str) -> str:
    """A file's name without the archive's own folder; the files of PyTorch up to 2.7 have none."""
    return name if name.startswith(("serialized_", "version")) else name.partition("/")[2]


def checked(torch: Any, archive: zipfile.ZipFile, path: Path, pickled: Callable[[], UsageError]) -> io.BytesIO:
    """A program that can be loaded without running code: written anew, so that PyTorch reads what was checked.

    Parameters
    ----------
    torch : module
        PyTorch.
    archive : zipfile.ZipFile
        The file.
    path : Path
        Its name, for messages.
    pickled : callable
        Makes the error for pickled objects.

    Raises
    ------
    UsageError
        If it holds anything that is not known to be harmless.
    CorruptError
        If its JSON describes no program.
    """
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as kept:
        for name in archive.namelist():
            if "/data/aotinductor/" in name or name.endswith((".so", ".o")):
                raise _refused(path, "compiled code", name)
            if _KEPT.fullmatch(inside(name)):
                content = archive.read(name)
                kept.writestr(name, _file(torch, inside(name), content, path, pickled))
    copy.seek(0)
    return copy


def _file(torch: Any, name: str, content: bytes, path: Path, pickled: Callable[[], UsageError]) -> bytes:
    """One file of the archive, checked."""
    if name.endswith(".json"):
        try:
            found = json_of(content)
            if name not in _PROGRAMS and any(_is_pickled(entry) for entry in found["config"].values()):
                raise pickled()
            _require_harmless(found, (), path)
            return json.dumps(found).encode()
        except AudiolimeError:
            raise
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            why = "it is nested too deeply" if isinstance(error, RecursionError) else reason(error)
            raise CorruptError(f"{path} is damaged: {name} describes no program ({why}); export it again") from error
    if name.endswith(".pt") and content:
        try:
            torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
        except Exception as error:
            raise pickled() from error
    return content


def _is_pickled(entry: Any) -> bool:
    return bool(entry.get("use_pickle", True)) or not entry["path_name"].startswith(("weight_", "tensor_"))


def _require_harmless(part: Any, within: tuple[str, ...], path: Path) -> None:
    """Raise if any text in a part of a program, which lies `within` these keys, could run; its notes are removed."""
    if isinstance(part, list):
        for one in part:
            _require_harmless(one, within, path)
    elif isinstance(part, dict):
        if "metadata" in part and within[-1:] in (("nodes",), ("graph_module",)):
            part["metadata"] = {}  # stack traces, and names that PyTorch looks up
        for key, one in part.items():
            _require_harmless(key, ("key",), path)
            _require_harmless(one, (*within, key), path)
    elif isinstance(part, str) and (what := _harm(part, within)):
        raise _refused(path, what, part)


def _harm(text: str, within: tuple[str, ...]) -> str | None:
    """What a text is that could run; None: it is harmless."""
    if within[-4:] == ("nodes", "inputs", "arg", "as_string"):
        return None  # an operator's argument, such as the equation of an einsum
    match within[-1]:
        case "guards_code" | "expr_str":
            return None if is_arithmetic(text) else "a condition or a size that is no plain arithmetic"
        case "target" if within[-2:] == ("nodes", "target"):
            return None if _OPERATOR.fullmatch(text) else "an operator that is none on tensors and sizes"
        case "as_operator":
            return "a function as an argument"
        case "in_spec" | "out_spec":
            return None if _is_plain(json_of(text)[1]) else "inputs or outputs that are no tensors, lists or dicts"
        case "torch_version":
            return None if re.fullmatch(r"[\w.+<=-]*", text) else "an odd version"
    return None if _NAME.fullmatch(text) else "a name that is none"


def is_arithmetic(text: str) -> bool:
    """Whether a size or a condition consists of numbers, symbols, operators and known functions of these only.

    Examples
    --------
    >>> is_arithmetic("FloorDiv(Symbol('s0', integer=True), Integer(2))"), is_arithmetic("L['x'].size()[1] >= 9")
    (True, True)
    >>> is_arithmetic("open('x')"), is_arithmetic("().__class__")
    (False, False)
    """
    if not re.fullmatch(r"[\w .,'()\[\]=+*/%<>!&|~-]+", text, re.ASCII):
        return False
    try:
        return all(map(_is_term, ast.walk(ast.parse(text.strip(), mode="eval"))))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _is_term(node: ast.AST) -> bool:
    match node:
        case ast.Constant(str(text)):
            return re.fullmatch(r"\w+|[\d.e+-]+", text) is not None  # SymPy evaluates texts, too
        case ast.Constant(value):
            return isinstance(value, (bool, int, float))
        case ast.Name(name):
            return bool(_FUNCTION.fullmatch(name) or re.fullmatch(r"[a-z]+\d+|L|math|torch|true|false", name))
        case ast.Attribute(_, name):
            return re.fullmatch(r"size|trunc|ceil|floor|sqrt|sym_\w+", name) is not None
        case ast.Subscript(_, place):
            return isinstance(place, ast.Constant)
        case ast.Call(ast.Name(name)):
            return _FUNCTION.fullmatch(name) is not None
        case ast.Call(ast.Attribute()):
            return True  # which one, is seen above
        case ast.keyword(str(), ast.Constant(value)):
            return isinstance(value, (bool, int))
    return isinstance(node, _SYNTAX)


def _is_plain(tree: Any) -> bool:
    """Whether a description of inputs or outputs consists of tensors, tuples, lists and dicts with plain keys."""
    if tree["type"] is not None and tree["type"] not in _CONTAINERS:
        return False
    keys = json_of(tree["context"] or "null") or []
    named = isinstance(keys, list) and all(isinstance(key, int) or _NAME.fullmatch(str(key)) for key in keys)
    return named and all(map(_is_plain, tree["children_spec"]))


def _refused(path: Path, what: str, text: str) -> UsageError:
    shown = text if len(text) <= 80 else f"{text[:80]}…"
    return UsageError(f"{path} holds {what} ({shown!r}), which may run any code, so nothing of it is loaded; {_OWN}")
