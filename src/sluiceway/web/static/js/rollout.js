// A rollout's live page: events come in, the parts of the page that changed are brought up to date.

import { setUpActs } from "./acts.js";
import { Bands } from "./bands.js";
import { clock, localiseTimes } from "./format.js";
import { fetchPart, Link } from "./link.js";
import { morphChildren, parse } from "./morph.js";
import { Plots, Series } from "./plots.js";

const SILENCE_MS = 3000; // a running rollout is heard every second
const ASLEEP_MS = 30_000; // a hidden page gives its connection back
const MIN_GAP_MS = 300;

const page = document.getElementById("rollout");
const { id } = page.dataset;
const head = () => document.getElementById("head");
const isFinished = () => head().dataset.finished === "yes";
const apiAddress = `/api/rollouts/${encodeURIComponent(id)}`;
const partAddress = `/fragments/rollouts/${encodeURIComponent(id)}`;

const series = new Series();
const plots = new Plots(page, JSON.parse(document.getElementById("plots").dataset.plots), series);
const bands = new Bands(page, series);
const link = new Link(connect, clock);
const spokenPlace = document.getElementById("spoken");
let events = null;
let spoken = head().dataset.spoken;
let latest = ""; // the newest decision in the trail as shown

const say = (text) => {
  spokenPlace.textContent = text;
};
const acts = setUpActs({
  subject: "rollout",
  prepare: (data, filled, seen) => {
    const request = { action: "immediate", ...filled, subject: data.subject };
    // The way back must never fail because somebody else acted too; what goes on or stops does.
    if (data.tone === "go") request.expected_version = seen;
    return { address: `${apiAddress}/actions/${data.kind}`, request };
  },
  version: () => Number(head().dataset.version),
  say,
  onDone: (view) => {
    if (view.summary.id !== id) location.assign(`/rollouts/${encodeURIComponent(view.summary.id)}`);
    else refreshSoon();
  },
});

async function refresh() {
  const fresh = parse(await fetchPart(partAddress));
  localiseTimes(fresh);
  for (const part of fresh.querySelectorAll("[data-region]")) {
    morphChildren(page.querySelector(`[data-region="${part.dataset.region}"]`), part);
  }
  acts.recheck();
  bands.update();
  if (head().dataset.spoken !== spoken) say((spoken = head().dataset.spoken));
  if (head().dataset.latest !== latest) {
    await refreshTrail();
    latest = head().dataset.latest;
  }
  if (isFinished()) {
    await refreshSeries();
    end();
  } else {
    link.heard();
  }
}

async function refreshTrail() {
  const trail = document.getElementById("trail");
  for (;;) {
    const fresh = document.createElement("template");
    fresh.innerHTML = await fetchPart(`${partAddress}/trail?after=${trail.dataset.last}`);
    const newest = fresh.content.querySelector("[data-seq]");
    if (!newest) return;
    localiseTimes(fresh.content);
    trail.dataset.last = newest.dataset.seq;
    trail.prepend(fresh.content);
  }
}

async function refreshSeries() {
  const after = series.last === null || series.isFull ? "" : `&after=${series.last}`;
  const view = JSON.parse(await fetchPart(`${apiAddress}/series?limit=600${after}`));
  if (after) series.append(view);
  else series.replace(view);
  draw();
}

function draw() {
  plots.update();
  bands.update();
}

// Refreshes follow each other, never side by side, and many wishes become one.
let running = null;
let isWanted = false;
function refreshSoon() {
  if (running) {
    isWanted = true;
    return;
  }
  running = refresh()
    .catch(() => dropped())
    .then(() => new Promise((resolve) => setTimeout(resolve, MIN_GAP_MS)))
    .then(() => {
      running = null;
      if (isWanted) {
        isWanted = false;
        refreshSoon();
      }
    });
}

async function connect() {
  close();
  await refreshSeries();
  await refresh();
  if (isFinished() || document.hidden) return;
  const stream = new EventSource(`${apiAddress}/events`);
  events = stream;
  stream.addEventListener("rollout", refreshSoon);
  stream.addEventListener("series", (event) => {
    series.append(JSON.parse(event.data));
    draw();
    if (series.isFull) refreshSeries().catch(dropped);
  });
  stream.addEventListener("error", () => stream === events && dropped());
}

function close() {
  events?.close();
  events = null;
}

function dropped() {
  close();
  link.lost();
}

function end() {
  close();
  plots.hasEnded = true;
  plots.update();
  link.ended();
}

setInterval(() => {
  if (events && !link.isLost && link.heardAgoMs > SILENCE_MS) refreshSoon();
  if (plots.isLate) plots.update();
}, 1000);

let sleepTimer = 0;
document.addEventListener("visibilitychange", () => {
  clearTimeout(sleepTimer);
  if (isFinished()) return;
  if (document.hidden) sleepTimer = setTimeout(close, ASLEEP_MS);
  else if (!events) connect().catch(dropped);
});

localiseTimes(document);
connect().catch(() => (isFinished() ? end() : dropped()));
