"""Every link of the site leads somewhere: ``python docs/links.py FOLDER`` names those that do not, and exits with 1.

Links between its own files are followed, fragments included; addresses elsewhere are not asked.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """What a page links to, and the places in it that can be linked to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = {""}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep its links and its id."""
        given = dict(attrs)
        self.places.add(given.get("id") or "")
        self.links += [link for name in ("href", "src") if (link := given.get(name))]


def broken(folder: Path) -> list[str]:
    """The links that lead nowhere, each with its page."""
    pages = {path.resolve(): Page(path) for path in folder.rglob("*.html")}
    found = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            inside = pages[target].places if target in pages else {unquote(parts.fragment)}
            if not target.is_file() or (unquote(parts.fragment) not in inside and parts.fragment != "top"):
                found.append(f"{path.relative_to(folder.resolve())}: {link}")
    return found


def main(folder: str) -> int:
    """Print what is broken."""
    found = broken(Path(folder))
    print("\n".join(found) or f"all links of {folder} lead somewhere")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
