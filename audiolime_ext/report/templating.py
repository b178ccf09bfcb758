"""Templates, scripts and style sheets of pages: every value in them is text, whatever characters it holds.

Nothing else runs in a page, and nothing is fetched: see `policy`.
"""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from audiolime_ext.files.plain import to_json
from audiolime_ext.text import counted

if TYPE_CHECKING:
    import jinja2


CONNECT = "connect-src 'self'; "


def render(template: str, **values: Any) -> str:
    """A template filled with values; they are escaped unless they are markup already.

    Examples
    --------
    >>> "&lt;b&gt;" in render("song/index.html.j2", entries=[], title="<b>", style="", policy="", blind=False)
    True
    """
    return _environment().get_template(template).render(**values)


@lru_cache
def static(name: str) -> str:
    """A script or a style sheet, by its place below this folder: ``player/player.js``."""
    return files(__package__).joinpath(*name.split("/")).read_text(encoding="utf-8")


def policy(script: str, style: str, *, served: bool = False) -> str:
    """A Content-Security-Policy that allows just this script and this style, pictures and sounds in the page itself.

    Parameters
    ----------
    script, style : str
        Texts of the page's script and style sheet.
    served : bool
        True for a page of a server that it also asks for sounds; a page from disk fetches nothing.
    """
    return (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; "
        f"media-src data: blob:; {CONNECT if served else ''}base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def clock(seconds: float) -> str:
    """Minutes and seconds to a tenth.

    Examples
    --------
    >>> clock(206.42), clock(59.98)
    ('3:26.4', '1:00.0')
    """
    tenths = round(10 * seconds)
    return f"{tenths // 600}:{tenths % 600 / 10:04.1f}"


def boundary(seconds: float) -> str:
    """Minutes and seconds to a tenth, or to a hundredth where it is between tenths, as the script of a page writes it.

    Examples
    --------
    >>> boundary(5.992), boundary(3.0), boundary(59.999)
    ('0:05.99', '0:03.0', '1:00.0')
    """
    hundredths = round(100 * seconds)
    digits = 2 if hundredths % 10 else 1
    return f"{hundredths // 6000}:{hundredths % 6000 / 100:0{3 + digits}.{digits}f}"


def effect(value: float | None) -> str:
    """An effect in log-odds, with its sign unless it rounds to 0.

    Examples
    --------
    >>> effect(1.234), effect(-0.001), effect(None)
    ('+1.23', '0.00', '–')
    """
    if value is None:
        return "–"
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}") if round(value, 2) else "0.00"


@lru_cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(static),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_function"] = to_json
    environment.policies["json.dumps_kwargs"] = {"compact": True}
    environment.filters["clock"] = clock
    environment.filters["counted"] = counted
    environment.filters["db"] = lambda level: f"{level:.1f} dB".replace("-", "\N{MINUS SIGN}")
    environment.filters["effect"] = effect
    return environment
