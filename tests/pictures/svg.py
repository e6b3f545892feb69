"""A canvas for SVG: boxes, arrows, text and bars on a card that follows the reader's light or dark scheme.

The card has a background of its own. An image cannot see which scheme a page's switch has chosen, only which one the
reader's system prefers; on its own background it is legible either way.
"""

from __future__ import annotations

from html import escape
from typing import Literal, NamedTuple, TypeAlias

Anchor: TypeAlias = Literal["start", "middle", "end"]
Tone: TypeAlias = Literal["card", "plain", "accent", "good", "warn", "bad"]

SANS = 'system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif'
MONO = 'ui-monospace, "SF Mono", "Cascadia Mono", "Noto Sans Mono", "DejaVu Sans Mono", monospace'


class Scheme(NamedTuple):
    """The colors of a scheme: of text, of lines, and the fill and the edge of each kind of box."""

    text: str
    lesser: str
    line: str
    boxes: dict[Tone, tuple[str, str]]

    def rules(self) -> str:
        """The colors as CSS."""
        of_text = f".t{{fill:{self.text}}}.m{{fill:{self.lesser}}}.l{{stroke:{self.line}}}.h{{fill:{self.line}}}"
        of_boxes = (f".{tone}{{fill:{fill};stroke:{edge}}}" for tone, (fill, edge) in self.boxes.items())
        return f"{of_text}.o{{fill:{self.boxes['accent'][1]}}}{''.join(of_boxes)}"


_LIGHT = Scheme(
    text="#1f2328",
    lesser="#59636e",
    line="#818b98",
    boxes={
        "card": ("#ffffff", "#d8dee4"),
        "plain": ("#f6f8fa", "#d1d9e0"),
        "accent": ("#dde6ff", "#5b74d6"),
        "good": ("#d8f3df", "#2f9e50"),
        "warn": ("#fff1cc", "#bf8700"),
        "bad": ("#ffe0dd", "#d1433b"),
    },
)
_DARK = Scheme(
    text="#e6e9ef",
    lesser="#9aa4b2",
    line="#7d8797",
    boxes={
        "card": ("#14171f", "#343b48"),
        "plain": ("#1f2430", "#3b4352"),
        "accent": ("#263566", "#7f97f5"),
        "good": ("#153d24", "#4cc272"),
        "warn": ("#463510", "#d9a520"),
        "bad": ("#4c1f1c", "#f0736b"),
    },
)

_SIZE, _SMALL = 15, 13
_LETTER, _MONO_LETTER = 0.53, 0.6  # the mean width of a letter in the widest of the fonts, in font sizes

_STYLE = (
    f"text{{font-family:{SANS};font-size:{_SIZE}px}}.s{{font-size:{_SMALL}px}}.b{{font-weight:600}}.c{{font-family:{MONO};"
    f"font-size:14px}}.l{{fill:none;stroke-width:1.5}}{_LIGHT.rules()}"
    f"@media(prefers-color-scheme:dark){{{_DARK.rules()}}}"
)


class Canvas:
    """A picture that is being drawn, from top to bottom.

    Args:
        width: Its width in pixels; its height is known when it is drawn.
        title: What it says to those who do not see it.
    """

    def __init__(self, width: int, title: str) -> None:
        self.width = width
        self._title = title
        self._shapes: list[str] = []

    def text(self, x: float, y: float, text: str, style: str = "t", anchor: Anchor = "start") -> None:
        """A line of text, which has to fit the card.

        Args:
            x: Where it is anchored.
            y: Its baseline.
            text: What it says.
            style: Classes: `t` text, `m` lesser text; `s` small, `b` bold, `c` code.
            anchor: Which of its ends is at `x`.

        Raises:
            ValueError: The text does not fit.
        """
        classes = style.split()
        letter = _MONO_LETTER if "c" in classes else _LETTER
        length = len(text) * letter * (_SMALL if "s" in classes else _SIZE)
        left = {"start": x, "middle": x - length / 2, "end": x - length}[anchor]
        if not 8 <= left <= left + length <= self.width - 8:
            raise ValueError(f"{text!r} reaches from {left:.0f} to {left + length:.0f} of {self.width}")
        at = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self._shapes.append(f'<text x="{x:g}" y="{y:g}" class="{style}"{at} xml:space="preserve">{escape(text)}</text>')

    def box(
        self, x: float, y: float, width: float, height: float, tone: Tone = "plain", *, dashed: bool = False
    ) -> None:
        """A rectangle with round corners."""
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        self._shapes.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" class="{tone}"{dash}/>'
        )

    def bar(self, x: float, y: float, width: float, height: float, *, ours: bool) -> None:
        """A bar of a chart, ours in the color that stands out."""
        color = "o" if ours else "h"
        self._shapes.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:.1f}" height="{height:g}" rx="2" class="{color}"/>'
        )

    def arrow(self, x: float, y: float, to_x: float, to_y: float) -> None:
        """A line with a head at its end; straight down, or to the right by way of one corner."""
        if x == to_x:
            self._shapes.append(f'<path d="M{x:g} {y:g}V{to_y - 6:g}" class="l"/>')
            head = f"M{to_x - 5:g} {to_y - 8:g}h10l-5 8z"
        else:
            self._shapes.append(f'<path d="M{x:g} {y:g}V{to_y:g}H{to_x - 6:g}" class="l"/>')
            head = f"M{to_x - 8:g} {to_y - 5:g}v10l8 -5z"
        self._shapes.append(f'<path d="{head}" class="h"/>')

    def drawn(self, height: float) -> str:
        """The file's text.

        Args:
            height: The height of the picture.
        """
        card = f'<rect x="0.5" y="0.5" width="{self.width - 1}" height="{height - 1:g}" rx="10" class="card"/>'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{height:g}"'
            f' viewBox="0 0 {self.width} {height:g}" role="img">\n'
            f"<title>{escape(self._title)}</title>\n<style>{_STYLE}</style>\n{card}\n"
            + "\n".join(self._shapes)
            + "\n</svg>\n"
        )
