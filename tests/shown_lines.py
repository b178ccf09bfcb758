"""The lines of Python that an error shows, run as a reader would: with their own names put in."""

from __future__ import annotations

from typing import Any


def run_shown(error: BaseException, song: Any, given: dict[str, Any], put: dict[str, str]) -> Any:
    """What the last of an error's three lines answers.

    Parameters
    ----------
    error : BaseException
        Error that shows lines, each after four spaces.
    song : recording
        What takes the place of ``"song.wav"``.
    given : dict
        Names that the reader has, such as ``net``.
    put : dict of str to str
        What the reader fills in: text of the lines → text in its place; each must be there.
    """
    lines = [line[4:] for line in str(error).splitlines() if line.startswith("    ")]
    assert len(lines) == 3, str(error)
    text = "\n".join(lines)
    for placeholder, own in put.items():
        assert placeholder in text, text
        text = text.replace(placeholder, own)
    *made, asked = text.splitlines()
    room = {**given, "song": song}
    exec("\n".join(made), room)
    return eval(asked.replace('"song.wav"', "song").replace("model)", "model, factorization='hpss')"), room)
