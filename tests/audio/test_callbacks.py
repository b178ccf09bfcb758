"""Signals wait while a C library calls back into Python."""

from __future__ import annotations

import ast
import signal
import threading
from pathlib import Path

import pytest

import audiolime_ext
from audiolime_ext.audio.callbacks import undisturbed

HOUSE = Path(audiolime_ext.__file__).parent


class Hung(Exception):
    """What a handler of the test raises."""


def hung(number: int, _: object) -> None:
    raise Hung(number)


def test_what_comes_meanwhile_is_handled_behind_the_context_by_the_handler_that_was_there() -> None:
    done = []

    @undisturbed()
    def work() -> None:
        signal.raise_signal(signal.SIGTERM)
        done.append("the rest")

    before = signal.signal(signal.SIGTERM, hung)
    try:
        with pytest.raises(Hung):
            work()
        assert done == ["the rest"]
        assert signal.getsignal(signal.SIGTERM) is hung
    finally:
        signal.signal(signal.SIGTERM, before)


def test_an_error_within_does_not_hide_the_signal() -> None:
    @undisturbed()
    def work() -> None:
        signal.raise_signal(signal.SIGINT)
        raise ValueError("short")

    with pytest.raises(KeyboardInterrupt) as raised:
        work()
    assert isinstance(raised.value.__context__, ValueError)


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with undisturbed():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_have_no_handlers_and_change_none() -> None:
    found: list[object] = []

    def work() -> None:
        with undisturbed():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGINT)]


def calls_of_soundfile(path: Path) -> list[int]:
    """Lines of a module that have libsndfile read or write without `undisturbed`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.With) and "undisturbed()" in ast.unparse(block.items[0])
        for node in ast.walk(block)
    }
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("soundfile.read", "soundfile.write", "soundfile.SoundFile")
        and id(node) not in guarded
    ]


def test_no_module_lets_libsndfile_call_back_while_signals_are_handled() -> None:
    by_path = HOUSE / "cli" / "separate.py"  # writes to a path: libsndfile calls nothing
    found = {path: calls_of_soundfile(path) for path in HOUSE.rglob("*.py") if path != by_path}
    assert {path: lines for path, lines in found.items() if lines} == {}
    assert len(calls_of_soundfile(by_path)) == 1
