"""The house: rooms whose modules import their own room and earlier ones, without circles."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOUSE = "audiolime_ext"
GROUND = ("errors", "guest", "extras", "text", "progress", "files", "cache", "registry", "display")
ROOMS = (
    *("audio", "networks", "factorization", "prediction", "models", "components", "attribution", "explanation"),
    *("track", "collection", "faithfulness", "audit", "recommendation", "gradients", "concepts"),
    *("compat", "report", "app"),
)
FACES = ("", "cli", "__main__")  # the package itself hands on names of the rooms; commands call them
ORDER = {name: place for place, name in enumerate((*GROUND, *ROOMS, *FACES))}
PLUGIN_ROOMS = {"models": "prediction", "factorizations": "prediction"}  # a plug-in's last room
TESTED_ELSEWHERE = {  # modules, or all of a package, whose tests are those of what is made of them
    "__main__": "cli/test_commands",  # commands are tested as they are typed
    "cli": "cli/test_commands",
    "cli.audit": "audit/test_run",
    **{f"app.{name}": "app/test_server" for name in ("board", "desk", "folders", "settings", "streams")},
    "app.work": "app/test_workers",
    "compat": "compat/test_every",  # one suite for all packages that explanations are handed to
    "audit.measurement.work": "audit/test_run",
    "audit.measurement.heard": "audit/measurement/test_measure",
    "audit.store.database": "audit/store/test_store",
    **{f"audit.store.{name}": "audit/store/test_store" for name in ("reader", "records")},
    "audit.verdict.admission": "audit/verdict/test_gate",
    "audit.verdict.junit": "audit/verdict/test_gate",
    **{f"collection.engine.{name}": "audit/test_run" for name in ("driver", "jobs", "models")},  # by audits
    **{f"collection.engine.{name}": "collection/engine/test_patience" for name in ("choosing", "policy", "workers")},
    **{f"recommendation.why.{name}": "recommendation/why/test_pipeline" for name in ("aims", "explaining", "heard")},
    **{f"recommendation.why.{name}": "recommendation/why/test_pipeline" for name in ("level", "result", "words")},
    **{f"files.{name}": "audit/store/test_store" for name in ("database", "seals")},
    "collection.engine.failures": "audit/store/test_store",
    "collection.engine.keeping": "collection/indexing/test_making",
    **{f"collection.indexing.{name}": "collection/indexing/test_making" for name in ("catalogue", "records", "work")},
    "collection.omissions": "collection/test_importers",
    "collection.table": "collection/test_manifest",
    **{f"explanation.{name}": "explanation/test_saved" for name in ("provenance", "settings")},
    "explanation.earlier": "test_saved_0_1_0",
    "explanation.form": "explanation/test_restored",
    "explanation.caveats": "explanation/test_pipeline",
    **{f"factorization.{name}": "factorization/test_confusion" for name in ("landing", "holding")},
    **{f"factorization.{name}": "factorization/test_contract" for name in ("own_rate", "stems")},
    "factorization.loading": "prediction/test_loading",
    **{f"concepts.measurement.{name}": "concepts/test_pipeline" for name in ("records", "store", "work")},
    "concepts.telling": "concepts/test_words",
    "concepts.result": "concepts/test_finding",
    **{f"gradients.{name}": "gradients/test_relevance" for name in ("saved", "window_facts", "words")},
    **{f"gradients.parts.{name}": "gradients/parts/test_agreement" for name in ("agreed", "comparable", "placing")},
    **{f"gradients.checks.{name}": "gradients/checks/test_faithfulness" for name in ("again", "mean")},
    "gradients.choosing": "gradients/test_pipeline",
    "gradients.window_maps": "gradients/methods/test_integrated",
    "models.deejai_weights": "models/test_deejai",
    "models.musicnn_network": "models/test_musicnn",
    **{f"models.musicnn_{name}": "models/test_musicnn" for name in ("files", "random")},
    **{f"networks.torch_{name}": "adapters/test_torch_graph" for name in ("graph", "kernels", "operators")},  # an extra
    "networks.onnx_nodes": "adapters/test_torch_graph",
    "prediction.autograd": "adapters/test_torch_differentiable",
    "prediction.function_model": "prediction/test_function",
    "models.torch_archive": "adapters/test_torch_archive",
    "models.torch_layers": "adapters/test_torch_model",
    "prediction.capabilities": "models/test_every",  # one suite for all models that have them
    **{f"prediction.{name}": "prediction/test_function" for name in ("asking", "contract", "example", "labels")},
    **{f"prediction.{name}": "prediction/test_function" for name in ("hearing", "steps")},
    **{f"prediction.{name}": "prediction/test_saved_model" for name in ("option_values", "model_files")},
    "prediction.grid": "prediction/test_taggram",
    **{f"recommendation.{name}": "recommendation/test_similar" for name in ("result", "telling")},
    **{
        f"recommendation.evaluation.{name}": "recommendation/evaluation/test_evaluating"
        for name in ("hearing", "judging", "listening", "result", "words")
    },
    **{f"recommendation.why.{name}": "recommendation/why/test_flip" for name in ("flipped", "trials")},
    "recommendation.why.likeness": "recommendation/why/test_alike",
    **{f"recommendation.playlists.{name}": "recommendation/playlists/test_search" for name in ("greedy", "pool")},
    **{f"recommendation.playlists.{name}": "recommendation/playlists/test_search" for name in ("narrowing", "repair")},
    **{
        f"recommendation.playlists.{name}": "recommendation/playlists/test_pipeline" for name in ("choosing", "judging")
    },
    **{f"recommendation.playlists.{name}": "recommendation/playlists/test_pipeline" for name in ("result", "wanted")},
    "recommendation.training": "adapters/test_training",  # an extra
    "report.audit": "report/audit/test_page",  # sections of one page
    "report.concepts": "report/concepts/test_page",  # panels of one page
    "report.evaluation.view": "report/evaluation/test_page",
    "report.figures": "report/figures/test_figure",  # kinds of figures of one room
    "report.maps": "report/maps/test_page",  # sections of one page
    "report.neighbours": "report/neighbours/test_page",  # sections of one page
    "report.playlists": "report/playlists/test_page",  # parts of one page
    **{f"report.player.{name}": "report/neighbours/test_nearest" for name in ("clip", "middle")},
    "report.player.pictures": "report/player/test_player",
    "report.song.facts": "report/song/test_view",
    "report.song.index": "report/song/test_page",
    **{f"track.{name}": "track/test_pipeline" for name in ("opened", "size", "words")},
    "track.window": "track/test_explanation",
    "factorizations.cerberus_weights": "factorizations/test_cerberus",
    "factorizations.spleeter_network": "factorizations/test_spleeter",
    **{f"models.{name}": f"adapters/test_{name}" for name in ("hugging_face", "hugging_clap", "keras_model")},  # extras
    **{f"models.torch_{name}": f"adapters/test_torch_{name}" for name in ("model", "object")},
    "models.torch_listener": "adapters/test_torch_model",
    "models.keras_object": "adapters/test_keras_object",
    "models.keras_answers": "adapters/test_keras_model",
    "models.keras_gradients": "adapters/test_keras_differentiable",
    **{f"factorizations.{name}": f"adapters/test_{name}" for name in ("demucs", "openunmix")},
    "factorizations.openunmix_weights": "adapters/test_openunmix",
}
MOST_AT_THE_TOP = 9
MOST_LINES = 350
MOST_IN_A_BODY = 45


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


PATHS = {module_name(path): path for top in (HOUSE, "factorizations") for path in (ROOT / top).rglob("*.py")}


def room(module: str) -> str:
    """The first part of its name within the house: a room, a module of the ground, a face."""
    top, *inner = module.split(".")
    return "factorizations" if top == "factorizations" else (inner or [""])[0]


class _Arrows(ast.NodeVisitor):
    """Collects what a source imports, wherever that stands, and the modules that its strings name.

    What exists for type checkers only never runs. Docstrings are no arrows: they may name what they like.
    """

    def __init__(self) -> None:
        self.found: list[str] = []

    def visit_If(self, node: ast.If) -> None:
        for child in node.orelse if ast.unparse(node.test) == "TYPE_CHECKING" else [*node.body, *node.orelse]:
            self.visit(child)

    def visit_Import(self, node: ast.Import) -> None:
        self.found += [alias.name for alias in node.names]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        assert node.level == 0, "imports are absolute here"
        wholes = [f"{node.module}.{alias.name}" for alias in node.names]
        self.found += [whole if whole in PATHS else str(node.module) for whole in wholes]

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and "." in node.value:  # bare names of packages are words as others
            self.found.append(node.value.partition(":")[0])


@cache
def imports(source: str) -> frozenset[str]:
    """Our modules that a source imports or names: ``from package import module`` is the module, not the package."""
    visitor = _Arrows()
    visitor.visit(ast.parse(source))
    return frozenset(visitor.found) & set(PATHS)


def family(module: str) -> str:
    """How the names of a plug-in's other modules begin: ``factorizations.spleeter_``."""
    package, _, name = module.rpartition(".")
    return f"{package}.{name.partition('_')[0]}_"


def may_import(module: str, target: str) -> bool:
    """A plug-in of several modules may import its own: ``spleeter_network`` is a part of ``spleeter``."""
    here, there = room(module), room(target)
    if here in PLUGIN_ROOMS:
        return target.startswith(family(module)) or (
            there not in PLUGIN_ROOMS and ORDER[there] <= ORDER[PLUGIN_ROOMS[here]]
        )
    return there not in PLUGIN_ROOMS and ORDER[there] <= ORDER[here]


def upward_arrows(sources: dict[str, str]) -> list[tuple[str, str]]:
    """Pairs (importing, imported) that break the rule, for sources by module name."""
    return [
        (module, target)
        for module, source in sources.items()
        for target in sorted(imports(source) - {module})
        if not may_import(module, target)
    ]


def circle(sources: dict[str, str]) -> list[str]:
    """Modules that lie on circles of imports or hang on one; none where there are no circles."""
    remaining = {
        module: imports(source) - {module}
        for module, source in sources.items()
        if room(module) != "cli"  # its package gathers the commands, which share its options
    }
    while free := {module for module, targets in remaining.items() if not targets & set(remaining)}:
        remaining = {module: targets for module, targets in remaining.items() if module not in free}
    return sorted(remaining)


def mirror(module: str) -> Path:
    """The test file of a module or a package: of its name, in the folder of its room."""
    *rooms, name = module.removeprefix(f"{HOUSE}.").split(".")
    return ROOT.joinpath("tests", *rooms, f"test_{name}.py")


def without_tests(modules: Iterable[str]) -> list[str]:
    """Modules that have no test file of their name or their package's, and are not known to be tested elsewhere."""
    known = {whole(name) for name in TESTED_ELSEWHERE}
    return [
        module
        for module in modules
        if PATHS[module].name != "__init__.py"
        and not any(part in known or mirror(part).exists() for part in (module, module.rpartition(".")[0]))
    ]


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    return {module: path.read_text(encoding="utf-8") for module, path in PATHS.items()}


def test_every_module_lies_in_a_room_of_the_house() -> None:
    assert {room(module) for module in PATHS} == {*ORDER, "factorizations"}


def test_the_top_of_the_house_holds_rooms_and_few_modules() -> None:
    assert len([path for path in (ROOT / HOUSE).iterdir() if path.suffix == ".py"]) <= MOST_AT_THE_TOP


def test_no_module_is_long_and_no_function_does_not_fit_a_screen(sources: dict[str, str]) -> None:
    """Argument parsers may be long; so may signatures and docstrings, which are not counted."""
    assert [module for module, source in sources.items() if source.count("\n") > MOST_LINES] == []
    long = [
        (module, node.name, n)
        for module, source in sources.items()
        if room(module) != "cli"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and (n := _body_lines(node)) > MOST_IN_A_BODY
    ]
    assert long == []


def _body_lines(node: ast.FunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return node.body[-1].end_lineno - body[0].lineno + 1 if body else 0  # type: ignore[operator]


def test_every_room_is_a_package_whose_docstring_is_its_map(sources: dict[str, str]) -> None:
    for name in ROOMS:
        told = ast.get_docstring(ast.parse(sources[f"{HOUSE}.{name}"])) or ""
        modules = {module.split(".")[2] for module in PATHS if module.startswith(f"{HOUSE}.{name}.")}
        assert {module for module in modules if f"`{module}`" not in told} == set(), name


def test_the_packages_docstring_names_every_room_and_what_lies_beside_them(sources: dict[str, str]) -> None:
    told = ast.get_docstring(ast.parse(sources[HOUSE])) or ""
    assert [name for name in (*GROUND, *ROOMS, "cli") if f"`{name}`" not in told] == []


def test_no_import_points_upward(sources: dict[str, str]) -> None:
    assert upward_arrows(sources) == []


def test_modules_import_each_other_without_circles(sources: dict[str, str]) -> None:
    assert circle(sources) == []


def test_every_module_is_mirrored_by_a_test_file() -> None:
    assert without_tests(PATHS) == []


def test_what_is_tested_elsewhere_is_there_and_has_no_test_file_of_its_own() -> None:
    assert [place for place in TESTED_ELSEWHERE.values() if not (ROOT / "tests" / f"{place}.py").exists()] == []
    assert [name for name in TESTED_ELSEWHERE if whole(name) not in PATHS or mirror(whole(name)).exists()] == []


def test_a_module_without_tests_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(TESTED_ELSEWHERE, "collection.table")
    assert without_tests(PATHS) == [whole("collection.table")]


@pytest.mark.parametrize(
    ("module", "statement", "target"),
    [
        ("audio.recording", "from audiolime_ext.explanation.pipeline import explain", "explanation.pipeline"),
        ("audio.recording", "def lazily():\n    from audiolime_ext.track import pipeline", "track.pipeline"),
        ("display", "draw = import_module('audiolime_ext.report.notebook')", "report.notebook"),
        ("files", "draw = 'audiolime_ext.report.figures.figure:plot'", "report.figures.figure"),
        ("attribution.lime", "from audiolime_ext import explain", ""),
        ("explanation.pipeline", "import factorizations.hpss", "factorizations.hpss"),
        ("cli", "from audiolime_ext.models.musicnn import make", "models.musicnn"),
        ("factorizations.hpss", "from audiolime_ext.components.components import build", "components.components"),
        ("factorizations.hpss", "from factorizations import oracle", "factorizations.oracle"),
        ("factorizations.hpss", "import factorizations.spleeter_network", "factorizations.spleeter_network"),
    ],
)
def test_an_arrow_that_points_upward_is_caught(
    sources: dict[str, str], module: str, statement: str, target: str
) -> None:
    module, target = whole(module), whole(target)
    wrong = {**sources, module: f"{sources[module]}\n{statement}\n"}
    assert upward_arrows(wrong) == [(module, target)]


def whole(name: str) -> str:
    return name if name.startswith("factorizations") else f"{HOUSE}.{name}".rstrip(".")


@pytest.mark.parametrize("statement", ["import audiolime_ext.audio.recording", "x = 'audiolime_ext.audio.recording'"])
def test_a_circle_is_caught(sources: dict[str, str], statement: str) -> None:
    wrong = {**sources, f"{HOUSE}.audio.decoding": f"{sources[f'{HOUSE}.audio.decoding']}\n{statement}\n"}
    assert {f"{HOUSE}.audio.decoding", f"{HOUSE}.audio.recording"} <= set(circle(wrong))
