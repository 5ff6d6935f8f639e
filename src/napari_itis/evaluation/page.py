"""A page of headings, tables and pictures, as HTML that needs nothing else, and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1c1e21; background: #fff;
       max-width: 72rem; margin: 2rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.3rem; margin-top: 2.5rem;
     border-bottom: 1px solid #d5d8dc; padding-bottom: .25rem; }
h3 { font-size: 1.05rem; margin-top: 1.8rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { padding: .3rem .75rem; text-align: right; border-bottom: 1px solid #e4e6e9;
         white-space: nowrap; }
th { background: #f3f4f6; font-weight: 600; }
th:first-child, td:first-child { text-align: left; }
table.words td { text-align: left; white-space: normal; } table.words th { text-align: left; }
figure { margin: 0; } figure img { max-width: 100%; height: auto; display: block; }
figcaption { font-size: .85rem; color: #50555b; padding: .25rem 0 .5rem; overflow-wrap: anywhere; }
.figures { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); }
.plots { grid-template-columns: repeat(auto-fill, minmax(21rem, 1fr)); }
pre { background: #f3f4f6; padding: .6rem .8rem; overflow-x: auto; font-size: .85rem; }
""".strip()


@dataclass(frozen=True)
class Heading:
    """A heading of level 2 or 3."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Code:
    """Lines to type."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows below a head; `words` where the cells hold text and not figures."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: bool = False


@dataclass(frozen=True)
class Figures:
    """Pictures side by side: files beside the page, each with its caption."""

    files: Sequence[tuple[str, str]]
    plots: bool = False


Block = Heading | Text | Code | Table | Figures


def to_html(title: str, blocks: Sequence[Block]) -> str:
    """Render a page as HTML.

    Parameters
    ----------
    title : str
    blocks : sequence of Block

    Returns
    -------
    str
        A whole document; it refers to nothing but its pictures. Every value is escaped.
    """
    body = "\n".join(_html(block) for block in blocks)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n"
        f"<body>\n<h1>{escape(title)}</h1>\n{body}\n</body>\n</html>\n"
    )


def to_markdown(title: str, blocks: Sequence[Block]) -> str:
    """Render a page as Markdown.

    Parameters
    ----------
    title, blocks
        See `to_html`.

    Returns
    -------
    str
        With what Markdown would read as markup escaped.
    """
    return "\n\n".join([f"# {_plain(title)}", *(_markdown(block) for block in blocks)]) + "\n"


def _html(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{escape(text)}</h{level}>"
        case Text(text):
            return f"<p>{escape(text)}</p>"
        case Code(text):
            return f"<pre>{escape(text)}</pre>"
        case Table(head, rows, words):
            kind = ' class="words"' if words else ""
            lines = [_row("th", head), *(_row("td", row) for row in rows)]
            return f'<div class="wide"><table{kind}>\n' + "\n".join(lines) + "\n</table></div>"
        case Figures(files, plots):
            kind = "figures plots" if plots else "figures"
            return f'<div class="{kind}">\n' + "\n".join(_figure(*f) for f in files) + "\n</div>"


def _row(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _figure(file: str, caption: str) -> str:
    address = escape(quote(file))
    return (
        f'<figure><a href="{address}"><img src="{address}" alt="{escape(caption)}"></a>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _markdown(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {_plain(text)}"
        case Text(text):
            return _plain(text)
        case Code(text):
            return "\n".join(f"    {line}" for line in text.splitlines())
        case Table(head, rows, words):
            other = "---" if words else "--:"
            lines = [head, ["---", *[other] * (len(head) - 1)]]
            cells = [[_plain(cell) for cell in row] for row in rows]
            return "\n".join("| " + " | ".join(row) + " |" for row in [*lines, *cells])
        case Figures(files, _):
            return "\n\n".join(
                f"![{_plain(caption)}]({quote(file)})\n{_plain(caption)}" for file, caption in files
            )


def _plain(text: str) -> str:
    one_line = " ".join(text.split())
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", one_line)
