"""What a decoder in C writes to stderr by itself, as libmpg123 does about frames it cannot decode: caught, not shown.

Such lines name a line of the decoder's source code, and no file. The caller gets them here and says in its own words
what they mean. Meanwhile descriptor 2 leads into a file; everything else that is written there is passed on.
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

_ONE_OF_C = re.compile(rb"\[[^\]\n]*\.c:[^\]\n]*\] *(?:error|warning|note): [^\n]*\n?")
_LOCK = threading.RLock()  # descriptor 2 is there once


@contextmanager
def overheard() -> Iterator[list[str]]:
    r"""A list that holds, once the work within is done, the errors that C code printed meanwhile.

    Examples
    --------
    >>> with overheard() as said:
    ...     _ = os.write(2, b"[src/libmpg123/layer3.c:INT123_do_layer3():1804] error: dequantization failed!\n")
    >>> said
    ['[src/libmpg123/layer3.c:INT123_do_layer3():1804] error: dequantization failed!']
    """
    said: list[str] = []
    with _LOCK, ExitStack() as stack:
        try:
            aside = stack.enter_context(tempfile.TemporaryFile())
            kept = os.dup(2)
        except OSError:  # there is no stderr, or no room
            yield said
            return
        os.dup2(aside.fileno(), 2)
        try:
            yield said
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            aside.seek(0)
            said += _passed_on(aside.read())


def _passed_on(written: bytes) -> list[str]:
    """The errors of C code in what was written to stderr; the rest of it is written there now."""
    found = [line.decode("utf-8", "replace").strip() for line in _ONE_OF_C.findall(written)]
    rest = _ONE_OF_C.sub(b"", written)
    with suppress(OSError):
        while rest:
            rest = rest[os.write(2, rest) :]
    return [line for line in found if " error: " in line]
