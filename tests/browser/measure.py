"""What tests ask of a page: contrast of its text, its width, where the focus is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_TEXTS = """() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => top.slice(0, 3).map((part, i) => part * top[3] + under[i] * (1 - top[3]));
  const behind = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      layers.push(rgba(getComputedStyle(one).backgroundColor));
    }
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
  };
  const opacity = (element) => {
    let product = 1;
    for (let one = element; one; one = one.parentElement) product *= Number(getComputedStyle(one).opacity);
    return product;
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (element.closest('.visually-hidden, template, noscript, script, progress')) continue;
    const style = getComputedStyle(element);
    const under = behind(element);
    const own = rgba(style.color);
    own[3] *= opacity(element);
    const type = { size: parseFloat(style.fontSize), weight: Number(style.fontWeight) };
    found.push({ text: text.slice(0, 60), colour: over(own, under), under, ...type });
  }
  return found;
}"""


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of visible text with its contrast ratio (WCAG 2.1, "contrast ratio") and the least it needs."""

    text: str
    ratio: float
    needed: float


def texts(page: Any) -> list[Text]:
    """Return every visible text of the page with its contrast against what is behind it."""
    found: list[Text] = []
    for item in page.evaluate(_TEXTS):
        light, dark = sorted((_luminance(item["colour"]), _luminance(item["under"])), reverse=True)
        is_large = item["size"] >= 24 or (item["size"] >= 18.66 and item["weight"] >= 700)
        found.append(Text(item["text"], (light + 0.05) / (dark + 0.05), 3.0 if is_large else 4.5))
    return found


def _luminance(colour: list[float]) -> float:
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def overflow_px(page: Any) -> int:
    """Return by how many pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def has_colour(page: Any, plot: str, variable: str) -> bool:
    """Return whether a plot's drawing holds pixels of the colour that a CSS variable names."""
    return bool(
        page.evaluate(
            """([plot, variable]) => {
              const canvas = document.querySelector(`[data-plot="${plot}"] canvas`);
              const wanted = document.createElement('canvas').getContext('2d');
              wanted.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(variable);
              wanted.fillRect(0, 0, 1, 1);
              const [r, g, b] = wanted.getImageData(0, 0, 1, 1).data;
              const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
              for (let i = 0; i < data.length; i += 4) {
                const away = [r, g, b].reduce((sum, part, j) => sum + Math.abs(data[i + j] - part), 0);
                if (data[i + 3] > 250 && away < 12) return true;
              }
              return false;
            }""",
            [plot, variable],
        )
    )


def focused(page: Any) -> str:
    """Return the id of the element that has the focus, else its tag."""
    return str(page.evaluate("document.activeElement.id || document.activeElement.tagName"))


def tab_to(page: Any, element_id: str, *, most: int = 40) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(most):
        if focused(page) == element_id:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{element_id} was not reached with {most} presses of Tab")
