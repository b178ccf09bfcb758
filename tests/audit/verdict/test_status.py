"""Shown, ruled out, open, not auditable: what decides, what is said, and that everything says the same of one store."""

from __future__ import annotations

import json
import re
from argparse import Namespace
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from audiolime_ext import assert_no_confounder
from audiolime_ext.audit.store.records import Entry, Identity, Measurement, Reading
from audiolime_ext.audit.store.store import AuditStore
from audiolime_ext.audit.verdict.causes import Cause
from audiolime_ext.audit.verdict.differences import Difference, songs_to_tell
from audiolime_ext.audit.verdict.expected import Expectation, Expected
from audiolime_ext.audit.verdict.limits import Limit, tolerance
from audiolime_ext.audit.verdict.rates import MAX_SONGS, Rate, Trials, clopper_pearson, songs_to_decide
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.audit.verdict.status import STATUSES, Status, Verdict, decide, which_side
from audiolime_ext.audit.verdict.verdicts import Grounds, conclude, judge
from audiolime_ext.cli import main
from audiolime_ext.cli.audit.run import _tell
from audiolime_ext.report.audit.page import Options, report_html

CLASSES = ("guitar", "piano")
LIMIT = Limit(0.4, "a limit")
HPSS = 0.4  # its δ
SONGS = [f"song {i}" for i in range(50)]


def rate(n_flips: int, n: int, *, donors: bool = True) -> Rate:
    return Rate(n_flips / n, *clopper_pearson(n_flips, n), n, n, n if donors else None, float(n), 0.95)


def verdict(n_flips: int, n: int, component: str = "drums", **known: Any) -> Verdict:
    return Verdict("guitar", component, "open", LIMIT, rate(n_flips, n), **known)


def decided(*verdicts: Verdict, limit: Limit = LIMIT) -> dict[str, Verdict]:
    return {one.component: one for one in decide(verdicts, limit)}


@pytest.mark.parametrize("limit", [0.05, 0.36, 0.5])
@pytest.mark.parametrize("n", [1, 4, 20, 100, 400])
@pytest.mark.parametrize("share", [0.0, 0.04, 0.3, 0.36, 0.5, 0.76, 1.0])
def test_the_status_is_where_the_interval_lies_and_the_words_agree_with_it(limit: float, n: int, share: float) -> None:
    seen = rate(round(share * n), n)
    (one,) = decide([replace(verdict(1, 2), rate=seen)], Limit(limit, "a limit"))
    assert one.status == ("shown" if seen.low > limit else "ruled out" if seen.high < limit else "open")
    assert one.text.startswith(f"{one.status}: ")
    assert ("no effect" in one.text) == (seen.high < limit)
    assert bool(re.search("songs (of each class )?would decide", one.text)) == (one.status == "open")
    assert f"limit {100 * limit:g} %, a limit" in one.text
    assert one.songs_needed is None or (one.status == "open" and n < one.songs_needed <= 2000)
    low, high = map(float, re.findall(r"interval ([\d.]+) to ([\d.]+) %", one.text)[0])
    assert (low > 100 * limit, high < 100 * limit) == (seen.low > limit, seen.high < limit), "as far as is printed"


def test_what_was_said_of_seventy_six_percent_is_not_said_again() -> None:
    (one,) = decide([replace(verdict(1, 2), rate=Rate(0.76, 0.47, 0.94, 25, 13, 13, 13.0, 0.95))], Limit(0.5, "δ"))
    assert one.status == "open"
    assert "no effect" not in one.text
    assert re.search(
        r"^open: whether 'guitar' depends on drums: 76 % of 25 .*; about \d+ songs of each class would decide", one.text
    )


def test_songs_beyond_what_is_practicable_are_not_asked_for() -> None:
    near = Rate(0.39, 0.3, 0.49, 100, 100, 100, 100.0, 0.95)
    assert songs_to_decide(near, 0.4) is None
    assert MAX_SONGS == 2000
    assert songs_to_decide(replace(near, rate=0.35), 0.4) == pytest.approx(360, abs=60)
    (one,) = decide([replace(verdict(1, 2), rate=near)], LIMIT)
    assert one.text.endswith("; no practicable number of songs would decide at this rate")


def test_an_interval_above_the_limit_is_not_enough_for_one_of_many_pairs() -> None:
    just = next(n for n in range(100) if rate(n, 100).low > LIMIT.share)
    others = [verdict(0, 100, f"other {i}") for i in range(9)]
    assert decided(verdict(just, 100))["drums"].status == "shown"
    one = decided(verdict(just, 100), *others)["drums"]
    assert one.status == "open"
    assert "; the interval lies above the limit, but not far enough for one of 10 pairs; about " in one.text
    assert decided(verdict(100, 100), *others)["drums"].status == "shown"


def test_the_limit_that_an_interval_only_just_exceeds_is_the_one_that_is_told() -> None:
    delta = Limit(0.4, "δ of a separator")
    just = next(n for n in range(100) if rate(n, 100).low > delta.share)
    pairs = [verdict(just, 100), *(verdict(0, 100, f"other {i}") for i in range(9))]
    one = next(one for one in decide(pairs, Limit(0.05, "the tolerance"), floor=delta) if one.component == "drums")
    assert one.status == "open"
    assert "; the interval lies above 40 % (δ of a separator), but not far enough for one of 10 pairs; " in one.text


def test_pairs_without_trials_take_nothing_from_the_others() -> None:
    just = next(n for n in range(100) if rate(n, 100).low > LIMIT.share)
    untried = [Verdict("guitar", f"other {i}", "open", LIMIT, Rate(None, 0, 1, 0, 0, 0, 0.0, 0.95)) for i in range(9)]
    found = decided(verdict(just, 100), *untried, Verdict("guitar", "flute", "open", LIMIT, why_not="no stem"))
    assert (found["drums"].status, found["drums"].n_pairs) == ("shown", 1)
    assert (found["other 0"].status, found["other 0"].p_value) == ("open", None)
    told = found["other 0"].text
    needed = "about 8 songs of each class would decide"
    assert told.endswith(f"nothing was tried (limit 40 %, a limit); no recording could be tried; {needed}")
    (never,) = decide([Verdict("guitar", "bass", "open", LIMIT, untried="nobody sings")], LIMIT)
    assert never.text.endswith(f"; no recording could be tried, as nobody sings; {needed}")


def test_where_the_collection_holds_enough_songs_more_donors_are_asked_for_and_not_more_songs() -> None:
    few = Rate(1.0, 0.4, 1.0, 28, 12, 4, 4.0, 0.95)

    def said(offered: int | None, rate: Rate = few) -> str:
        (one,) = decide([replace(verdict(1, 2), rate=rate, n_offered=offered)], LIMIT)
        return one.would_decide

    drawn = (
        "about 5 donor songs would decide, and 4 of 6 were tried: a larger --n-donors, into a new store, may try more"
    )
    assert said(6) == drawn
    assert [said(4), said(None)] == ["about 5 songs of each class would decide"] * 2, "it holds no more"
    assert said(6, replace(few, n_hosts=4)) == "about 5 songs of each class would decide", "too few hosts"
    assert said(6, replace(few, n_donors=None)).endswith(" songs of the class would decide"), "nothing was put in"


def test_pairs_that_are_meant_to_matter_lend_no_certainty_to_accusations() -> None:
    just = next(n for n in range(100) if rate(n, 100).low > LIMIT.share)
    accused = [verdict(just, 100), verdict(0, 100, "bass", declared=False)]
    meant = [verdict(100, 100, f"part {i}", declared=True) for i in range(8)]
    alike = [replace(one, declared=False) for one in meant]
    assert decided(*accused, *meant)["drums"].status == "open"
    assert decided(*accused, *alike)["drums"].status == "shown", "the correction lets strong pairs pull weak ones along"


def against(placebo: float, difference: float, low: float, high: float, *, n_songs: int = 50) -> Difference:
    """Compared with a placebo under which so many flip."""
    under = Rate(placebo, 0.0, 1.0, n_songs, n_songs, None, float(n_songs), 0.95)
    return Difference(difference, low, high, n_songs, under)


@pytest.mark.parametrize(
    ("placebo", "status", "said"),
    [
        (None, "shown", "; no near-null control was measured"),
        (against(0.05, 0.9, 0.8, 1.0), "shown", "; where next to nothing was changed, 5 % flip"),
        (against(0.9, 0.05, -0.1, 0.2), "open", "; any remix may do as much: where next to nothing"),
        (
            against(0.35, 0.6, -0.1, 1.0),
            "open",
            "; too few songs to tell: where next to nothing was changed, 35 % flip",
        ),
        (against(0.48, 0.3, -0.1, 0.7), "open", "; any remix may do as much: where next to nothing was changed, 48 %"),
        (against(0.95, 0.0, -0.1, 0.1), "open", "; no practicable number of songs would decide at this rate"),
    ],
)
def test_what_is_shown_flips_more_than_a_placebo(placebo: Difference | None, status: Status, said: str) -> None:
    one = decided(verdict(95, 100, placebo=placebo))["drums"]
    assert one.status == status
    assert said in one.text
    assert one.changes_its_mind == ("any remix may do as much" in one.text)


def test_a_control_may_explain_flips_from_half_of_them_on_whatever_the_limit() -> None:
    def changes(of_placebos: float, limit: float) -> bool:
        one = verdict(90, 100, placebo=against(of_placebos, 0.9 - of_placebos, -0.1, 1.0))
        return decided(one, limit=Limit(limit, "a limit"))["drums"].changes_its_mind

    for limit in (0.5, 0.05):
        assert [changes(x, limit) for x in (0.44, 0.45, 0.46)] == [False, True, True], "half of 90 %"


def test_no_number_of_songs_is_asked_for_where_a_control_flips_as_many() -> None:
    """One decision of one, and it flips as often where only the level changed."""
    level = Difference(0.0, -0.9, 0.9, 1, rate(1, 1, donors=False), "equal level")
    one = decided(replace(verdict(1, 1), placebo=level))["drums"]
    assert (one.status, one.songs_needed) == ("open", None)
    assert "; the level alone may do as much: only made as soft as without it, 100 % flip; no practicable" in one.text
    assert decided(verdict(1, 1))["drums"].songs_needed is not None, "without the control they are"
    less = replace(level, rate=0.5, low=-0.3)
    both = decided(replace(verdict(3, 4), placebo=less))["drums"].songs_needed
    assert both == max(songs_to_tell(less) or 0, decided(verdict(3, 4))["drums"].songs_needed or 0), "for both"


def test_a_number_that_a_control_gave_is_not_given_twice() -> None:
    own = Difference(0.8, 0.6, 0.9, 50, rate(9, 50, donors=False), "same class")
    cause = Cause(same=own)
    (once,) = decide([verdict(98, 100, placebo=own, cause=cause)], LIMIT)
    assert once.text.count("18 %") == 1
    (other,) = decide([verdict(98, 100, placebo=replace(own, control="nudged"), cause=cause)], LIMIT)
    assert "; where next to nothing was changed, 18 % flip; " in other.text
    (alone,) = decide([verdict(98, 100, placebo=own)], LIMIT)
    assert alone.text.endswith("; with that of songs of the host's own class, 18 % flip")


def test_a_placebo_neither_shows_nor_rules_out() -> None:
    assert decided(verdict(0, 100, placebo=against(0.9, -0.9, -1.0, -0.8)))["drums"].status == "ruled out"
    assert decided(verdict(40, 100, placebo=against(0.0, 0.4, 0.3, 0.5)))["drums"].status == "open"
    forty_one = songs_to_tell(against(0.1, 0.2, -0.2, 0.6, n_songs=10))
    assert forty_one == 41, "four times the songs halve the distance to the bound"
    assert songs_to_tell(against(0.1, 0.001, -0.2, 0.2, n_songs=10)) is None


def test_songs_that_lack_a_control_are_counted_among_those_that_would_decide() -> None:
    few = against(0.0, 0.9, -0.1, 1.0, n_songs=10)
    one = decided(verdict(98, 100, placebo=few))["drums"]
    assert one.rate is not None
    assert (songs_to_tell(few), songs_to_tell(few, 100)) == (13, 124)
    assert one.songs_needed == songs_to_tell(few, one.rate.n_songs) != songs_to_tell(few)


def test_what_counts_is_told_with_a_verdict_that_is_shown() -> None:
    cause = Cause(matched=Difference(1.0, 0.8, 1.0, 50, rate(0, 50)))
    (one,) = decide([verdict(50, 50, "bass", cause=cause)], Limit(0.05, "a tolerance"), floor=LIMIT)
    (said,) = one.what_counts
    assert (said,) == cause.told("bass", LIMIT), "held against what it must exceed to be shown"
    assert one.text.endswith(f"; {said}")
    assert one.to_dict()["what_counts"] == [said]
    assert replace(one, status="open").what_counts == (), "of what is not shown nothing is said"


def test_only_what_is_known_to_be_meant_is_read() -> None:
    texts = {
        declared: decided(verdict(50, 50, declared=declared))["drums"].text.split(": ")[1]
        for declared in (None, True, False)
    }
    assert texts == {
        None: "'guitar' depends on drums",
        True: "'guitar' depends on drums, as it is meant to",
        False: "'guitar' is confounded with drums",
    }
    open_ = decided(verdict(20, 50, declared=False))["drums"]
    assert (open_.reading, open_.text.split(": ")[1]) == ("", "whether 'guitar' depends on drums"), "nobody is accused"


def test_an_interval_that_ends_at_the_limit_is_open() -> None:
    at = Limit(0.05, "a limit")
    assert [which_side(replace(rate(1, 50), low=low, high=0.4), at) for low in (0.05, 0.0501)] == ["open", "shown"]
    assert [which_side(replace(rate(1, 50), low=0, high=high), at) for high in (0.05, 0.0499)] == ["open", "ruled out"]


def test_trials_are_compared_with_placebos_wherever_that_matters_to_the_limit_or_to_a_gate() -> None:
    def asked(n_flips: int, limit: float) -> list[str]:
        names: list[str] = []

        def placebo_of(trials: Trials) -> Difference:
            names.append(trials.component)
            return against(0.95, 0.0, -0.1, 0.1)

        tried = Trials("guitar", "drums", np.arange(50) < n_flips, SONGS, SONGS)
        (one,) = judge([tried], limit=limit, grounds=Grounds(placebo_of))
        assert (one.placebo is not None) == bool(names)
        assert one.status == ("ruled out" if rate(n_flips, 50).high < limit else "open"), "no more than a placebo"
        return names

    assert [asked(n, 0.4) for n in (0, 3, 10, 50)] == [[], [], ["drums"], ["drums"]]
    assert asked(3, 0.01) == ["drums"]


# What cannot be audited.

MEANT = Expected((Expectation("guitar", "guitar"),))


def told(component: str, grounds: Grounds, expected: Expected | None = None) -> Verdict:
    tried = Trials("guitar", component, np.ones(50, bool), SONGS, SONGS)
    return judge([tried], limit=0.4, grounds=grounds, expected=expected, stems=["guitar", component])[0]


def test_components_that_the_separator_does_not_tell_apart_are_not_auditable_apart() -> None:
    grounds = Grounds(not_told_apart=[frozenset({"piano", "guitar"})])
    one = told("piano", grounds, MEANT)
    why_not, tried = one.text.split("; ", maxsplit=1)
    assert why_not == (
        "not auditable: 'guitar' and piano: the separator does not tell piano from guitar, and only guitar is meant to "
        "matter"
    )
    assert tried.startswith("what was tried all the same: 100 % of 50 decisions flip (")
    assert told("guitar", grounds, MEANT).status == "not auditable", "it may be the piano"
    assert told("drums", grounds, MEANT).status == "shown"
    assert told("piano", Grounds(not_told_apart=(("piano", "guitar"),)), MEANT).status == "not auditable"
    not_apart = " (which the separator does not tell from guitar)"
    assert told("piano", grounds).text.startswith(f"shown: 'guitar' depends on piano{not_apart}: "), "nobody said"
    neither = Expected((Expectation("guitar", "bass"),))
    assert told("piano", grounds, neither).text.startswith(f"shown: 'guitar' is confounded with piano{not_apart}: ")


@pytest.mark.parametrize(("n", "status"), [(26, "shown"), (27, "not auditable"), (47, "not auditable")])
def test_a_component_that_is_the_whole_of_most_recordings_is_not_auditable(n: int, status: Status) -> None:
    one = told("accompaniment", Grounds(whole={"accompaniment": (n, 52)}))
    assert one.status == status
    said = f"not auditable: 'guitar' and accompaniment: accompaniment is nearly all of the sound in {n} of 52 recor"
    assert one.text.startswith(said) == (status == "not auditable")
    assert told("vocals", Grounds(whole={"accompaniment": (n, 52)})).status == "shown"


# One store, told in every way.


def write(path: Path, *, n: int, flips: int, undone: int = 0, spec: str = "hpss") -> Path:
    """Drums of guitar recordings make `flips` of `n` piano songs a guitar; those of piano recordings do nothing."""
    songs = [Entry(f"{i}.wav", f"{i:064x}", (CLASSES[i % 2],), f"song {i}", 0.0, 1.0) for i in range(2 * n)]
    with AuditStore.create_or_resume(path, Identity("m:t", "f", spec, "2", CLASSES, {"kinds": ["own"]})) as store:
        store.describe(songs, Reading())
        for i, entry in enumerate(songs[: 2 * n - undone]):
            own = (0.9, 0.1) if i % 2 == 0 else (0.1, 0.9)
            after = own[::-1] if i % 2 and i // 2 < flips else own
            rows = [Measurement("score", "", own), Measurement("presence", "drums", (-6.0,))]
            rows.append(Measurement("own", "drums", after, songs[(i + 1) % (2 * n)].key))
            store.put(entry.task, entry.name, rows)
    return path


def words(html: str) -> str:
    html = re.sub(r"<(style|script)\b.*?</\1>|</?a\b[^>]*>", "", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


@pytest.mark.parametrize(
    ("n", "flips", "whole", "status", "code"),
    [
        (40, 36, 0, "shown", 6),
        (40, 20, 0, "open", 7),
        (4, 3, 0, "open", 7),
        (40, 3, 0, "ruled out", 0),
        (40, 36, 79, "not auditable", 7),
    ],
)
def test_everything_says_the_same_of_one_store(
    n: int,
    flips: int,
    whole: int,
    status: Status,
    code: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grounds = Grounds(whole={"drums": (whole, 80)} if whole else {})
    monkeypatch.setattr(Grounds, "of", lambda results: grounds)
    path = write(tmp_path / "s.sqlite", n=n, flips=flips)
    results = Results.read(path)
    put_in, _ = conclude(results, limit=tolerance(HPSS))
    one = next(v for v in put_in if v.label == "guitar")
    assert one.status == status

    gate = ["audit", "gate", str(path), "--limit", str(HPSS), "--junit", str(tmp_path / "gate.xml")]
    assert main(gate) == code
    lines = capsys.readouterr().out.splitlines()
    assert "; limit 40 %: the tolerance you gave; " in lines[0]
    assert one.text in lines
    assert main([*gate, "--json"]) == code
    pairs = json.loads(capsys.readouterr().out)["pairs"]
    by_label = {pair["label"]: pair for pair in pairs}
    assert (by_label["guitar"]["status"], by_label["guitar"]["text"]) == (status, one.text)

    case = ElementTree.parse(tmp_path / "gate.xml").find(".//testcase[@classname='guitar'][@name='drums']")
    assert case is not None
    elements = {"shown": ["failure"], "ruled out": []}.get(status, ["error"])
    assert [(e.tag, e.get("type"), e.get("message")) for e in case] == [(tag, status, one.text) for tag in elements]

    if code:
        with pytest.raises(AssertionError, match=re.escape(one.text)):
            assert_no_confounder(path, tolerance=HPSS)
    else:
        assert_no_confounder(path, tolerance=HPSS)

    as_measured = one.text.replace("the tolerance you gave", "δ of hpss")
    _tell(results, Namespace(json=False))
    told_lines = capsys.readouterr().out.splitlines()
    assert told_lines[1].startswith("limit 40 %: δ of hpss, measured on ")
    assert f"  {as_measured}" in told_lines
    _tell(results, Namespace(json=True))
    (plain,) = [v for v in json.loads(capsys.readouterr().out)["transplants"] if v["label"] == "guitar"]
    assert (plain["status"], plain["text"]) == (status, as_measured)

    page = words(report_html(results, Options(audio=False)))
    assert "Limit 40 %: δ of hpss, measured on" in page
    in_page = as_measured if whole or flips else f"guitar drums put in 8 % 2 to 20 % 40 {status}"
    assert in_page in page
    others = [s for s in STATUSES if s != status]
    assert not [s for s in others if f"{s}: 'guitar'" in page or f"{s}: whether 'guitar'" in page]
    assert ("Nothing is shown" in page) == (status != "shown")


def test_a_report_says_what_the_gate_says_by_another_limit(tmp_path: Path) -> None:
    """12 of 40 lie around the δ of 36 %, and far beyond the gate's 5 %."""
    results = Results.read(write(tmp_path / "s.sqlite", n=40, flips=12, spec="oracle"))
    page = words(report_html(results, Options(audio=False)))
    assert "Nothing is shown to flip more than 36 % of decisions. " in page
    assert "Put into other recordings: 0 shown, 1 open, 1 ruled out." in page
    by_its_own = (
        "5 % of decisions, unless it is given a tolerance. Its answer by that limit, without --compare-with or "
    )
    assert f"{by_its_own}--waive-not-auditable: fail (1 shown, 1 open, 0 ruled out). It fails for “guitar” and " in page
    assert "“guitar” and drums. As this page's limit is higher, 36 %, a pair can be shown there and not here." in page
    assert "1 pair fails there: the numbers shown: 'guitar' depends on drums: 30 % of 40 decisions flip" in page
    assert main(["audit", "gate", str(results.path)]) == 6
    by_the_gates = words(report_html(results, Options(audio=False, limit=0.05)))
    assert "Shown: “guitar” depends on drums." in by_the_gates
    assert "It fails for “guitar” and drums. " in by_the_gates
    assert "limit is higher" not in by_the_gates, "it is the same"
    assert "Limit 5 %: the limit you gave." in by_the_gates
    half = write(tmp_path / "half.sqlite", n=100, flips=0, undone=1)
    assert "--waive-not-auditable: inconclusive (0 shown, 0 open, 2 ruled out)" in words(
        report_html(Results.read(half))
    )


@pytest.mark.parametrize(("flips", "code"), [(60, 6), (12, 7), (0, 0)])
def test_what_may_be_the_separators_does_not_fail_a_gate_by_a_tolerance_below_its_delta(
    flips: int, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """12 of 80 lie far beyond 5 %, and below the 40 % of HPSS."""
    path = write(tmp_path / "s.sqlite", n=80, flips=flips)
    assert main(["audit", "gate", str(path)]) == code
    heading, note, *lines = capsys.readouterr().out.splitlines()
    assert "; limit 5 %: the tolerance of a gate that is given none; " in heading
    assert note == "an effect is shown only beyond 40 % (δ of hpss): less may be what ends up in the wrong stem"
    said = next(line for line in lines if "'guitar'" in line)
    between = "but not above 40 % (δ of hpss): what ends up in the wrong stem may do as much; true stems would tell"
    assert (between in said) == (flips == 12)
    page = words(report_html(Results.read(path), Options(audio=False)))
    assert f"--waive-not-auditable: {heading.partition(':')[0]} (" in page, "the same"
    assert "limit is higher" not in page, "neither shows what the separator may do"
    by_five = words(report_html(Results.read(path), Options(audio=False, limit=0.05)))
    through = "Through a separator it takes an effect for shown only beyond 40 % (δ of hpss)."
    assert (through in by_five) == (flips == 12), "where the page shows what the gate does not"
    main(["audit", "gate", str(path), "--tolerance", ".41"])
    assert "shown only beyond" not in capsys.readouterr().out
    true = write(tmp_path / "true.sqlite", n=80, flips=flips, spec="oracle")
    assert main(["audit", "gate", str(true)]) == (6 if flips else 0), "true stems let nothing through"


def test_beyond_a_tolerance_and_below_the_floor_nothing_is_decided() -> None:
    tolerated, floor = Limit(0.05, "a tolerance"), Limit(0.4, "a floor")
    few, some, many = (decide([verdict(n, 50)], tolerated, floor=floor)[0] for n in (0, 15, 28))
    assert [(one.status, one.songs_needed, one.floor) for one in (few, some)] == [
        ("open", 72, floor),
        ("open", None, floor),
    ]
    assert few.text.endswith("; about 72 songs of each class would decide"), "to rule it out"
    assert some.text.endswith("; true stems would tell; no practicable number of songs would decide at this rate")
    assert many.status == decide([verdict(28, 50)], tolerated)[0].status == "shown"
    (between,) = decide([verdict(25, 50)], tolerated, floor=floor)
    assert (between.status, between.songs_needed) == ("open", songs_to_decide(rate(25, 50), 0.4))
    assert decide([verdict(0, 100)], tolerated, floor=floor)[0].status == "ruled out"
    (one,) = decide([verdict(28, 50)], LIMIT, floor=tolerated)
    assert one.floor is None, "the limit is more"
    assert decide([many], tolerated)[0].floor is None


def test_pairs_that_are_not_auditable_can_be_waived_but_not_all_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    grounds = Grounds(not_told_apart=[frozenset({"drums", "harmonic"})])
    monkeypatch.setattr(Grounds, "of", lambda results: grounds)
    path = write(tmp_path / "s.sqlite", n=100, flips=90)
    table = tmp_path / "expected.csv"
    table.write_text("class,component\nguitar,harmonic\n")
    gate = ["audit", "gate", str(path), "--expected", str(table)]
    assert main(gate) == 7
    assert "not auditable: 'guitar' and drums: the separator does not tell drums" in capsys.readouterr().out
    assert main([*gate, "--waive-not-auditable"]) == 0
    out = capsys.readouterr().out
    assert "waived, as all that is not auditable: not auditable: 'guitar' and drums: " in out
    assert "; what was tried all the same: 90 % of 100 decisions flip (95 % interval 82 to 95 %; limit 5 %" in out
    assert "0 shown, 0 open, 1 ruled out; waived: 2 not auditable" in out
    monkeypatch.setattr(Grounds, "of", lambda results: Grounds(whole={"drums": (200, 200)}))
    assert main(["audit", "gate", str(path), "--waive-not-auditable"]) == 2
    assert "there is nothing to judge" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("control", "said"),
    [
        ("equal level", "; the level alone may do as much: only made as soft as without it, 90 % flip"),
        ("nudged", "; any remix may do as much: where next to nothing was changed, 90 % flip"),
        ("again", "; this model answers differently when asked twice: asked again about the recording as it is, 90 %"),
        (
            "same class",
            "; that of any other song may do as much: with that of songs of the host's own class, 90 % flip",
        ),
        ("moved", "any remix may do as much: with the component from another moment of the recording, 90 % flip"),
    ],
)
def test_a_control_is_called_what_it_is(control: str, said: str) -> None:
    rate = Rate(0.9, 0.8, 0.95, 50, 50, None, 50.0, 0.95)
    compared = Difference(0.0, -0.1, 0.1, 50, rate, control)
    assert said in decided(verdict(90, 100, placebo=compared))["drums"].text
