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

_MASKS, _STATUS, _WORDS, _RATES, _OWEN, _CHECKS, _APART, _INTERVALS = (
    f"audiolime_ext/{name}.py"
    for name in (
        *("components/masks", "audit/verdict/status", "explanation/words", "audit/verdict/rates", "attribution/owen"),
        *("explanation/checks", "attribution/told_apart", "attribution/intervals"),
    )
)
_ONE_MIX = "components.heard_mixes(np.ones((1, components.n), bool))"
_ALONE = "differences > t_quantile(1.0 - error, free) * errors"
EQUIVALENT: dict[tuple[str, str, str, int], str] = {  # mutations that change nothing that could be asked for, and why
    (_MASKS, "DRAWS_AT_ONCE = 1024", "DRAWS_AT_ONCE = 1023", 0): "any number will do, as long as it is always the same",
    (_MASKS, "2 * n", "3 * n", 1): "either is less than 2ⁿ from four components on",
    **{(_WORDS, "1.0", "2.0", nth): "up to 2, too, numbers are written with two decimals" for nth in range(3)},
    **{(_WORDS, "1.0", "0.5", nth): "so they are up to .5" for nth in range(3)},
    (_WORDS, "found.first[0]", "found.first[-1]", 5): "one leads where its segments are told of",
    (_STATUS, "n_pairs: int = 1", "n_pairs: int = 0", 0): "`decide` sets it before a verdict is told",
    **{(_RATES, "N_BOOTSTRAP = 2000", f"N_BOOTSTRAP = {n}", 0): "one resample more or less" for n in (1999, 2001)},
    (_OWEN, "2 ** len(groups)", "1 ** len(groups)", 0): "it spares work: masks that are missing are missed later",
    **{(_CHECKS, f"{_ONE_MIX}[0]", f"{_ONE_MIX}[-1]", nth): "there is one mix" for nth in range(2)},
    (_APART, _ALONE, _ALONE.replace(">", ">="), 0): "the difference and the quantile are equal by chance alone",
    (_INTERVALS, "energy > nothing ** 2", "energy >= nothing ** 2", 0): "they are equal by chance alone",
}


def path_of(module: str) -> str:
    """Of a module such as ``attribution/noise``."""
    return str(HOUSE / f"{module}.py")


def guarding(module: str) -> list[str]:
    """Paths: the module's own examples, the file of its name, and what guards it besides."""
    folder, _, name = module.rpartition("/")
    return [path_of(module), *(f"tests/{file}.py" for file in (f"{folder}/test_{name}", *GUARDS[module]))]
