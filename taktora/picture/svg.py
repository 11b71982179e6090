"""A topology as an SVG picture: no fonts, scripts or styles from outside, on its own background."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from taktora.picture.layered import Curve
from taktora.picture.looks import EDGES, LOOKS, EdgeLook
from taktora.picture.measure import cut, visible, width
from taktora.picture.nested import Figure, Scene, scene_of
from taktora.picture.shapes import SHAPES
from taktora.picture.words import sentence
from taktora.topology import Edge, Topology

__all__ = ["to_svg"]

_MARGIN, _HEADING, _FOOT = 28.0, 44.0, 34.0
_LEAST_WIDTH = 360.0
_HEADING_SIZE, _FOOT_SIZE = 16.0, 11.0
_FONT: Final = "Inter, Helvetica, Arial, 'DejaVu Sans', sans-serif"
_COLOURS: Final = {"title": "#0f172a", "note": "#475569", "trigger": "#9a3412"}
_ARROW, _FRAME_TOP = 7.0, 7.0


def to_svg(topology: Topology) -> str:
    """A standalone SVG document. The same topology gives the same text, byte for byte.

    Every node and channel is a ``<g class="node">`` or ``<g class="channel">``, every edge a
    ``<g class="edge">``, each with its facts in ``data-`` attributes and a tooltip.
    """
    scene = scene_of(topology)
    wide = max(scene.width, _LEAST_WIDTH) + 2 * _MARGIN
    used = {edge.kind for edge in topology.edges}
    looks = [look for kind, look in EDGES.items() if kind in used]
    tall = _HEADING + scene.height + 2 * _MARGIN + (_FOOT if looks else 0)
    return "\n".join(
        (
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(wide)} {_n(tall)}" '
                f'width="{_n(wide)}" height="{_n(tall)}" role="img" font-family="{escape(_FONT)}">'
            ),
            f"<title>{_text(f'topology {topology.name}')}</title>",
            (
                f'<rect class="background" width="{_n(wide)}" height="{_n(tall)}" rx="10" '
                'fill="#ffffff" stroke="#cbd5e1"/>'
            ),
            *_heading(topology, wide),
            f'<g transform="translate({_n(_MARGIN)} {_n(_MARGIN + _HEADING)})">',
            *_body(scene),
            "</g>",
            *_legend(looks, tall - _FOOT),
            "</svg>\n",
        )
    )


def _heading(topology: Topology, wide: float) -> Iterator[str]:
    room = wide - 2 * _MARGIN
    yield (
        f'<text class="heading" x="{_n(_MARGIN)}" y="36" font-size="{_n(_HEADING_SIZE)}" '
        f'font-weight="600" fill="{_COLOURS["title"]}">'
        f"{_text(cut(visible(topology.name), _HEADING_SIZE, room))}</text>"
    )
    yield (
        f'<text class="heading" x="{_n(_MARGIN)}" y="53" font-size="{_n(_FOOT_SIZE)}" '
        f'fill="{_COLOURS["note"]}">{_text(topology.summary)}</text>'
    )


def _body(scene: Scene) -> Iterator[str]:
    """Frames, then lines, then everything else, so that text is on top."""
    for figure in scene.figures:
        if figure.is_frame:
            yield from _figure(figure)
    for edge, curves in scene.routes:
        yield from _edge(edge, curves)
    for figure in scene.figures:
        if not figure.is_frame:
            yield from _figure(figure)


def _figure(figure: Figure) -> Iterator[str]:
    thing, spot = figure.thing, figure.spot
    look = LOOKS[thing.kind]
    name = "channel" if thing.kind in ("channel", "service") else "node"
    yield (
        f'<g class="{name}" data-id="{_text(thing.id)}" data-kind="{thing.kind}">'
        f"<title>{escape(chr(10).join(figure.card.whole))}</title>"
    )
    shape = SHAPES[look.shape](spot)
    dashes = ' stroke-dasharray="5 3"' * look.dashed
    yield f'{shape} fill="{look.fill}" stroke="{look.stroke}" stroke-width="1.3"{dashes}/>'
    y = spot.y + (_FRAME_TOP if figure.is_frame else (spot.height - figure.card.height) / 2)
    for line in figure.card.lines:
        y += line.height
        weight = ' font-weight="600"' * (line.role == "title")
        colour = look.ink if line.role == "title" else _COLOURS[line.role]
        x, anchor = (
            (spot.x + 14, "")
            if figure.is_frame
            else (spot.x + spot.width / 2, ' text-anchor="middle"')
        )
        yield (
            f'<text x="{_n(x)}" y="{_n(y - line.size * 0.35)}" font-size="{_n(line.size)}"'
            f'{weight}{anchor} fill="{colour}">{_text(line.text)}</text>'
        )
    yield "</g>"


def _edge(edge: Edge, curves: tuple[Curve, ...]) -> Iterator[str]:
    look = EDGES[edge.kind]
    x, y = curves[-1][6:]
    yield (
        f'<g class="edge" data-source="{_text(edge.source)}" data-target="{_text(edge.target)}" '
        f'data-kind="{edge.kind}"><title>{_text(sentence(edge))}</title>'
    )
    yield f'<path class="line" d="{_path(curves)}" fill="none" {_stroke(look)}/>'
    yield f'<path class="head" d="{_head(x, y)}" fill="{look.colour}"/></g>'


def _path(curves: tuple[Curve, ...]) -> str:
    """Curves with straight lines between them; the end leaves room for the arrow's head."""
    x, y = curves[0][:2]
    steps = [f"M{_n(x)} {_n(y)}"]
    for x0, y0, x1, y1, x2, y2, x3, y3 in curves:
        if (_n(x0), _n(y0)) != (_n(x), _n(y)):
            steps.append(f"L{_n(x0)} {_n(y0)}")
        if (x0, y0) != (x3, y3):
            steps.append(f"C{_n(x1)} {_n(y1)} {_n(x2)} {_n(y2)} {_n(x3)} {_n(y3)}")
        x, y = x3, y3
    return "".join(steps)


def _head(x: float, y: float) -> str:
    return f"M{_n(x - _ARROW)} {_n(y - 4)}L{_n(x)} {_n(y)}L{_n(x - _ARROW)} {_n(y + 4)}Z"


def _legend(looks: list[EdgeLook], y: float) -> Iterator[str]:
    x = _MARGIN
    for look in looks:
        yield (
            f'<g class="legend"><path d="M{_n(x)} {_n(y)}h26" {_stroke(look)}'
            f'/><path d="{_head(x + 30, y)}" fill="{look.colour}"/>'
            f'<text x="{_n(x + 38)}" y="{_n(y + 4)}" font-size="{_n(_FOOT_SIZE)}" '
            f'fill="{_COLOURS["note"]}">{look.name}</text></g>'
        )
        x += 38 + width(look.name, _FOOT_SIZE) + 24


def _stroke(look: EdgeLook) -> str:
    dashes = ' stroke-dasharray="2 4"' if look.dotted else ""
    return f'stroke="{look.colour}" stroke-width="1.5"{dashes}'


def _n(number: float) -> str:
    """A coordinate: one decimal at the most, and never ``-0``."""
    return f"{round(number, 1) + 0.0:.1f}".removesuffix(".0")


def _text(text: str) -> str:
    return escape(visible(text))
