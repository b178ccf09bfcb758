"""Imports point to lower levels only; an arrow that points upward fails here."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PLUGIN, PLUGIN_MAY_IMPORT = 10, 2

LEVELS = {
    0: "errors counting labelled _optional _shown tables",
    1: "files folders stem_folders complaints containers decoding musdb_tracks audio_objects audio resampling "
    "silence registry text_files "
    "archives chunks formats formats.flac formats.mpeg formats.ogg formats.parts formats.riff formats.side_info "
    "formats.tags mixing downloads checkpoints cache guest memory outputs tensor_bundle onnx_graph spectrogram "
    "front_end transcription _compiled",
    2: "confusion factorization track.kept_stems prediction repeatability resolve saved_model taggram baselines "
    "segments kind whole",
    3: "perturbation components targets excerpt",
    4: "attribution attribution.additivity attribution.banzhaf attribution.interactions attribution.intervals "
    "attribution.leave_one_out attribution.lime attribution.methods attribution.noise attribution.owen "
    "attribution.shapley attribution.told_apart checks cross_check provenance summary storage together leading words "
    "top explanation track.leaders track.summary track.windows track.explanation",
    5: "adaptive coarse_to_fine evaluation pipeline track",
    6: "audit audit.admission audit.controls audit.database audit.importers audit.importers.draft audit.importers.fma "
    "audit.importers.jamendo audit.importers.magnatagatune audit.importers.mirdata_tracks audit.differences "
    "audit.driver audit.effects audit.expected "
    "audit.export audit.fitness audit.gate audit.heard audit.junit audit.limits audit.manifest audit.measure "
    "audit.merge audit.packing audit.patience audit.placebos audit.plan audit.rates audit.records audit.results "
    "audit.run audit.status audit.store audit.table audit.verdicts audit.words audit.workers "
    "dialects dialects.audio_explanation dialects.audiolime dialects.binding dialects.games "
    "faithfulness faithfulness.answers faithfulness.curves faithfulness.randomisation faithfulness.removal "
    "faithfulness.stability faithfulness.weighing",
    7: "report report.media report.pictures report.player report.view report.page report.index report.notebook "
    "report.plots report.templating report.audit report.audit.charts report.audit.clips report.audit.effects "
    "report.audit.findings report.audit.names report.audit.overview report.audit.page",
    8: "audiolime_ext",  # the package itself, which hands on names of the levels below
    9: "__main__ cli cli.audit cli.audit.export cli.audit.gate cli.audit.merge cli.audit.report cli.audit.run "
    "cli.options cli.cache cli.checkpoints cli.demo cli.explain cli.listing cli.page cli.rerun cli.separate cli.tag "
    "cli.track",
}
LEVEL = {
    name if name == "audiolime_ext" else f"audiolime_ext.{name}": level
    for level, names in LEVELS.items()
    for name in names.split()
}


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def is_plugin(module: str) -> bool:
    return module.split(".")[0] == "factorizations" or module.startswith("audiolime_ext.models")


def level_of(module: str) -> int:
    return PLUGIN if is_plugin(module) else LEVEL.get(module, PLUGIN)


PATHS = {module_name(path): path for top in ("audiolime_ext", "factorizations") for path in (ROOT / top).rglob("*.py")}


class _Imports(ast.NodeVisitor):
    """Collects imports wherever they stand, but for those that exist for type checkers only and never run."""

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


def imports(source: str) -> set[str]:
    """Our modules that a source imports: ``from package import module`` is the module, not the package."""
    visitor = _Imports()
    visitor.visit(ast.parse(source))
    return set(visitor.found) & set(PATHS)


def family(module: str) -> str:
    """How the names of a plug-in's other modules begin: ``factorizations.spleeter_``."""
    package, _, name = module.rpartition(".")
    return f"{package}.{name.partition('_')[0]}_"


def upward_arrows(sources: dict[str, str]) -> list[tuple[str, str]]:
    """Pairs (importing, imported) that break the rule, for sources by module name.

    A plug-in of several modules may import its own: ``spleeter_network`` is a part of ``spleeter``.
    """
    return [
        (module, target)
        for module, source in sources.items()
        for target in sorted(imports(source))
        if level_of(target) > (PLUGIN_MAY_IMPORT if is_plugin(module) else level_of(module))
        and not (is_plugin(module) and target.startswith(family(module)))
    ]


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    return {module: path.read_text(encoding="utf-8") for module, path in PATHS.items()}


def test_every_module_has_a_level_and_every_level_its_modules() -> None:
    assert {module for module in PATHS if not is_plugin(module)} == set(LEVEL)


def test_no_import_points_upward(sources: dict[str, str]) -> None:
    assert upward_arrows(sources) == []


def test_modules_import_each_other_without_circles(sources: dict[str, str]) -> None:
    remaining = {
        module: imports(source)
        for module, source in sources.items()
        if not module.startswith("audiolime_ext.cli")  # its package gathers the commands, which share its options
    }
    while free := {module for module, targets in remaining.items() if not targets & set(remaining)}:
        remaining = {module: targets for module, targets in remaining.items() if module not in free}
    assert not remaining


@pytest.mark.parametrize(
    ("module", "statement", "target"),
    [
        ("audiolime_ext.audio.recording", "from audiolime_ext.explanation.pipeline import explain", "audiolime_ext.explanation.pipeline"),
        ("audiolime_ext.audio.recording", "def lazily():\n    from audiolime_ext import pipeline", "audiolime_ext.explanation.pipeline"),
        ("audiolime_ext.attribution.lime", "from audiolime_ext import explain", "audiolime_ext"),
        ("audiolime_ext.explanation.pipeline", "import factorizations.hpss", "factorizations.hpss"),
        ("audiolime_ext.cli", "from audiolime_ext.models.musicnn import make", "audiolime_ext.models.musicnn"),
        ("factorizations.hpss", "from audiolime_ext.components.components import build", "audiolime_ext.components.components"),
        ("factorizations.hpss", "from factorizations import oracle", "factorizations.oracle"),
        ("factorizations.hpss", "import factorizations.spleeter_network", "factorizations.spleeter_network"),
    ],
)
def test_an_arrow_that_points_upward_is_caught(
    sources: dict[str, str], module: str, statement: str, target: str
) -> None:
    wrong = {**sources, module: f"{sources[module]}\n{statement}\n"}
    assert upward_arrows(wrong) == [(module, target)]
