"""Pieces of HTML from values: notes, tiles, tables, headings. Pure. Every text is escaped here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from stock_dashboard.text import COUNTED

_COUNTED = re.compile("{}([0-9.-]+) (age|ago){}([^{}]*){}".format(*COUNTED[:2], COUNTED[2], COUNTED[2]))


def words(body: str) -> str:
    """Text as HTML. Its ages become elements that ages.js goes on counting."""
    return _COUNTED.sub(r'<time data-age="\1" data-form="\2">\3</time>', escape(body))


def note(body: str, kind: str = "") -> str:
    """One sentence in a frame. `kind` is its class: "", "warn" or "bad"."""
    return f'<div class="sd-note {kind}">{words(body)}</div>'


def notes(bodies: Iterable[str | None]) -> str:
    """A warning for each sentence that there is."""
    return "".join(note(body, "warn") for body in bodies if body)


def banner(*sentences: str | None) -> str:
    """The warnings above a page's data. Without any, an element that keeps their place."""
    return notes(sentences) or "<span></span>"


def blank(title: str, body: str) -> str:
    """A frame in place of a chart or a table, with the reason why it is empty."""
    return f'<div class="sd-blank"><b>{words(title)}</b><span>{words(body)}</span></div>'


def head(body: str) -> str:
    return f'<div class="sd sd-head">{words(body)}</div>'


def foot(body: str) -> str:
    return f'<div class="sd sd-foot">{words(body)}</div>'


def dot(state: str) -> str:
    """A coloured dot. `state` is its class: ok, late, down, unknown or closed."""
    return f'<i class="sd-dot {state}"></i>'


def mute(body: str) -> str:
    """Words in the quiet colour."""
    return f'<span class="sd-mute">{words(body)}</span>'


def paragraphs(lines: Iterable[str]) -> str:
    """A paragraph for each line that there is."""
    return "".join(f"<p>{words(line)}</p>" for line in lines if line)


def tile(title: str, big: str, lines: Iterable[str], share: float | None = None) -> str:
    """A figure with its name and what it means. `share` (0 to 1) draws a meter."""
    meter = ""
    if share is not None:
        kind, width = "warn" if share > 0.9 else "", min(1.0, max(0.0, share))
        meter = f'<div class="sd-meter {kind}"><i style="width:{width:.1%}"></i></div>'
    return f'<div class="sd-card"><h4>{words(title)}</h4>{_big(big)}{meter}{paragraphs(lines)}</div>'


def _big(figure: str) -> str:
    return f'<div class="big">{words(figure)}</div>'


def tiles(items: Iterable[str]) -> str:
    return f'<div class="sd sd-cards">{"".join(items)}</div>'


def flow(stages: Iterable[tuple[str, str, str, Sequence[str]]]) -> str:
    """Stages from left to right. Each is (state, name, figure, lines), see `dot` for the states."""
    body = "".join(
        f"<div><h4>{dot(state)}{words(name)}</h4>{_big(figure)}{paragraphs(lines)}</div>"
        for state, name, figure, lines in stages
    )
    return f'<div class="sd sd-flow">{body}</div>'


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], left: int = 1) -> str:
    """A table whose first `left` columns are text. A cell that is a tuple is (text, class)."""
    kinds = ["left" if place < left else "" for place in range(len(heads))]
    top = "".join(f'<th class="{kind}">{words(name)}</th>' for name, kind in zip(heads, kinds, strict=True))
    body = "".join(f"<tr>{_cells(row, kinds)}</tr>" for row in rows)
    content = f'<table class="sd-table"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="sd sd-scroll" tabindex="0">{content}</div>'


def _cells(row: Sequence[object], kinds: Sequence[str]) -> str:
    return "".join(_cell(value, kind) for value, kind in zip(row, kinds, strict=True))


def _cell(value: object, kind: str) -> str:
    content, extra = value if isinstance(value, tuple) else (value, "")
    return f'<td class="{kind} {extra}">{words(str(content))}</td>'
