"""How results show themselves: by whoever registered for it, and a clear word where nobody has."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext import display
from audiolime_ext.audio.recording import Audio
from audiolime_ext.display import plotted, shown
from audiolime_ext.errors import MissingError


def test_a_recording_is_shown_as_a_player() -> None:
    assert "<p>song, 0.10 s</p>" in shown(Audio(np.zeros((1, 800), np.float32), 8000, "song"))


@pytest.mark.parametrize(("show", "kind"), [(shown, "html"), (plotted, "figure")])
def test_where_nobody_registered_that_is_said(monkeypatch: pytest.MonkeyPatch, show: object, kind: str) -> None:
    monkeypatch.setattr(display, "GROUP", "audiolime_ext.none")
    with pytest.raises(MissingError, match=f"nothing is registered as 'audiolime_ext.none' '{kind}'; install"):
        show(None)  # type: ignore[operator]
