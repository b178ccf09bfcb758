"""The lines that would have worked: what an error shows beside what went wrong."""

from __future__ import annotations

from audiolime_ext.text import CODE


def three_lines(made: str) -> str:
    """Three lines of Python, each on a line of its own, that make a model and explain it.

    Parameters
    ----------
    made : str
        Call that makes the model.

    Examples
    --------
    >>> print(f"write:{three_lines('tagger(net, sr=16000, labels=[…])')}")
    write:
        from audiolime_ext import explain, tagger
        model = tagger(net, sr=16000, labels=[…])
        explain("song.wav", model)
    """
    return f'{CODE}explain, tagger\n    model = {made}\n    explain("song.wav", model)'
