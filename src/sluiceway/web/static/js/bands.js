// What is known of a ratio over time: a band that narrows, on a scale where twice and half are as far from "same".

import { clock } from "./format.js";
import { drawSteps, gaps, HEIGHT, plainAxis, setText, style, TIME, timeAxis } from "./plots.js";

const uPlot = window.uPlot;
const LEAST = 1 / 64; // times; what lies beyond is cut off at the edge
const MOST = 256;

/** A ratio in words, as `wording.times` of the server says it. */
export function times(ratio) {
  return `${ratio >= 10 ? ratio.toFixed(0) : ratio >= 0.1 ? ratio.toFixed(1) : ratio.toFixed(2)} times`;
}

const tick = (ratio) => (ratio === 1 ? "same" : `${ratio}\u00d7`);

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
    const parts = ["high", "low", "ratio"].map((part) => this.#of(figure, part).map((value) => (value === null ? null : Math.min(MOST * 16, Math.max(LEAST / 16, value)))));
    return [this.series.at, ...parts];
  }

  #bound(figure, which) {
    return this.series.limits[`analysis.${figure.dataset.band}.${which}`] ?? null;
  }

  #create(figure) {
    const canvas = canvasOf(figure);
    this.resizer.observe(canvas);
    const hasFigures = this.#of(figure, "ratio").some((value) => value !== null);
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
      scales: { x: TIME, y: { distr: 3, log: 2, range: () => this.#range(figure) } },
      axes: [timeAxis(), { ...plainAxis(), grid: { stroke: style("--line"), width: 1 }, size: 48, splits: (_, __, min, max) => powersOfTwo(min, max), filter: (_, splits) => splits, values: (_, splits) => splits.map(tick) }],
      series: [{}, edge, edge, { stroke: colour, width: 2.5, points: { show: false }, gaps }],
      bands: [{ series: [1, 2], fill: `${colour}40` }],
      hooks: {
        drawClear: [(plot) => this.#drawZones(plot, figure), (plot) => drawSteps(plot, this.series)],
        draw: [(plot) => this.#drawBounds(plot, figure)],
        setCursor: [(plot) => this.#read(figure, plot.cursor.idx ?? null)],
      },
    };
  }

  /** From a power of two to a power of two: what is known now and what was ever most likely, not the wide beginnings. */
  #range(figure) {
    const last = (part) => this.#of(figure, part).findLast((value) => value !== null) ?? 1;
    const likely = this.#of(figure, "ratio").filter((value) => value !== null);
    const lowest = Math.min(0.5, last("low"), ...likely.map((value) => value / 1.2));
    const highest = Math.max(2, last("high"), 1.3 * (this.#bound(figure, "sound_margin") ?? 1), ...likely.map((value) => value * 1.2));
    return [Math.max(LEAST, 2 ** Math.floor(Math.log2(lowest))), Math.min(MOST, 2 ** Math.ceil(Math.log2(highest)))];
  }

  /** Above what is tolerated, and below. */
  #drawZones(plot, figure) {
    const margin = this.#bound(figure, "margin");
    if (margin === null) return;
    const { ctx, bbox } = plot;
    const y = Math.round(plot.valToPos(margin, "y", true));
    ctx.save();
    ctx.fillStyle = `${style("--back-soft")}80`;
    ctx.fillRect(bbox.left, bbox.top, bbox.width, y - bbox.top);
    ctx.fillStyle = `${style("--good-soft")}80`;
    ctx.fillRect(bbox.left, y, bbox.width, bbox.top + bbox.height - y);
    ctx.restore();
  }

  #drawBounds(plot, figure) {
    const sound = this.#bound(figure, "sound_margin");
    const margin = this.#bound(figure, "margin");
    drawLine(plot, 1, { colour: style("--quiet"), dash: [] });
    if (sound !== null) drawLine(plot, sound, { colour: style("--good"), dash: [2, 3], words: `no worse below ${sound} times`, place: "above right" });
    if (margin !== null) drawLine(plot, margin, { colour: style("--limit"), dash: [6, 4], words: `tolerated: ${margin} times`, place: "below left" });
  }

  /** Write what was known at one moment beside the latest figures; without one nothing. */
  #read(figure, index) {
    const { at } = this.series;
    const isPast = index !== null && index < at.length;
    const [low, high, ratio] = ["low", "high", "ratio"].map((part) => (isPast ? this.#of(figure, part)[index] : null));
    setText(figure.querySelector("[data-when]"), isPast ? `at ${clock(new Date(at[index] * 1000))}` : "");
    setText(figure.querySelector('[data-then="range"]'), !isPast ? "" : low === null ? "no data" : `${times(low).replace(" times", "")} to ${times(high)}`);
    setText(figure.querySelector('[data-then="ratio"]'), !isPast ? "" : ratio === null ? "no data" : times(ratio));
  }
}

const canvasOf = (figure) => figure.querySelector(".canvas");

function powersOfTwo(min, max) {
  const found = [];
  for (let power = Math.ceil(Math.log2(min) - 1e-9); 2 ** power <= max * (1 + 1e-9); power += 1) found.push(2 ** power);
  return found.length > 6 ? found.filter((ratio) => Math.log2(ratio) % 2 === 0) : found;
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
