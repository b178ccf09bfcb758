"""Text as programs save it: UTF-8, with or without a byte-order mark, or what else such a mark says.

A spreadsheet's “Unicode text” is UTF-16, whose mark no UTF-8 can begin with; so nothing is guessed.
"""

from __future__ import annotations

import codecs
from pathlib import Path

_MARKS = (  # the longer ones first: UTF-32's begins as UTF-16's does
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def text_of(path: Path) -> str:
    r"""What a text file holds, without the mark.

    Raises
    ------
    OSError
        If it cannot be read.
    UnicodeDecodeError
        If it is neither UTF-8 nor what its mark says; a null byte is in no text.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "table.txt")
    ...     _ = path.write_bytes("path\tlabel".encode("utf-16"))
    ...     text_of(path)
    'path\tlabel'
    """
    content = path.read_bytes()
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8-sig")
    if encoding == "utf-8-sig" and (at := content.find(0)) >= 0:
        raise UnicodeDecodeError("utf-8", content, at, at + 1, "a null byte, as UTF-16 without a mark has them")
    return content.decode(encoding)


def no_text(path: str, error: UnicodeDecodeError) -> str:
    """What is wrong with a file that `text_of` cannot read."""
    encoding = error.encoding.upper().removesuffix("-LE").removesuffix("-BE")
    return f"{path} is not {encoding} ({error.reason} at byte {error.start}); save it as UTF-8"
