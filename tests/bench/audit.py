"""The report on an audit of 10,000 recordings: how large its store is, how long the page takes, how soon it opens.

The audit is simulated (see `tests.simulated_audit`). Opening is timed in headless Chromium, from the request of the
file until the first picture is drawn.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.bench.page import made
from tests.browser.pages import chromium, launch
from tests.simulated_audit import N_RECORDINGS, simulate

LARGEST_STORE_MB, LARGEST_MB, SLOWEST_S, MOST_GB, LATEST_S = 200.0, 5.0, 60.0, 2.0, 3.0  # the targets


def opened_s(page: Path) -> float | None:
    """Seconds from opening the page until it is loaded and drawn; None without a browser."""
    from playwright.sync_api import sync_playwright

    if chromium() is None:
        return None
    with sync_playwright() as playwright:
        browser = launch(playwright)
        tab = browser.new_context(offline=True).new_page()
        start = time.perf_counter()
        tab.goto(page.as_uri(), wait_until="load")
        tab.screenshot()
        seconds = time.perf_counter() - start
        browser.close()
    return seconds


def report(store: Path | None = None) -> str:
    """The line of `make bench`."""
    with tempfile.TemporaryDirectory() as folder:
        if store is None:
            store = Path(folder) / "audit.sqlite"
            simulate(store)
        seconds, peak_gb = made("audit", "report", store, "-o", folder)
        page = Path(folder) / "index.html"
        store_mb, size_mb, opened = store.stat().st_size / 1e6, page.stat().st_size / 1e6, opened_s(page)
    opens = "no browser" if opened is None else f"opens in {opened:.1f} s (target {LATEST_S:g})"
    return (
        f"report on {N_RECORDINGS} recordings: store {store_mb:.0f} MB (target {LARGEST_STORE_MB:g}), {seconds:.1f} s "
        f"(target {SLOWEST_S:g}), peak {peak_gb:.2f} GB (target {MOST_GB:g}), page {size_mb:.1f} MB "
        f"(target {LARGEST_MB:g}), {opens}"
    )


if __name__ == "__main__":
    print(report(Path(sys.argv[1]) if sys.argv[1:] else None))
