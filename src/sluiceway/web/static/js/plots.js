// Plots over time: lines of both versions, limits drawn in, the same moment marked in all of them.

import { clock, figure, number, shortClock } from "./format.js";

const uPlot = window.uPlot;
export const HEIGHT = 190;
const KEEP = 3000;
const LATE_MS = 10_000;
const LONGEST_STEP_S = 5; // points come each second; fewer only when a long time was thinned

export const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const STROKES = {
  stable: () => ({ stroke: style("--stable"), width: 2 }),
  new: () => ({ stroke: style("--new"), width: 2.5 }),
  asked: () => ({ stroke: style("--quiet"), width: 1.5, dash: [5, 4] }),
};

/** The scale of time and how its axis looks, the same under every plot. */
export const TIME = { time: true, range: (_, min, max) => (max > min ? [min, max] : [min - 1, max + 1]) };
export const plainAxis = () => ({ stroke: style("--quiet"), font: "12px system-ui, sans-serif", ticks: { show: false } });
export const timeAxis = () => ({
  ...plainAxis(),
  grid: { show: false },
  size: 28,
  space: 76,
  values: (_, splits, __, ___, step) => splits.map((at) => (step < 60 ? clock : shortClock)(new Date(at * 1000))),
});

/** Mark the moments at which another share of the traffic was asked for. */
export function drawSteps(plot, series) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = style("--line-strong");
  ctx.globalAlpha = 0.45;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const at of series.steps) {
    const x = Math.round(plot.valToPos(at, "x", true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/** Leave lines open where nothing was measured for a while: not only without a value, also without a point. */
export function gaps(plot, _, first, last, known) {
  const at = plot.data[0];
  const usual = (at[at.length - 1] - at[0]) / Math.max(1, at.length - 1);
  const found = [...known];
  for (let index = first + 1; index <= last; index += 1) {
    if (at[index] - at[index - 1] > Math.max(LONGEST_STEP_S, 4 * usual)) {
      found.push([at[index - 1], at[index]].map((moment) => Math.round(plot.valToPos(moment, "x", true))));
    }
  }
  return found.sort((one, other) => one[0] - other[0]);
}

/** Points by name over time; merging the same point twice changes nothing. */
export class Series {
  at = [];
  figures = new Map();
  limits = {};
  relativeLimits = {};
  grewAt = -Infinity;

  get last() {
    return this.at.length ? this.at[this.at.length - 1] : null;
  }

  get isFull() {
    return this.at.length > KEEP;
  }

  replace(view) {
    this.at = [];
    this.figures = new Map();
    this.append(view);
  }

  append(view) {
    const last = this.last ?? -Infinity;
    const fresh = view.at.map((_, index) => index).filter((index) => view.at[index] > last + 1e-6);
    for (const name of Object.keys(view.figures)) {
      if (!this.figures.has(name)) this.figures.set(name, new Array(this.at.length).fill(null));
    }
    for (const [name, known] of this.figures) {
      const values = view.figures[name];
      for (const index of fresh) known.push(values ? values[index] : null);
    }
    for (const index of fresh) this.at.push(view.at[index]);
    if (fresh.length) this.grewAt = performance.now();
    this.limits = view.limits;
    this.relativeLimits = view.relative_limits ?? {};
  }

  of(name) {
    return this.figures.get(name) ?? new Array(this.at.length).fill(null);
  }

  /** The moments at which another share of the traffic was asked for. */
  get steps() {
    const asked = this.of("weight_asked");
    return this.at.filter((_, index) => index > 0 && asked[index] !== asked[index - 1]);
  }
}

export class Plots {
  #plots = new Map();
  hasEnded = false;

  constructor(root, specs, series) {
    this.series = series;
    this.specs = specs;
    this.root = root;
    this.resizer = new ResizeObserver((entries) => entries.forEach((entry) => this.#fit(entry)));
    for (const spec of specs) this.resizer.observe(this.#canvas(spec));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#rebuild());
  }

  /** Whether the last point is too old to be called the latest. */
  get isLate() {
    return this.hasEnded || performance.now() - this.series.grewAt > LATE_MS;
  }

  update() {
    for (const spec of this.specs) {
      const plot = this.#plots.get(spec.id);
      if (plot) plot.setData(this.#data(spec));
      else this.#create(spec);
      this.#write(spec, plot?.cursor.idx ?? null);
    }
  }

  #figure(spec) {
    return this.root.querySelector(`[data-plot="${CSS.escape(spec.id)}"]`);
  }

  #canvas(spec) {
    return this.#figure(spec).querySelector(".canvas");
  }

  #data(spec) {
    const lines = spec.lines.map((line) => this.series.of(line.key));
    return [this.series.at, ...lines, ...(spec.metric ? [this.#movingLimit(spec)] : [])];
  }

  #limit(spec) {
    return spec.metric ? this.series.limits[spec.metric] ?? null : null;
  }

  /** The limit that moves with the stable version, one value per point. */
  #movingLimit(spec) {
    const factor = this.series.relativeLimits[spec.metric];
    const stable = this.series.of(`stable.${spec.metric}`);
    return stable.map((value) => (factor === undefined || value === null ? null : value * factor));
  }

  #fit(entry) {
    const spec = this.specs.find((one) => one.id === entry.target.closest("[data-plot]").dataset.plot);
    const plot = this.#plots.get(spec.id);
    const width = Math.floor(entry.contentRect.width);
    if (plot && width > 0 && plot.width !== width) plot.setSize({ width, height: HEIGHT });
    else if (!plot) this.#create(spec);
  }

  #rebuild() {
    for (const plot of this.#plots.values()) plot.destroy();
    this.#plots.clear();
    this.update();
  }

  #create(spec) {
    const canvas = this.#canvas(spec);
    if (canvas.clientWidth === 0 || this.series.at.length === 0) return;
    this.#plots.set(spec.id, new uPlot(this.#options(spec, canvas.clientWidth), this.#data(spec), canvas));
  }

  #options(spec, width) {
    const grid = { stroke: style("--line"), width: 1 };
    const isTraffic = spec.id === "traffic";
    return {
      width,
      height: HEIGHT,
      padding: [10, 10, 0, 0],
      legend: { show: false },
      cursor: { y: false, sync: { key: "sluiceway" }, drag: { x: false, y: false }, points: { size: 7 } },
      scales: { x: TIME, y: { range: (_, min, max) => this.#range(spec, max) } },
      axes: [
        timeAxis(),
        { ...plainAxis(), grid, size: 62, space: 36, values: (_, splits) => splits.map((value) => figure(value, spec.kind, spec.unit)) },
      ],
      series: [
        {},
        ...spec.lines.map((line) => ({
          ...STROKES[line.role](),
          points: { show: false },
          gaps,
          ...(isTraffic ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
          ...(isTraffic && line.role === "new" ? { fill: `${style("--new")}2e` } : {}),
        })),
        ...(spec.metric ? [{ stroke: style("--limit"), width: 1.5, dash: [2, 3], points: { show: false }, gaps }] : []),
      ],
      hooks: {
        drawClear: [(plot) => drawSteps(plot, this.series)],
        draw: [(plot) => this.#drawLimit(plot, spec)],
        setCursor: [(plot) => this.#write(spec, plot.cursor.idx ?? null)],
      },
    };
  }

  #range(spec, max) {
    if (spec.id === "traffic") return [0, 100];
    const floor = spec.kind === "ratio" ? 0.01 : 1;
    return [0, Math.max((max ?? 0) * 1.12, (this.#limit(spec) ?? 0) * 1.15, floor)];
  }

  #drawLimit(plot, spec) {
    const limit = this.#limit(spec);
    if (limit === null) return;
    const { ctx, bbox } = plot;
    const y = Math.round(plot.valToPos(limit, "y", true));
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = style("--limit");
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.font = `600 ${12 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textBaseline = "bottom";
    ctx.textAlign = "left";
    ctx.fillText(`limit ${figure(limit, spec.kind, spec.unit)}`, bbox.left + 6 * devicePixelRatio, y - 3 * devicePixelRatio);
    ctx.restore();
  }

  /** Write the figures of one moment into the table; without one the latest. */
  #write(spec, index) {
    const table = this.#figure(spec);
    const { at } = this.series;
    const isPast = index !== null && index < at.length;
    const moment = isPast ? at[index] : this.isLate ? at[at.length - 1] : undefined;
    const when = moment === undefined ? "latest" : `at ${clock(new Date(moment * 1000))}`;
    setText(table.querySelector("[data-when]"), when);
    for (const line of spec.lines) {
      const row = table.querySelector(`[data-line="${CSS.escape(line.key)}"]`);
      const values = this.series.of(line.key);
      const highest = values.reduce((most, value) => (value !== null && (most === null || value > most) ? value : most), null);
      setText(row.querySelector("[data-now]"), figure(isPast ? values[index] : values[values.length - 1], spec.kind, spec.unit));
      setText(row.querySelector("[data-most]"), figure(highest, spec.kind, spec.unit));
    }
    if (!spec.metric) return;
    const limit = this.#limit(spec);
    const limitRow = table.querySelector("[data-limit]");
    limitRow.hidden = limit === null;
    setText(limitRow.querySelector("[data-now]"), figure(limit, spec.kind, spec.unit));
    const factor = this.series.relativeLimits[spec.metric];
    const moving = this.#movingLimit(spec);
    const movingRow = table.querySelector("[data-moving-limit]");
    movingRow.hidden = factor === undefined;
    setText(movingRow.querySelector("[data-factor]"), factor === undefined ? "" : number(factor));
    setText(movingRow.querySelector("[data-now]"), figure(isPast ? moving[index] : moving[moving.length - 1], spec.kind, spec.unit));
  }
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
