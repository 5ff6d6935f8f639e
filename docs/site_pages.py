"""What MkDocs needs to make a site of pages that also read well where the code is hosted.

README, changes and recipes lie outside of docs/: they become pages, and links follow.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

_ROOT = Path(__file__).parent.parent
_PAGES = {"README.md": "index.md", "CHANGELOG.md": "changes.md", "train/README.md": "train.md"}
_FILES = ("LICENSE", "CITATION.cff")
_LINK = re.compile(r"(?<=\]\()(?!https?:|#)([^)#\s]+)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that lie elsewhere."""
    for source, page in _PAGES.items():
        files.append(File.generated(config, page, content=_read(source)))
    for name in _FILES:
        files.append(File.generated(config, name, content=_read(name)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Point links to where things are in the site."""
    source = {page: source for source, page in _PAGES.items()}.get(page.file.src_uri)
    folder = (_ROOT / source if source else _ROOT / "docs" / page.file.src_uri).parent

    def moved(link: re.Match[str]) -> str:
        target = (folder / link[1]).resolve()
        if not target.is_relative_to(_ROOT):
            return link[1]
        name = target.relative_to(_ROOT).as_posix()
        return _PAGES.get(name, name.removeprefix("docs/"))

    return _LINK.sub(moved, markdown)


def _read(name: str) -> str:
    return (_ROOT / name).read_text("utf-8")
