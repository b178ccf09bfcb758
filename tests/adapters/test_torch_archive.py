"""Exported PyTorch programs that were changed to run code: nothing runs, and the message says why."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext.errors import CorruptError, UsageError
from audiolime_ext.extras import require
from audiolime_ext.models.torch_archive import is_arithmetic
from audiolime_ext.registry import build
from tests.adapters.test_torch_model import LABELS, NOISE, SR, expected, network, spec

torch = require("torch", extra="torch")

Module: Any = torch.nn.Module
LEAF: dict[str, Any] = {"type": None, "context": None, "children_spec": []}


class Varied(Module):  # type: ignore[misc]
    """Has what exported programs may have: conditions, graphs within, sizes out of sizes, texts as arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.head = torch.nn.Linear(12, 3)
        self.register_buffer("window", torch.hann_window(256))

    def forward(self, x: Any) -> Any:
        with torch.no_grad():
            spectra = torch.stft(x, 256, 128, window=self.window, return_complex=True).abs()
            spectra = torch.nn.functional.max_pool1d(spectra.transpose(1, 2), 16).clamp(max=5)
        spectra = torch.cond(spectra.sum() > 0, lambda a: a * 2, lambda a: a * 3, (spectra,))
        half = torch.nn.functional.interpolate(spectra.transpose(1, 2), scale_factor=0.5).transpose(1, 2)
        outer = torch.einsum("bti,btj->bij", half, half)
        return {"scores": torch.sigmoid(self.head(torch.cat([spectra.mean(1), outer[:, 0, :4]], 1)))}


def saved(folder: Path, model: Any) -> Path:
    auto = torch.export.Dim.AUTO
    program = torch.export.export(model, (torch.zeros(3, SR),), dynamic_shapes=({0: auto, 1: auto},))
    torch.export.save(program, folder / "model.pt2")
    return folder / "model.pt2"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("whole"), network())


def changed(whole: Path, folder: Path, change: Callable[[Any], None]) -> Path:
    """The file with another program."""
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(folder / "changed.pt2", "w") as other:
        for name in archive.namelist():
            content = archive.read(name)
            if name.endswith("models/model.json"):
                program = json.loads(content)
                change(program)
                content = json.dumps(program).encode()
            other.writestr(name, content)
    return folder / "changed.pt2"


def test_what_programs_need_is_loaded_with_any_number_and_length_of_signals(tmp_path: Path) -> None:
    model = Varied().eval()
    made = build("model", spec(saved(tmp_path, model), "&output=scores"))
    for batch in (NOISE, NOISE[:2, :7000]):
        with torch.no_grad():
            np.testing.assert_allclose(made(batch), model(torch.from_numpy(batch))["scores"], atol=1e-5)


def graph(program: Any) -> Any:
    return program["graph_module"]["graph"]


def guard(program: Any, code: str, module: str) -> None:
    program["guards_code"] = [code]


def size(program: Any, code: str, module: str) -> None:
    sized = [tensor for tensor in graph(program)["tensor_values"].values() if tensor["sizes"]]
    sized[-1]["sizes"][0] = {"as_expr": {"expr_str": code, "hint": None}}


def symbol(program: Any, code: str, module: str) -> None:
    size(program, f"Symbol({code!r}, integer=True)", module)


def operator(program: Any, code: str, module: str) -> None:
    node = graph(program)["nodes"][-1]
    command = code.partition('system("')[2].partition('"')[0]
    node["target"], node["inputs"] = "torch.os.system", [{"name": "", "arg": {"as_string": command}, "kind": 1}]


def function(program: Any, code: str, module: str) -> None:
    graph(program)["nodes"][-1]["inputs"].append({"name": "", "arg": {"as_operator": "torch.os.system"}, "kind": 1})


def signature(program: Any, code: str, module: str) -> None:
    text = json.dumps(graph(program)).replace('"input"', json.dumps(f"x={code}"))
    program["graph_module"]["graph"] = json.loads(text)


def weight(program: Any, code: str, module: str) -> None:
    first = next(one for one in program["graph_module"]["signature"]["input_specs"] if "parameter" in one)
    first["parameter"]["parameter_name"] = f'a"+str({code})+"b'


def argument(program: Any, code: str, module: str) -> None:
    signature = program["graph_module"]["module_call_graph"][0]["signature"]
    signature["forward_arg_names"] = [f"x={code}"]


def factory(program: Any, code: str, module: str) -> None:
    context = {"default_factory_module": module, "default_factory_name": "x", "dict_context": []}
    described(program, {"type": "collections.defaultdict", "context": context, "children_spec": []})


def enumeration(program: Any, code: str, module: str) -> None:
    context = json.dumps([{"__enum__": True, "fqn": f"{module}:x", "name": "y"}])
    described(program, {"type": "builtins.dict", "context": context, "children_spec": [LEAF]})


def described(program: Any, tree: Any) -> None:
    program["graph_module"]["module_call_graph"][0]["signature"]["out_spec"] = json.dumps([1, tree])


ATTACKS: dict[Callable[[Any, str, str], None], str] = {
    guard: "a condition or a size that is no plain arithmetic",
    size: "a condition or a size that is no plain arithmetic",
    symbol: "a condition or a size that is no plain arithmetic",
    operator: "an operator that is none on tensors and sizes",
    function: "a function as an argument",
    signature: "a name that is none",
    weight: "a name that is none",
    argument: "a name that is none",
    factory: "inputs or outputs that are no tensors, lists or dicts",
    enumeration: "inputs or outputs that are no tensors, lists or dicts",
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_no_code_of_a_program_is_run(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attack: Callable[[Any, str, str], None]
) -> None:
    harm = tmp_path / "harm"
    (tmp_path / "imported_by_a_program.py").write_text(f"open({str(harm)!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    code = f'__import__("os").system("touch {harm}")'
    path = changed(whole, tmp_path, lambda program: attack(program, code, "imported_by_a_program"))
    with pytest.raises(UsageError, match=rf"changed\.pt2 holds {ATTACKS[attack]} .*any code.*if you trust its author"):
        build("model", f"torch:{path}?sr={SR}&labels={LABELS}")(NOISE)
    assert not harm.exists()


@pytest.mark.parametrize("part", ["[" * 100_000 + "]" * 100_000, "[" * 900 + "]" * 900, "3", '{"config": 3}'])
def test_a_description_that_is_none_is_told(whole: Path, tmp_path: Path, part: str) -> None:
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(tmp_path / "odd.pt2", "w") as other:
        for name in archive.namelist():
            other.writestr(name, part if name.endswith(".json") else archive.read(name))
    with pytest.raises(CorruptError, match=r"odd\.pt2 is damaged: .*\.json describes no program"):
        build("model", spec(tmp_path / "odd.pt2"))


def test_conditions_on_the_input_are_kept(tmp_path: Path) -> None:
    made = build("model", spec(saved(tmp_path, network())))
    np.testing.assert_allclose(made(NOISE[:2, :900]), expected(network(), NOISE[:2, :900]), atol=1e-5)
    with pytest.raises(UsageError, match=r"exported with conditions on the size of its input, which 3 × 5 does"):
        made(NOISE[:, :5])


@pytest.mark.parametrize(
    "text",
    [
        "Max(Integer(1), FloorDiv(Add(Symbol('s27', positive=True, integer=True), Integer(-3)), Integer(2)))",
        "TruncToInt(Mul(Float('0.5', precision=53), ToFloat(Add(Symbol('s0', integer=True), Integer(1)))))",
        "StrictLessThan(Symbol('u0', integer=True), Integer(4))",
        "2*s0 + (s1//16) % 50",
        "Eq(u0, 3) & (s0 < 5)",
        "(((-2) + (((-3) + L['x'].size()[1]) // 2)) // 18) >= 1",
        "math.trunc(0.5*torch.sym_float(1 + (L['args'][0].size()[1] // 128))) >= 2",
    ],
)
def test_sizes_and_conditions_are_arithmetic(text: str) -> None:
    assert is_arithmetic(text)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "eval('s0')",
        "Symbol('s0').__class__",
        "Add('s0 + f()')",
        "[x for x in (1,)]",
        "(lambda: 1)()",
        "L['x'](1)",
        "torch.os.system('s0')",
        "math.__loader__",
        "f's0'",
        "s0 if s1 else s2",
        "(s0 := 1)",
        "s0 # 1",
        "s0\n",
        "Symbol(name=s0())",
        "s0 +",
        "(" * 300 + "s0" + ")" * 300,
    ],
)
def test_nothing_else_is(text: str) -> None:
    assert not is_arithmetic(text)
