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
    "audit/verdict/gate": ("audit/verdict/test_status", "audit/verdict/test_verdicts"),
    "prediction/kind": ("explanation/test_words",),
    "prediction/repeatability": ("attribution/test_noise",),
    "components/masks": ("components/test_game", "attribution/test_shapley"),
    "recommendation/hubs": ("recommendation/test_similar",),
    "recommendation/crowd": (),
    "recommendation/space": ("recommendation/test_crowd",),
    "recommendation/neighbours": ("recommendation/test_approximate",),
    "recommendation/ranking": ("recommendation/test_similar",),
    "collection/indexing/matching": (),
    "collection/indexing/cleaning": ("collection/indexing/test_matching",),
}

_ONE_MIX = "components.heard_mixes(np.ones((1, components.n), bool))"
_ALONE = "differences > t_quantile(1.0 - error, free) * errors"
_SCALE = "np.divide({}, deviations, out=np.zeros(n_features), where=varies)"
_FAR, _ROUND = "{} if wanted.farthest else -1.0", "(sign * products).round({})"
_READ = "READINGS.index(verdict.reading) if verdict.reading else"
_SAME: dict[
    str, tuple[tuple[str, str, tuple[str, ...], int], ...]
] = {  # why: module, what becomes what, which of these
    "any number will do": (
        ("components/masks", "DRAWS_AT_ONCE = 1024", ("DRAWS_AT_ONCE = 1023", "DRAWS_AT_ONCE = 1025"), 0),
        ("audit/verdict/rates", "N_BOOTSTRAP = 2000", ("N_BOOTSTRAP = 1999", "N_BOOTSTRAP = 2001"), 0),
        ("audit/verdict/controls", "0", ("1",), 0),  # seeds
        ("audit/verdict/controls", "0", ("1",), 1),
        ("audit/verdict/differences", "0", ("1",), 0),
        ("audit/verdict/rates", "0", ("1",), 0),
        ("audit/verdict/verdicts", "0", ("1",), 0),
        ("attribution/settle", "0", ("1",), 0),
        ("attribution/lime", "spread > 1e-18", ("spread > 2e-18", "spread > 5e-19"), 0),  # far from what scores span
        ("attribution/lime", "spread > 1e-18", ("spread > 2e-18", "spread > 5e-19"), 1),
        ("attribution/told_apart", "_NO_ERROR = 1e-09", ("_NO_ERROR = 2e-09", "_NO_ERROR = 5e-10"), 0),
        ("recommendation/crowd", "-1e-15", ("-2e-15", "-5e-16"), 0),
        ("recommendation/ranking", "_OPPOSED = 1e-06", ("_OPPOSED = 2e-06", "_OPPOSED = 5e-07"), 0),
        ("recommendation/space", "_ROWS = 16384", ("_ROWS = 16383", "_ROWS = 16385"), 0),
        ("recommendation/neighbours", "-1.0", ("-2.0", "-0.5"), 0),  # a sign
        ("recommendation/neighbours", _FAR.format("1.0"), (_FAR.format("2.0"), _FAR.format("0.5")), 0),
        ("recommendation/neighbours", _ROUND.format(12), (_ROUND.format(11), _ROUND.format(13)), 0),
    ),
    "they are equal by chance alone": (
        (
            "explanation/leading",
            "weights[first[0]] - weights[i] <= moved[i]",
            ("weights[first[0]] - weights[i] < moved[i]",),
            0,
        ),
        ("prediction/repeatability", "apart > UNLIKELY * error", ("apart >= UNLIKELY * error",), 0),
        ("attribution/told_apart", _ALONE, (_ALONE.replace(">", ">="),), 0),
        ("attribution/intervals", "energy > nothing ** 2", ("energy >= nothing ** 2",), 0),
        ("attribution/lime", "spread > 1e-18", ("spread >= 1e-18",), 0),
        ("attribution/lime", "spread > 1e-18", ("spread >= 1e-18",), 1),
        ("explanation/leading", "highest[worst] < 0", ("highest[worst] <= 0",), 0),
        ("explanation/together", "beyond > MOSTLY", ("beyond >= MOSTLY",), 0),
        (
            "explanation/checks",
            "here.get(name, -math.inf) <= AUDIBLE_DB",
            ("here.get(name, -math.inf) < AUDIBLE_DB",),
            0,
        ),
        (
            "prediction/repeatability",
            "batched > _limit(ROUNDING, scale)",
            ("batched >= _limit(ROUNDING, scale)",),
            0,
        ),
    ),
    "it is 0 either way": (
        ("recommendation/hubs", "k < 1", ("k < 0",), 0),
        ("recommendation/space", "lengths <= least", ("lengths < least",), 0),
    ),
    "directions have length 1": (
        ("recommendation/space", _SCALE.format("1.0"), (_SCALE.format("0.5"), _SCALE.format("2.0")), 0),
    ),
    "it is square": tuple(("recommendation/hubs", "shape[0]", ("shape[-1]", "shape[1]"), nth) for nth in (1, 2)),
    "it is divided by, and then left out": (
        ("attribution/told_apart", "np.where(uncertain, errors, 1.0)", ("np.where(uncertain, errors, 0.5)",), 0),
        ("attribution/told_apart", "np.where(uncertain, errors, 1.0)", ("np.where(uncertain, errors, 2.0)",), 0),
    ),
    "there is one": (
        ("explanation/checks", f"{_ONE_MIX}[0]", (f"{_ONE_MIX}[-1]",), 0),
        ("explanation/checks", f"{_ONE_MIX}[0]", (f"{_ONE_MIX}[-1]",), 1),
        ("explanation/words", "found.first[0]", ("found.first[-1]",), 5),  # leads, where its segments are told of
        ("attribution/lime", "fitted[0]", ("fitted[-1]",), 0),
        ("collection/indexing/matching", "winners[0]", ("winners[-1]",), 0),
        ("attribution/lime", "level[0]", ("level[-1]",), 0),
        ("explanation/words", "found.first[0]", ("found.first[-1]",), 4),
        ("audit/verdict/controls", "found[0]", ("found[-1]",), 0),
        ("audit/verdict/controls", "found[0]", ("found[-1]",), 1),
        ("explanation/cross_check", "there[0]", ("there[-1]",), 0),
        ("explanation/cross_check", "back[0]", ("back[-1]",), 0),
    ),
    "it is set, or compared among its like, before anybody sees it": (
        ("audit/verdict/status", "n_pairs: int = 1", ("n_pairs: int = 0", "n_pairs: int = 2"), 0),
        ("audit/verdict/status", f"{_READ} 0", (f"{_READ} 1", f"{_READ} -1"), 0),
        ("explanation/checks", "n_spare: int = 0", ("n_spare: int = 1", "n_spare: int = -1"), 0),
    ),
    "either is less than 2ⁿ from four components on": (("components/masks", "2 * n", ("3 * n",), 1),),
    "it is normed, or multiplied by nothing": (
        ("components/masks", "1.0 / (sizes * (n - sizes))", ("2.0 / (sizes * (n - sizes))",), 0),
        ("components/masks", "1.0 / (sizes * (n - sizes))", ("0.5 / (sizes * (n - sizes))",), 0),
        ("attribution/lime", "ridge > 0", ("ridge > -1", "ridge >= 0"), 0),
    ),
    "up to 2, and from .5 on, too, numbers are written with two decimals": tuple(
        ("explanation/words", before, (before.replace("1.0", "2.0"), before.replace("1.0", "0.5")), nth)
        for before, n in (("1.0", 3), ("1.0 if self.kind.noun == 'score' else largest", 1))
        for nth in range(n)
    ),
    "the first source is always named": (("explanation/words", "1", ("0",), 0),),
    "it spares work: masks that are missing are missed later, and more candidates give the same neighbours": (
        ("attribution/owen", "2 ** len(groups)", ("1 ** len(groups)",), 0),
        ("recommendation/crowd", "MOST_PAIRED = 20000", ("MOST_PAIRED = 19999", "MOST_PAIRED = 20001"), 0),
        ("recommendation/crowd", "range(0, len(usable), 1000)", ("range(0, len(usable), 999)",), 0),
        ("recommendation/neighbours", "-products[few]", ("+products[few]",), 0),
        ("recommendation/neighbours", "_ROUNDING = 0.0001", ("_ROUNDING = 0.0002", "_ROUNDING = 5e-05"), 0),
        ("recommendation/neighbours", "_TO_CORRECT = 20000", ("_TO_CORRECT = 19999", "_TO_CORRECT = 20001"), 0),
        ("recommendation/neighbours", "10 * wanted.n", ("9 * wanted.n", "11 * wanted.n", "10 / wanted.n"), 0),
        ("recommendation/neighbours", "_SPARE = 32", ("_SPARE = 31", "_SPARE = 33"), 0),
        ("recommendation/neighbours", "len(first) < n + _SPARE", ("len(first) <= n + _SPARE",), 0),
        ("recommendation/neighbours", "len(few) >= wanted.n + _SPARE", ("len(few) > wanted.n + _SPARE",), 0),
        ("recommendation/neighbours", "-n", ("+n",), 0),
    ),
}
EQUIVALENT: dict[tuple[str, str, str, int], str] = {  # mutations that change nothing that could be asked for, and why
    (f"audiolime_ext/{module}.py", before, after, nth): why
    for why, those in _SAME.items()
    for module, before, afters, nth in those
    for after in afters
}


def path_of(module: str) -> str:
    """Of a module such as ``attribution/noise``."""
    return str(HOUSE / f"{module}.py")


def guarding(module: str) -> list[str]:
    """Paths: the module's own examples, the file of its name, and what guards it besides."""
    folder, _, name = module.rpartition("/")
    return [path_of(module), *(f"tests/{file}.py" for file in (f"{folder}/test_{name}", *GUARDS[module]))]
