// What is known of the new version against stable over time: a band that narrows. Ratios stand on a scale where
// twice and half are as far from "same"; differences of means on a plain one.

import { clock, figure as inUnits } from "./format.js";
import { drawSteps, gaps, HEIGHT, plainAxis, setText, style, TIME, timeAxis } from "./plots.js";

const uPlot = window.uPlot;
const LEAST = 1 / 64; // times; what lies beyond is cut off at the edge
const MOST = 256;
export const RATIO_AXIS_PX = 48; // as wide as its longest label and a little

/** A ratio in words, as `wording.times` of the server says it. */
export function times(ratio) {
  return `${ratio >= 10 ? ratio.toFixed(0) : ratio >= 0.1 ? ratio.toFixed(1) : ratio.toFixed(2)} times`;
}

/** How a ratio is drawn and said. */
const RATIO = {
  same: 1,
  scale: { distr: 3, log: 2 },
  within: (value) => Math.min(MOST * 16, Math.max(LEAST / 16, value)),
  range: ({ low, high, likely, bound }) => {
    const lowest = Math.min(0.5, low, ...likely.map((value) => value / 1.2));
    const highest = Math.max(2, high, 1.3 * bound, ...likely.map((value) => value * 1.2));
    return [Math.max(LEAST, 2 ** Math.floor(Math.log2(lowest))), Math.min(MOST, 2 ** Math.ceil(Math.log2(highest)))];
  },
  axis: () => ({ size: RATIO_AXIS_PX, splits: (_, __, min, max) => powersOfTwo(min, max), filter: (_, splits) => splits, values: (_, splits) => splits.map(powerOfTwo) }),
  say: times,
  sayRange: (low, high) => `${times(low).replace(" times", "")} to ${times(high)}`,
};

/** How a difference of means is drawn and said. */
function difference({ kind, unit }) {
  const signed = (value, inUnit = unit) => `${value > 0 ? "+" : ""}${inUnits(value, kind, inUnit)}`;
  return {
    same: 0,
    scale: {},
    within: (value) => value,
    range: ({ low, high, likely, bound }) => {
      const span = 1.15 * Math.max(1e-9, Math.abs(bound), ...[low, high, ...likely].map(Math.abs));
      return [-span, span];
    },
    axis: () => ({ size: 62, values: (_, splits) => splits.map((value) => (value === 0 ? "same" : signed(value, ""))) }),
    say: signed,
    sayRange: (low, high) => `${signed(low)} to ${signed(high)}`,
  };
}

const manner = (figure) => (figure.dataset.rangeOf === "ratio" ? RATIO : difference(figure.dataset));

/** Draws every `[data-band]` below `root`; figures may come and go with the page's regions. */
export class Bands {
  #plots = new Map();

  constructor(root, series) {
    this.root = root;
    this.series = series;
    this.resizer = new ResizeObserver((entries) => entries.forEach(({ target, contentRect }) => this.#fit(target, Math.floor(contentRect.width))));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#rebuild());
  }

  update() {
    const figures = new Set(this.root.querySelectorAll("[data-band]"));
    for (const [figure, plot] of this.#plots) {
      if (figures.has(figure)) continue;
      this.resizer.unobserve(canvasOf(figure));
      plot.destroy();
      this.#plots.delete(figure);
    }
    for (const figure of figures) {
      const plot = this.#plots.get(figure);
      if (plot) plot.setData(this.#data(figure));
      else this.#create(figure);
    }
  }

  #rebuild() {
    for (const plot of this.#plots.values()) plot.destroy();
    this.#plots.clear();
    this.update();
  }

  #fit(canvas, width) {
    const figure = canvas.closest("[data-band]");
    const plot = figure && this.#plots.get(figure);
    if (plot && width > 0 && plot.width !== width) plot.setSize({ width, height: HEIGHT });
    else if (figure && !plot) this.#create(figure);
  }

  #of(figure, part) {
    return this.series.of(`analysis.${figure.dataset.band}.${part}`);
  }

  #data(figure) {
    const { within } = manner(figure);
    const parts = ["high", "low", figure.dataset.rangeOf].map((part) => this.#of(figure, part).map((value) => (value === null ? null : within(value))));
    return [this.series.at, ...parts];
  }

  /** Where a margin stands on the scale; one of means is a loss, which may lie below. */
  #bound(figure, which) {
    const margin = this.series.limits[`analysis.${figure.dataset.band}.${which}`] ?? null;
    return margin !== null && figure.dataset.worse === "below" ? -margin : margin;
  }

  #create(figure) {
    const canvas = canvasOf(figure);
    this.resizer.observe(canvas);
    const hasFigures = this.#of(figure, figure.dataset.rangeOf).some((value) => value !== null);
    if (canvas.clientWidth === 0 || !hasFigures) return;
    this.#plots.set(figure, new uPlot(this.#options(figure, canvas.clientWidth), this.#data(figure), canvas));
  }

  #options(figure, width) {
    const colour = style("--new");
    const edge = { stroke: `${colour}90`, width: 1, points: { show: false }, gaps };
    return {
      width,
      height: HEIGHT,
      padding: [10, 10, 0, 0],
      legend: { show: false },
      cursor: { y: false, sync: { key: "sluiceway" }, drag: { x: false, y: false }, points: { size: 7 } },
      scales: { x: TIME, y: { ...manner(figure).scale, range: () => this.#range(figure) } },
      axes: [timeAxis(), { ...plainAxis(), grid: { stroke: style("--line"), width: 1 }, ...manner(figure).axis() }],
      series: [{}, edge, edge, { stroke: colour, width: 2.5, points: { show: false }, gaps }],
      bands: [{ series: [1, 2], fill: `${colour}40` }],
      hooks: {
        drawClear: [(plot) => this.#drawZones(plot, figure), (plot) => drawSteps(plot, this.series)],
        draw: [(plot) => this.#drawBounds(plot, figure)],
        setCursor: [(plot) => this.#read(figure, plot.cursor.idx ?? null)],
      },
    };
  }

  /** What is known now and what was ever most likely, not the wide beginnings. */
  #range(figure) {
    const { same, range } = manner(figure);
    const last = (part) => this.#of(figure, part).findLast((value) => value !== null) ?? same;
    const likely = this.#of(figure, figure.dataset.rangeOf).filter((value) => value !== null);
    return range({ low: last("low"), high: last("high"), likely, bound: this.#bound(figure, "sound_margin") ?? same });
  }

  /** What is worse than tolerated, and what is not. */
  #drawZones(plot, figure) {
    const margin = this.#bound(figure, "margin");
    if (margin === null) return;
    const { ctx, bbox } = plot;
    const y = Math.round(plot.valToPos(margin, "y", true));
    const [above, below] = figure.dataset.worse === "above" ? ["--back-soft", "--good-soft"] : ["--good-soft", "--back-soft"];
    ctx.save();
    ctx.fillStyle = `${style(above)}80`;
    ctx.fillRect(bbox.left, bbox.top, bbox.width, y - bbox.top);
    ctx.fillStyle = `${style(below)}80`;
    ctx.fillRect(bbox.left, y, bbox.width, bbox.top + bbox.height - y);
    ctx.restore();
  }

  #drawBounds(plot, figure) {
    const sound = this.#bound(figure, "sound_margin");
    const margin = this.#bound(figure, "margin");
    const { tolerated, sound: soundWords, worse } = figure.dataset;
    const [outside, inside] = worse === "above" ? ["above", "below"] : ["below", "above"];
    drawLine(plot, manner(figure).same, { colour: style("--quiet"), dash: [] });
    if (sound !== null) drawLine(plot, sound, { colour: style("--good"), dash: [2, 3], words: `no worse below ${soundWords}`, place: `${outside} right` });
    if (margin !== null) drawLine(plot, margin, { colour: style("--limit"), dash: [6, 4], words: `tolerated: ${tolerated}`, place: `${inside} left` });
  }

  /** Write what was known at one moment beside the latest figures; without one nothing. */
  #read(figure, index) {
    const { at } = this.series;
    const isPast = index !== null && index < at.length;
    const [low, high, likely] = ["low", "high", figure.dataset.rangeOf].map((part) => (isPast ? this.#of(figure, part)[index] : null));
    const { say, sayRange } = manner(figure);
    setText(figure.querySelector("[data-when]"), isPast ? `at ${clock(new Date(at[index] * 1000))}` : "");
    setText(figure.querySelector('[data-then="range"]'), !isPast ? "" : low === null ? "no data" : sayRange(low, high));
    setText(figure.querySelector('[data-then="ratio"]'), !isPast ? "" : likely === null ? "no data" : say(likely));
  }
}

const canvasOf = (figure) => figure.querySelector(".canvas");

function powersOfTwo(min, max) {
  const found = [];
  for (let power = Math.ceil(Math.log2(min) - 1e-9); 2 ** power <= max * (1 + 1e-9); power += 1) found.push(2 ** power);
  return found.length > 6 ? found.filter((ratio) => Math.log2(ratio) % 2 === 0) : found;
}

/** A power of two as the axis says it: fractions stay short, so that none is cut off. */
export function powerOfTwo(ratio) {
  if (ratio === 1) return "same";
  return ratio < 1 ? `1/${1 / ratio}\u00d7` : `${ratio}\u00d7`;
}

/** Draw a level line across the plot with its words, which have a rim so that lines behind don't run through them. */
function drawLine(plot, level, { colour, dash, words = "", place = "" }) {
  const { ctx, bbox } = plot;
  const scale = devicePixelRatio;
  const y = Math.round(plot.valToPos(level, "y", true));
  if (y < bbox.top || y > bbox.top + bbox.height) return;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.5 * scale;
  ctx.setLineDash(dash.map((part) => part * scale));
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  if (words) {
    const [vertical, side] = place.split(" ");
    ctx.font = `600 ${12 * scale}px system-ui, sans-serif`;
    const isLeft = side === "left";
    const x = isLeft ? bbox.left + 6 * scale : bbox.left + bbox.width - 6 * scale;
    const at = vertical === "above" ? y - 4 * scale : y + 4 * scale;
    ctx.textAlign = isLeft ? "left" : "right";
    ctx.textBaseline = vertical === "above" ? "bottom" : "top";
    ctx.setLineDash([]);
    ctx.lineJoin = "round";
    ctx.lineWidth = 4 * scale;
    ctx.strokeStyle = style("--surface");
    ctx.strokeText(words, x, at);
    ctx.fillStyle = colour;
    ctx.fillText(words, x, at);
  }
  ctx.restore();
}
