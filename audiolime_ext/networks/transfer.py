"""One file over HTTP, for a process of its own, which can be ended whatever it waits for: see `downloads`.

``python transfer.py URL FILE MOST`` prints how far it is as pip does, ``Progress 262144 of 146800640`` (``of 0``: the
server does not say), and, where it fails, the reason. No more than MOST bytes are taken. It needs Python alone.
"""

from __future__ import annotations

import http.client
import sys
import urllib.error
import urllib.request
from pathlib import Path

_BLOCK = 1 << 18
_TIMEOUT_S = 30  # without a byte


def transfer(url: str, target: Path, most: int) -> None:
    """Write what lies at `url` to `target`; raise `ValueError` where it is too much or too little."""
    with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as response, target.open("wb") as file:
        n_bytes, announced = 0, response.length or 0
        while n_bytes <= most >= announced and (block := response.read(_BLOCK)):
            n_bytes += file.write(block)
            print(f"Progress {n_bytes} of {announced}", flush=True)
    if max(n_bytes, announced) > most:
        raise ValueError(f"it holds more than {most} bytes")
    if n_bytes < announced:
        raise ValueError(f"it broke off after {n_bytes} of {announced} bytes")


if __name__ == "__main__":
    try:
        transfer(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = error.reason if type(error) is urllib.error.URLError else error
        sys.exit(" ".join(str(reason).split()) or type(error).__name__)
