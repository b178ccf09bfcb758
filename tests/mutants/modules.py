"""What is mutated: the modules that turn answers into claims, with the tests that guard them beside their mirrors."""

from __future__ import annotations

from pathlib import PurePosixPath

HOUSE = PurePosixPath("audiolime_ext")

GUARDS: dict[str, tuple[str, ...]] = {
    "attribution/intervals": (),
    "attribution/told_apart": ("explanation/test_leading",),
    "attribution/noise": (),
    "attribution/settle": (),
    "attribution/shapley": ("attribution/test_interactions",),
    "attribution/owen": ("attribution/test_coarse_to_fine",),
    "attribution/lime": (),
    "explanation/checks": (),
    "explanation/leading": ("explanation/test_words",),
    "explanation/arguing": ("explanation/test_leading",),
    "explanation/sources": ("explanation/test_leading",),
    "explanation/top": (),
    "explanation/together": (),
    "explanation/whole": (),
    "explanation/cross_check": (),
    "explanation/words": ("explanation/test_leading",),
    "audit/verdict/rates": ("audit/verdict/test_status",),
    "audit/verdict/differences": ("audit/verdict/test_status",),
    "audit/verdict/controls": (),
    "audit/verdict/limits": (),
    "audit/verdict/status": ("audit/verdict/test_verdicts",),
    "audit/verdict/verdicts": ("audit/verdict/test_status",),
    "audit/verdict/gate": ("audit/verdict/test_status",),
    "prediction/kind": ("explanation/test_words",),
    "prediction/repeatability": ("attribution/test_noise",),
    "components/masks": ("components/test_game", "attribution/test_shapley"),
}

_MASKS, _STATUS, _WORDS = (
    f"audiolime_ext/{name}.py" for name in ("components/masks", "audit/verdict/status", "explanation/words")
)
EQUIVALENT: dict[tuple[str, str, str, int], str] = {  # mutations that change nothing that could be asked for, and why
    (_MASKS, "DRAWS_AT_ONCE = 1024", "DRAWS_AT_ONCE = 1023", 0): "any number will do, as long as it is always the same",
    (_MASKS, "2 * n", "3 * n", 1): "either is less than 2ⁿ from four components on",
    **{(_WORDS, "1.0", "2.0", nth): "up to 2, too, numbers are written with two decimals" for nth in range(3)},
    **{(_WORDS, "1.0", "0.5", nth): "so they are up to .5" for nth in range(3)},
    (_STATUS, "n_pairs: int = 1", "n_pairs: int = 0", 0): "`decide` sets it before a verdict is told",
}


def path_of(module: str) -> str:
    """Of a module such as ``attribution/noise``."""
    return str(HOUSE / f"{module}.py")


def guarding(module: str) -> list[str]:
    """Paths: the module's own examples, the file of its name, and what guards it besides."""
    folder, _, name = module.rpartition("/")
    return [path_of(module), *(f"tests/{file}.py" for file in (f"{folder}/test_{name}", *GUARDS[module]))]
