// An experiment's curves: how each variant stands against the control over time, as a band that narrows around the
// effect. Figures come with the page, which refreshes by itself; a curve is drawn anew when its figures have changed.

import { clock, number, shortClock } from "./format.js";
import { HEIGHT, plainAxis, setText, style, TIME } from "./plots.js";

const uPlot = window.uPlot;
const GAP = "\u00a0";
const DAY_S = 86_400;
const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const drawn = new Map(); // by figure: the plot and what it was drawn from

const canvasOf = (figure) => figure.querySelector(".canvas");

/** The figures of one curve, brought to percent where it is of conversions. */
function figuresOf(figure) {
  const { at, effect, low, high } = JSON.parse(figure.dataset.figures);
  const factor = figure.dataset.kind === "conversion" ? 100 : 1;
  const scaled = (values) => values.map((value) => (value === null ? null : value * factor));
  return { at: at.map((moment) => Date.parse(moment) / 1000), effect: scaled(effect), low: scaled(low), high: scaled(high) };
}

/** The scale holds "same", the newest range and the later estimates, not the wide beginnings. */
function scaleOf({ effect, low, high }) {
  const newest = (values) => values.findLast((value) => value !== null) ?? 0;
  const known = [0, newest(low), newest(high), ...effect.slice(-Math.ceil(effect.length / 2)).map((value) => value ?? 0)];
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const room = 0.2 * Math.max(1e-9, most - least);
  return [least - room, most + room];
}

/** Bounds that are not known lie beyond the edge, so that the band has one. */
function dataOf(curve) {
  const far = 100 * Math.max(...scaleOf(curve).map(Math.abs));
  const within = (values, edge) => values.map((value) => (value === null ? edge : Math.min(far, Math.max(-far, value))));
  return [curve.at, within(curve.high, far), within(curve.low, -far), curve.effect];
}

const say = (figure, value) => {
  if (value === null || value === undefined) return "not known";
  const unit = figure.dataset.kind === "conversion" ? "%" : figure.dataset.unit;
  return `${value > 0 ? "+" : ""}${number(value)}${unit ? GAP + unit : ""}`;
};

function drawSame(plot) {
  const { ctx, bbox } = plot;
  const y = Math.round(plot.valToPos(0, "y", true));
  ctx.save();
  ctx.strokeStyle = style("--stable");
  ctx.lineWidth = 2 * devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

function options(figure, curve, width) {
  const colour = style("--new");
  const edge = { stroke: `${colour}90`, width: 1, points: { show: false } };
  const isLong = curve.at[curve.at.length - 1] - curve.at[0] > 2 * DAY_S;
  const when = (at) => (isLong ? DATE : { format: shortClock }).format(new Date(at * 1000));
  return {
    width,
    height: HEIGHT,
    padding: [10, 10, 0, 0],
    legend: { show: false },
    cursor: { y: false, sync: { key: "experiment" }, drag: { x: false, y: false }, points: { size: 7 } },
    scales: { x: TIME, y: { range: () => scaleOf(curve) } },
    axes: [
      { ...plainAxis(), grid: { show: false }, size: 28, space: 76, values: (_, splits) => splits.map(when) },
      { ...plainAxis(), grid: { stroke: style("--line"), width: 1 }, size: 62, values: (_, splits) => splits.map((value) => (value === 0 ? "same" : say(figure, value))) },
    ],
    series: [{}, edge, edge, { stroke: colour, width: 2.5, points: { show: curve.at.length === 1 } }],
    bands: [{ series: [1, 2], fill: `${colour}40` }],
    hooks: { drawClear: [drawSame], setCursor: [(plot) => read(figure, curve, plot.cursor.idx ?? null)] },
  };
}

/** Write what was known at the moment that is pointed at. */
function read(figure, curve, index) {
  const isPast = index !== null && index < curve.at.length;
  const at = isPast ? new Date(curve.at[index] * 1000) : null;
  setText(figure.querySelector("[data-when]"), at ? `${DATE.format(at)}, ${clock(at)}` : "");
  const range = isPast ? `${say(figure, curve.low[index])} to ${say(figure, curve.high[index])}` : "";
  setText(figure.querySelector("[data-then=range]"), range);
  setText(figure.querySelector("[data-then=effect]"), isPast ? say(figure, curve.effect[index]) : "");
}

function draw(figure) {
  const known = drawn.get(figure);
  const canvas = canvasOf(figure);
  const width = Math.floor(canvas.clientWidth);
  if (known?.text === figure.dataset.figures || width === 0) return;
  known?.plot.destroy();
  drawn.delete(figure);
  const curve = figuresOf(figure);
  if (!curve.at.length) return;
  drawn.set(figure, { plot: new uPlot(options(figure, curve, width), dataOf(curve), canvas), text: figure.dataset.figures });
}

const resizer = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    const figure = target.closest("[data-figures]");
    const known = figure && drawn.get(figure);
    const width = Math.floor(contentRect.width);
    if (known && width > 0 && known.plot.width !== width) known.plot.setSize({ width, height: HEIGHT });
    else if (figure && !known) draw(figure);
  }
});

function update() {
  const figures = new Set(document.querySelectorAll("[data-figures]"));
  for (const [figure, { plot }] of drawn) {
    if (figures.has(figure)) continue;
    plot.destroy();
    drawn.delete(figure);
  }
  for (const figure of figures) {
    resizer.observe(canvasOf(figure));
    draw(figure);
  }
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const { plot } of drawn.values()) plot.destroy();
  drawn.clear();
  update();
});
new MutationObserver(update).observe(document.getElementById("main"), { subtree: true, childList: true, attributeFilter: ["data-figures"] });
update();
