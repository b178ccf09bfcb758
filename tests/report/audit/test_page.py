"""The report on an audit: what it says, what is heard, what it keeps to itself, and that it stays light."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser

from audiolime_ext import Audio, tagger
from audiolime_ext.audit.measurement.effects import transplant_gain
from audiolime_ext.audit.measurement.heard import Ears
from audiolime_ext.audit.measurement.measure import Settings
from audiolime_ext.audit.run import run_audit
from audiolime_ext.audit.store.records import Reading
from audiolime_ext.audit.store.store import AuditStore
from audiolime_ext.audit.verdict.admission import admit
from audiolime_ext.audit.verdict.causes import Cause
from audiolime_ext.audit.verdict.differences import Difference
from audiolime_ext.audit.verdict.limits import given
from audiolime_ext.audit.verdict.rates import Rate
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.audit.verdict.status import Status, Verdict
from audiolime_ext.audit.verdict.verdicts import judge
from audiolime_ext.cli import main
from audiolime_ext.collection.engine.jobs import Failure
from audiolime_ext.errors import AudioError, MissingError
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.report.audit.charts import DOT, LEFT, MOST_DOTS, ROW, WIDTH, beeswarm, dots, drawn, swarm
from audiolime_ext.report.audit.clips import Listening, loudest
from audiolime_ext.report.audit.effects import Strip, effects
from audiolime_ext.report.audit.findings import Answer, Finding, answer, findings, reads, to_tell
from audiolime_ext.report.audit.names import Names
from audiolime_ext.report.audit.overview import comparisons, heat_maps
from audiolime_ext.report.audit.page import Options, _facts, report_html, write_report
from tests.browser.pages import opened
from tests.simulated_audit import simulate

SR, MODEL_SR, SECONDS, N_SONGS = 16000, 8000, 1.0, 20
SPEC = "tests.report.audit.test_page:HEARS_HISS"
EVIL = "<b>evil&"


def hiss(batch: np.ndarray) -> np.ndarray:
    """Takes whatever has energy above 2 kHz for a guitar: here only the drums."""
    power = np.abs(np.fft.rfft(batch, axis=-1)) ** 2
    high = power[:, np.fft.rfftfreq(batch.shape[-1], 1 / MODEL_SR) > 2000].sum(axis=1) / (power.sum(axis=1) + 1e-9)
    guitar = 1 / (1 + np.exp(-300 * (high - 0.02)))
    return np.stack([guitar, 1 - guitar], axis=1)


HEARS_HISS = tagger(hiss, sr=MODEL_SR, labels=["guitar", "piano"], version="1")


def band(folder: Path) -> Path:
    """Guitar with bass and drums, piano with bass: stereo, at twice the model's rate; the manifest."""
    rng, time = np.random.default_rng(0), np.arange(round(SECONDS * SR)) / SR
    lines = ["path,label,group,stems"]
    for i in range(N_SONGS):
        label = ("guitar", "piano")[i % 2]
        hz = (400 if label == "guitar" else 1000) + 10 * i
        stems = {"bass": np.sin(2 * np.pi * (60 + i) * time), label: np.sin(2 * np.pi * hz * time)}
        if label == "guitar":
            stems["drums"] = rng.normal(size=time.size) * (time > 0.5)
        home = folder / f"stems-{i}"
        home.mkdir()
        pan = np.array([0.2, 0.1 + 0.005 * i])
        for name, wave in stems.items():
            Audio((wave * pan[:, None]).astype("f4"), SR).write(home / f"{name}.wav")  # the same bytes at any time
        mixture = np.sum([wave * pan[:, None] for wave in stems.values()], axis=0)
        name = f"{EVIL}{i}" if i < 2 else f"take-{i}"
        Audio(mixture.astype("f4"), SR).write(folder / f"{name}.wav")
        lines.append(f"{name}.wav,{label},Ode {i},stems-{i}")
    (folder / "songs.csv").write_text("\n".join(lines) + "\n")
    return folder / "songs.csv"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit")
    run_audit(band(folder), SPEC, store=folder / "songs.sqlite", workers=0, settings=Settings(n_donors=4, n_same=1))
    return folder / "songs.sqlite"


@pytest.fixture(scope="module")
def results(store: Path) -> Results:
    return Results.read(store)


@pytest.fixture(scope="module")
def page(results: Results) -> str:
    return report_html(results, Options(trust=True))


@pytest.fixture(scope="module")
def found(results: Results) -> tuple[Finding, ...]:
    return findings(results, to_tell(judge(results.transplants(), limit=0.5, stems=results.components)))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Results:
    path = tmp_path_factory.mktemp("large") / "audit.sqlite"
    simulate(path, n_recordings=450, n_labels=3)
    return Results.read(path)


def words(html: str) -> str:
    """What a person reads: no style, script, sound or markup, single blanks."""
    html = re.sub(r"<(style|script)\b.*?</\1>|</?a\b[^>]*>", "", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def test_the_report_says_what_the_stems_of_its_separator_may_hold(results: Results) -> None:
    told = {}
    for spec in ("cerberus", "demucs:mdx", "oracle"):
        identity = replace(results.identity, factorization=spec)
        audited = replace(results, identity=identity, components=("bass", "drums"))
        told[spec] = _facts(audited, Names(audited, False))
    held = "bass may hold drums, guitar and piano; drums may hold guitar and bass (measured: "
    assert any(fact.startswith(held) for fact in told["cerberus"])
    assert "how much of a true source lands in which stem was not measured for demucs:mdx" in told["demucs:mdx"]
    assert not any("may hold" in fact or "measured for" in fact for fact in told["oracle"])


def test_the_finding_is_told_first_with_what_it_rests_on(page: str) -> None:
    told = words(page)
    # float WAV files hold the second at which they were written, so contents, and with them donors, vary
    numbers = r"1 shown, \d open, \d ruled out\."
    assert re.search(
        "Shown: “guitar” depends on drums. 100 % of the model's decisions agree with the manifest. "
        f"Put into other recordings: {numbers} Taken out: {numbers}",
        told,
    )
    assert "Limit 36 %: δ of true stems, measured on models of known faults" in told
    assert "20 recordings of 20 songs in 2 classes" in told
    places = [
        told.index(text)
        for text in (
            "Shown:",
            "Limit 36 %",
            "The gate judges only",
            "What was found",
            "The evidence",
            "Everything else",
            "Effects, recording by recording",
        )
    ]
    places += [
        told.index(text) for text in ("Every class and component", "Decisions before", "Hear for", "How to read")
    ]
    assert places == sorted(places)
    assert "So far" not in told


def test_scores_are_told_as_everywhere_from_0_to_1(page: str, results: Results, found: tuple[Finding, ...]) -> None:
    case = found[0].transplants[0]
    column = results.labels.index(case.label)
    before, after = (f"{float(values[column]):.2f}" for values in (case.before, case.after))
    assert f"“{case.label}” goes from {before} to {after}." in words(page)


def test_without_a_finding_the_largest_effects_are_told_and_played_as_what_they_are(results: Results) -> None:
    page = report_html(results, Options(limit=0.97, trust=True))
    told = words(page)
    assert "Nothing is shown to flip more than 97 % of decisions." in told
    largest = "No effect is shown: the largest ones open guitar and drums open: whether 'guitar' "
    assert re.search(f"{largest}(depends on|needs) drums: ", told), "of both, the one of which more is known"
    assert "What was found" not in told
    assert page.count("audio/mpeg") >= 5, "before, the drums and after; before and after without them"
    assert "Hear for yourself" in told
    assert "lose the class without drums" not in told, "nothing is read out of what is not shown"
    assert "Decisions before and after" not in told, "nothing is flagged"


def test_the_largest_effects_are_those_that_flip_most_each_pair_once() -> None:
    def one(component: str, status: Status, share: float, *, donors: int | None = 9, declared: bool = False) -> Verdict:
        rate = Rate(share, 0.0, 1.0, 9, 9, donors, 9.0, 0.95)
        return Verdict("guitar", component, status, given(0.5), rate, declared=declared)

    accused, meant = one("drums", "shown", 0.9), one("guitar", "shown", 1.0, declared=True)
    lesser = [one("bass", "ruled out", 0.1), one("piano", "open", 0.4), one("organ", "open", 0.2)]
    others = [one("harp", "open", 0.05), one("flute", "ruled out", 0.0), one("other", "not auditable", 1.0)]
    out = [one("piano", "open", 0.3, donors=None), one("drums", "shown", 1.0, donors=None)]
    aside = others[-1]  # it may be waived: its numbers are not hidden
    assert to_tell([accused, meant, *lesser, *others, *out]) == [accused, meant, aside]
    assert to_tell([meant, *lesser, *others, *out[:1]]) == [meant, lesser[1], lesser[2], lesser[0], aside]
    assert to_tell([*lesser, *out]) == [out[1]], "what is taken out counts, too"
    assert to_tell([accused, replace(aside, rate=None)]) == [accused], "nothing was tried"


def test_an_effect_is_told_by_its_evidence_and_not_where_one_song_or_a_control_shows_it() -> None:
    def one(component: str, low: float, share: float, n: int, control: float | None = None) -> Verdict:
        rate = Rate(share, low, 1.0, n, n, None, float(n), 0.95)
        soft = None if control is None else Difference(share - control, -0.5, 1.0, n, replace(rate, rate=control))
        return Verdict("jazz", component, "open", given(0.5), rate, placebo=soft)

    well, less, once = one("bass", 0.27, 0.5, 20), one("drums", 0.1, 0.9, 3), one("piano", 0.025, 1.0, 1)
    softer = one("guitar", 0.4, 1.0, 9, control=1.0)
    assert to_tell([once, softer, less, well]) == [well, less]
    assert to_tell([replace(softer, placebo=None)]) == [replace(softer, placebo=None)]


def test_what_is_meant_to_matter_and_does_not_stands_out(store: Path, tmp_path: Path) -> None:
    (tmp_path / "meant.csv").write_text("class,component\nguitar,bass\n")
    options = ["--no-audio", "--expected", str(tmp_path / "meant.csv"), "-o", str(tmp_path / "out")]
    assert main(["audit", "report", str(store), *options]) == 0
    page = (tmp_path / "out" / "index.html").read_text()
    (lacking,) = (text for text in map(words, re.findall(r'<p class="say">(.*?)</p>', page)) if "Meant" in text)
    meant = "Meant to matter, but not shown beyond 36 % when put in: bass for “guitar”"
    assert re.fullmatch(rf"{meant} \(\w.*: 0 % of \d+ decisions flip\)\.", lacking)


@pytest.mark.parametrize("limit", [None, 0.4])
def test_the_gates_answer_is_told_by_whatever_limit(results: Results, limit: float | None) -> None:
    told = words(report_html(results, Options(limit=limit, audio=False)))
    answer = admit(results, tolerance=limit)
    by = "by that limit" if limit is None else "this page's limit of 40 %. Its answer"
    assert (
        f"{by}, without --compare-with or --waive-not-auditable: {answer.outcome} ({answer.decision.numbers})" in told
    )


def test_a_wide_table_scrolls_visibly_and_by_keyboard_and_the_evidence_fits_a_telephone(
    browser: Browser, tmp_path: Path, results: Results
) -> None:
    with opened(browser, tmp_path, report_html(results, Options(audio=False))) as tab:
        tab.set_viewport_size({"width": 400, "height": 800})
        overflow = "all => all.map(e => e.scrollWidth - e.clientWidth)"
        tables = tab.locator(".scroll:visible")
        assert max(tables.evaluate_all(overflow)) > 0, "else nothing is tested"
        assert max(tab.locator(".scroll:visible:has(.evidence)").evaluate_all(overflow)) <= 4
        assert {table.get_attribute("tabindex") for table in tables.all()} == {"0"}
        looks = tables.evaluate_all("all => all.map(e => getComputedStyle(e).backgroundImage)")
        assert all("gradient" in look for look in looks)
        wide = tables.nth(int(np.argmax(tables.evaluate_all(overflow))))
        wide.focus()
        tab.keyboard.press("ArrowRight")
        tab.wait_for_timeout(300)
        assert wide.evaluate("e => e.scrollLeft") > 0


def test_numbers_are_flush_right_in_every_column(browser: Browser, tmp_path: Path, results: Results) -> None:
    with opened(browser, tmp_path, report_html(results, Options(audio=False))) as tab:
        aligned = "all => all.map(e => getComputedStyle(e).textAlign)"
        assert set(tab.locator(".numbers td").evaluate_all(aligned)) == {"right"}


def test_the_evidence_says_what_kind_of_dependence_it_is(found: tuple[Finding, ...]) -> None:
    (one,) = found
    assert (one.verdict.label, one.verdict.component, one.verdict.status) == ("guitar", "drums", "shown")
    answers = {evidence.asked: evidence.answer for evidence in one.evidence}
    assert answers["own"] == answers["without"] == "yes"
    assert answers["equal level"] == answers["white noise"] == "no", "noise hisses, too"
    assert answers["matched"] == answers["leak"] == "", "no piano has drums, every guitar has"
    assert one.reads == (
        "Recordings of “guitar” lose the class without drums.",
        "Noise of the same spectrum in its place brings the class back.",
    )


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"leak": "no"}, ["It does not happen with what is separated as drums where there is none."]),
        ({"without": "no"}, ["they have other reasons"]),
        ({"without": "yes"}, ["Recordings of “guitar” lose the class without drums."]),
        ({"without": "yes", "equal level": "yes"}, ["without drums, but also when only made as soft."]),
        (
            {"without": "yes", "spectral noise": "yes"},
            ["lose the class without drums.", "Noise of the same spectrum in its place does not bring the class back."],
        ),
        ({"without": "in part", "spectral noise": "yes"}, []),
        ({"matched": "no"}, []),  # said by the verdict itself
    ],
)
def test_an_answer_is_put_in_plain_words_and_an_open_one_is_not(answers: dict[str, Answer], said: list[str]) -> None:
    verdict = Verdict("guitar", "drums", "shown", given(0.5))
    sentences = reads(verdict, answers)
    assert all(part in sentence for part, sentence in zip(said, sentences, strict=True))
    assert reads(verdict, dict.fromkeys(answers, "in part")) == ()
    assert reads(replace(verdict, status="open"), answers) == (), "nothing is read out of what is not shown"


def test_the_page_reads_what_counts_as_every_verdict_says_it() -> None:
    never = Rate(0.0, 0.0, 0.07, 50, 50, 50, 50.0, 0.95)
    cause = Cause(matched=Difference(1.0, 0.8, 1.0, 50, never), same=Difference(1.0, 0.8, 1.0, 50, never))
    put = Verdict("guitar", "bass", "shown", given(0.5), Rate(1.0, 0.9, 1.0, 50, 50, 50, 50.0, 0.95), cause=cause)
    first, second = reads(put, {"matched": "no", "same": "no"})
    assert (first, second) == tuple(f"{text[0].upper()}{text[1:]}." for text in put.what_counts)
    assert first.startswith("How loud the bass is counts: ")
    assert "sounds" not in second, "they do not contradict each other"


def test_what_is_only_made_softer_is_no_example_of_a_removal(results: Results, found: tuple[Finding, ...]) -> None:
    asked = results.asked("equal level")
    column = results.components.index("drums")
    softened = replace(asked, values=np.where((asked.components == column)[:, None], (0.1, 0.9), asked.values))
    changed = replace(results)
    changed._asked["equal level"] = softened
    (one,) = findings(changed, [found[0].verdict])
    assert (len(found[0].removals), one.removals) == (3, ())
    assert len(one.transplants) == 3, "they are not about the level"


def test_the_best_cases_flipped_and_are_of_different_songs(results: Results, found: tuple[Finding, ...]) -> None:
    for cases in (found[0].transplants, found[0].removals):
        assert len(cases) == 3
        songs = [results.entries[i].song for case in cases for i in (case.host, case.donor) if i is not None]
        assert len(set(songs)) == len(songs)
        for case in cases:
            assert (results.decide(case.before) != results.decide(case.after)).all()
    assert {results.entries[case.host].labels for case in found[0].transplants} == {("piano",)}


def test_what_is_heard_is_what_the_model_was_asked_about(results: Results, found: tuple[Finding, ...]) -> None:
    listening, ears, grid = (
        Listening(results, Names(results), trust=True),
        Ears(HEARS_HISS, None),
        Grid.of(HEARS_HISS, SR),
    )
    for case in (*found[0].transplants, *found[0].removals):
        mixed = listening.mixed(case)
        assert (mixed.sr, len(mixed.before)) == (SR, 2), "the recording's own rate and channels"
        assert max(np.abs(mixed.before).max(), np.abs(mixed.after).max()) <= 0.9
        host = ears.hear(results.entries[case.host])
        own, rest, given = host.stem("drums"), host.rest("drums"), np.zeros_like(host.background)
        if case.donor is not None:
            donor = ears.hear(results.entries[case.donor])
            levels = {"host_own": own, "host_rest": rest, "donor_own": donor.stem("drums")}
            gain = transplant_gain("own", **levels, donor_rest=donor.rest("drums"))
            assert gain is not None
            given = donor.stem("drums") * np.float32(gain)
        heard = grid.listen(np.stack([mixed.before, mixed.after]), SR, 0, round(SECONDS * MODEL_SR))
        np.testing.assert_allclose(heard / mixed.scale, np.stack([own + rest, rest + given]), atol=1e-5)


def test_a_clip_is_cut_where_the_component_is_loudest(results: Results, found: tuple[Finding, ...]) -> None:
    case = found[0].transplants[0]
    clips = Listening(results, Names(results), clip_s=0.25, trust=True).clips(case)
    assert [clip.role for clip in clips] == ["before", "donor", "after"]
    levels = []
    for clip in clips:
        samples, sr = soundfile.read(io.BytesIO(base64.b64decode(clip.address.split(",")[1])), always_2d=True)
        assert (sr, samples.shape[1]) == (SR, 2)
        assert samples.shape[0] / sr == pytest.approx(0.25, abs=0.15)  # an MP3's frames are 72 ms long here
        high = np.diff(samples, axis=0)
        levels.append(float(np.sqrt(np.mean(high**2))))
    assert levels[2] > 3 * levels[0], "the drums play in the second half only"
    assert loudest(np.zeros((1, 5), np.float32), 2) == (0, 2)


def test_a_recording_that_is_gone_or_changed_is_told_and_the_rest_goes_on(
    results: Results, found: tuple[Finding, ...]
) -> None:
    gone = replace(results, entries=tuple(replace(entry, path=f"gone/{entry.name}") for entry in results.entries))
    told = words(report_html(gone))
    assert "No sound here: cannot read gone/" in told
    assert "Hear for yourself" not in told
    assert "Every class and component" in told
    first, second = results.entries[:2]
    swapped = replace(results, entries=(replace(first, path=second.path), *results.entries[1:]))
    with pytest.raises(AudioError, match="no longer the file that was measured"):
        Listening(swapped, Names(swapped), trust=True).clips(replace(found[0].removals[0], host=0))


def test_without_audio_there_is_none(results: Results, page: str) -> None:
    silent = report_html(results, Options(audio=False))
    for trace in ("<audio", "audio/mpeg", "<script", "Hear for yourself", "data-piece"):
        assert trace in page
        assert trace not in silent
    assert "With drums of" in words(silent)


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("spleeter:2stems", "spleeter:2stems"),
        ("my_models:model", "my_models:model"),
        ("torch:/home/ann/a.pt?labels=/home/ann/l.txt;x=/home/ann/y", "torch:a.pt?labels=y"),
        ("torch:/home/ann=b;c/a.pt?labels=/home/ann=b/l.txt&sr=16000", "torch:a.pt?labels=l.txt&sr=16000"),
        (r"onnx:C:\Users\ann\a.onnx?labels=D:\ann\l.txt", "onnx:a.onnx?labels=l.txt"),
        ("oracle:/home/ann/stems/", "oracle:stems"),
        ("oracle:../ann:/stems", "oracle:stems"),
    ],
)
def test_an_anonymous_page_keeps_no_folder_of_a_spec(results: Results, spec: str, told: str) -> None:
    assert Names(results, anonymous=True).spec(spec) == told
    assert Names(results).spec(spec) == spec


def test_an_anonymous_page_names_no_recording_song_or_path(results: Results, page: str) -> None:
    failed = replace(results, failures=(_failure(results),), done=np.arange(N_SONGS) != 3)
    entries = results.entries
    secrets = {part for entry in entries for part in (entry.name, entry.song, entry.sha256, Path(entry.path).stem)}
    secrets |= {str(Path(entries[0].path).parent), "stems-", "escape"}
    plain = report_html(failed, Options(trust=True))
    anonymous = report_html(failed, Options(anonymous=True, trust=True))
    assert any(secret in plain for secret in secrets)
    assert not [secret for secret in secrets if secret in anonymous]
    assert "&lt;b&gt;evil&amp;" in plain
    assert EVIL not in plain
    assert re.search(r"With drums of recording \d+ \( ?song \d+\)", words(anonymous))
    assert "audio/mpeg" in anonymous, "names only: --no-audio leaves out the sound"


def _failure(results: Results) -> Failure:
    entry = results.entries[3]
    return Failure(entry.key, entry.name, f"{entry.path} made it escape", 1)


def test_decisions_for_labels_that_the_manifest_does_not_use_are_counted(results: Results, page: str) -> None:
    pianos = replace(results, entries=tuple(replace(entry, labels=("piano",)) for entry in results.entries))
    told = words(report_html(pianos, Options(audio=False)))
    assert "50 % of the model's decisions agree with the manifest; 50 % are for labels that it does not use" in told
    assert "labels that it does not use" not in words(page)


def test_what_is_not_measured_yet_is_said(results: Results, tmp_path: Path) -> None:
    half = replace(results, done=np.arange(N_SONGS) < 10)
    assert "So far: 10 of 20 recordings are not measured yet" in words(report_html(half, Options(audio=False)))
    with AuditStore.create_or_resume(tmp_path / "new.sqlite", results.identity) as opened_store:
        opened_store.describe(results.entries, results.reading)
    told = words(report_html(Results.read(tmp_path / "new.sqlite")))
    assert "Nothing can be said yet" in told
    assert "So far: 20 of 20" in told


def test_the_command_warns_of_a_store_that_is_not_complete(
    results: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with AuditStore.create_or_resume(tmp_path / "new.sqlite", results.identity) as opened_store:
        opened_store.describe(results.entries, results.reading)
    assert main(["audit", "report", str(tmp_path / "new.sqlite"), "-o", str(tmp_path / "out"), "--trust"]) == 0
    lacking = "warning: 20 of 20 recordings are not measured, or failed: the page is about the others only\n"
    assert capsys.readouterr().err.endswith(lacking)
    assert main(["audit", "report", str(results.path), "-o", str(tmp_path / "out"), "--trust", "--no-audio"]) == 0
    assert capsys.readouterr().err == ""


def test_decisions_without_the_flagged_component_are_counted(results: Results) -> None:
    (one,) = comparisons(results, ["drums"])
    before, without, soft = one.confusions
    assert before.counts.tolist() == soft.counts.tolist() == [[10, 0, 0], [0, 10, 0]]
    assert without.counts.tolist() == [[0, 10, 0], [0, 10, 0]]
    assert one.accuracies == (1.0, 0.5, 1.0)
    by_threshold = replace(results, reading=Reading(thresholds=(0.5, 0.5)))
    (one,) = comparisons(by_threshold, ["drums"])
    assert not one.confusions
    shares = {row.label: row.shares for row in one.rows}
    assert shares["guitar"] == ((1.0, 1.0), (0.0, None), (1.0, 1.0))
    assert shares["piano"] == ((1.0, 1.0), (1.0, 0.5), (1.0, 1.0))


def test_maps_hold_the_rates_of_both_directions(results: Results) -> None:
    verdicts = judge(results.transplants(), limit=0.5, stems=results.components)
    taken_out = judge(results.removals(), limit=0.5, stems=results.components)
    for one, n in zip(heat_maps(results, verdicts, taken_out), (40, 10), strict=True):
        rates = dict(one.rows)["guitar"]
        drums = rates[results.components.index("drums")]
        assert isinstance(drums, Rate)
        assert (drums.rate, drums.n_trials) == (1.0, n)
        assert dict(one.rows)["piano"][results.components.index("drums")] is None
        assert one.found == {("guitar", "drums")}
    assert "100 of 40 (" in words(report_html(results, Options(audio=False))), "each cell says how many decisions"


def test_effects_are_those_of_the_recordings_that_hold_the_component(results: Results) -> None:
    guitar, piano = sorted(effects(results), key=lambda one: one.label)
    names = [strip.component for strip in guitar.strips["necessity"]]
    drums = guitar.strips["necessity"][names.index("drums")]
    assert len(drums.values) == 10
    assert drums.marked.all()
    assert drums.values.min() > 6
    assert len(piano.strips["necessity"][names.index("drums")].values) == 0
    alone = piano.strips["sufficiency"][names.index("bass")]
    assert (len(alone.values), alone.n_open) == (0, 10), "silence is a piano already"


def test_a_large_audit_stays_light(large: Results) -> None:
    page = report_html(large, Options(audio=False))
    assert len(page) < 150_000
    drawn_dots = [len(re.findall("h0", path)) for path in re.findall(r'class="dots[^"]*" d="([^"]*)"', page)]
    assert sum(drawn_dots) == (3 * 3 - 1) * 5 * MOST_DOTS, "of 150 each; silence is of class 0, so nothing suffices"
    assert "Limit 50 %: a convention, not measured for simulated." in words(page)
    assert "shown: 'class 0' depends on drums" in words(page)


def test_dots_stay_in_their_strip_and_apart_and_the_sample_keeps_the_shape() -> None:
    rng = np.random.default_rng(0)
    few, many = rng.normal(0, 2, 30), rng.normal(0, 2, 5000)
    places = swarm(few, limit=8.0)
    assert np.abs(places[:, 0] - (LEFT + (few / 8 + 1) / 2 * (WIDTH - LEFT - 14))).max() <= DOT
    same_height = [(a, b) for a in places.tolist() for b in places.tolist() if a < b and a[1] == b[1]]
    assert min(abs(a[0] - b[0]) for a, b in same_height) >= 1
    assert np.abs(swarm(np.zeros(5000), limit=8.0)[:, 1]).max() <= (ROW - DOT) / 2
    kept = many[drawn(Strip("drums", many, many > 0))]
    assert len(kept) == MOST_DOTS
    assert (kept.min(), kept.max()) == (many.min(), many.max())
    assert np.quantile(kept, [0.25, 0.5, 0.75]) == pytest.approx(np.quantile(many, [0.25, 0.5, 0.75]), abs=0.1)
    assert dots(Strip("drums", np.zeros(0), np.zeros(0, bool)), limit=8.0, middle=0) == ("", "")


def test_the_same_store_makes_the_same_page(store: Path, page: str, tmp_path: Path) -> None:
    written = write_report(store, tmp_path / "report", Options(trust=True))
    assert written == tmp_path / "report" / "index.html"
    assert written.read_text() == page
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_the_command_writes_the_page(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "meant.csv").write_text("class,component\npiano,piano\nguitar,flute\n")
    options = ["--no-audio", "--expected", str(tmp_path / "meant.csv"), "--delta", "0.4", "--threshold", "0.3"]
    assert main(["audit", "report", str(store), "-o", str(tmp_path / "out"), *options]) == 0
    assert capsys.readouterr().out == f"open {tmp_path / 'out' / 'index.html'} in a browser\n"
    told = words((tmp_path / "out" / "index.html").read_text())
    assert "'guitar' is confounded with drums" in told
    assert "not auditable: 'guitar' and flute: no stem holds flute alone" in told
    assert "Limit 40 %: the limit you gave." in told
    assert "The gate judges only what is put in, here by this page's limit of 40 %. Its answer, without " in told
    assert "every score of 0.3 or more" in told


@pytest.mark.parametrize("kind", ["model", "factorization"])
def test_a_module_that_only_the_store_names_is_not_imported(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    (tmp_path / f"named_by_a_store_{kind}.py").write_text("open('harm', 'w')")
    monkeypatch.chdir(tmp_path)
    results = Results.read(store)
    spec = f"named_by_a_store_{kind}:thing"
    named = {"model": "musicnn:MSD_musicnn", "factorization": results.identity.factorization, kind: spec}
    identity = replace(results.identity, model=named["model"], factorization=named["factorization"])
    entries = tuple(replace(entry, stems=None) for entry in results.entries)
    monkeypatch.setattr(Results, "read", lambda path: replace(results, identity=identity, entries=entries))
    assert main(["audit", "report", str(store), "-o", "out"]) == 0
    assert not Path("harm").exists()
    told = f"names the {kind} {spec}, which would import the module named_by_a_store_{kind} and run its code; if you "
    err = capsys.readouterr().err
    assert told in err
    assert "--trust" in err
    assert err.count("\n") == 1
    page = Path("out/index.html").read_text()
    assert "audio/mpeg" not in page
    assert f"No sound here: the store {told}" in words(page)
    assert main(["audit", "report", str(store), "-o", "out", "--trust"]) == 0
    assert Path("harm").exists(), "with --trust it is imported"


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--delta", "1.5"], 2, "between 0 and 1"),
        (["--clip-s", "0"], 2, "a positive number is needed"),
        (["--expected", "none.csv"], 2, "none.csv"),
    ],
)
def test_bad_arguments_are_refused_on_one_line(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], code: int, said: str
) -> None:
    def run() -> int:
        return main(["audit", "report", str(store), "-o", str(tmp_path / "out"), *options])

    try:
        got = run()
    except SystemExit as left:
        got = int(left.code or 0)
    told = capsys.readouterr().err
    assert (got, told.count("\n")) == (code, 1)
    assert said in told
    assert not (tmp_path / "out").exists()


def test_a_store_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no audit at"):
        write_report(tmp_path / "none.sqlite", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_it_opens_offline_with_clips_and_players(browser: Browser, tmp_path: Path, page: str, width: int) -> None:
    with opened(browser, tmp_path, page, viewport={"width": width, "height": 900}) as tab:
        assert tab.locator("h1").inner_text() == f"What {SPEC} bases its decisions on"
        assert tab.locator(".audiolime.ready").count() == 3
        lasting = tab.evaluate(
            "() => Promise.all([...document.querySelectorAll('audio')].map((clip) => clip.readyState ? clip.duration "
            ": new Promise((done) => clip.addEventListener('loadedmetadata', () => done(clip.duration)))))"
        )
        assert len(lasting) == 5
        assert all(0.9 < seconds < 1.3 for seconds in lasting)
        assert tab.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.browser
def test_it_reads_without_a_script(browser: Browser, tmp_path: Path, page: str) -> None:
    with opened(browser, tmp_path, page, java_script_enabled=False) as tab:
        assert tab.locator("svg.swarm").first.is_visible()
        assert tab.locator("td.found").first.inner_text().startswith("100")
        assert tab.locator("audio").first.is_visible()


def test_where_nothing_is_told_first_nothing_is_called_else(
    results: Results, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audiolime_ext.report.audit.page.findings", lambda *_: ())
    assert "Everything that was tried" in words(report_html(results, Options(audio=False)))
    assert "Everything else that was tried" in words(page)


def test_a_table_of_evidence_says_where_intervals_lie_and_gives_no_verdict(found: tuple[Finding, ...]) -> None:
    """A verdict is corrected for many pairs, a control is not: one word for both would say two things."""
    assert {one.answer for one in found[0].evidence} <= {"yes", "no", "in part", ""}
    rates = [Rate(0.5, low, high, 20, 20, None, 20.0, 0.95) for low, high in ((0.45, 0.9), (0.1, 0.3), (0.3, 0.9))]
    assert [answer(rate, given(0.4)) for rate in rates] == ["yes", "no", "in part"]


def test_a_strip_without_dots_says_why(large: Results) -> None:
    nothing, known = np.zeros(0), np.zeros(0, bool)
    strips = [
        Strip("bass", nothing, known, 3),
        Strip("drums", nothing, known),
        Strip("piano", np.ones(1), np.ones(1, bool)),
    ]
    picture = beeswarm(strips, limit=1.0)
    assert [line.nothing for line in picture.lines] == ["undetermined", "no recording holds it", ""]
    page = report_html(large, Options(audio=False))
    assert ">undetermined</text>" in page, "silence is of class 0, so nothing suffices"
