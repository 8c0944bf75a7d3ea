// A page that refreshes by itself, as a whole, and whose buttons ask the API.

import { setUpActs } from "./acts.js";
import { clock, localiseTimes } from "./format.js";
import { fetchPart, Link } from "./link.js";
import { morphChildren, parse } from "./morph.js";

const main = document.getElementById("main");
const EVERY_MS = 1000 * Number(main.querySelector("[data-every]")?.dataset.every ?? 2);
const shown = () => main.querySelector("[data-version]")?.dataset ?? {};
const spokenPlace = document.getElementById("spoken");
let spoken = shown().spoken;

async function refresh() {
  const fresh = parse(await fetchPart(location.href)).querySelector("#main");
  localiseTimes(fresh);
  morphChildren(main, fresh);
  acts?.recheck();
  if (spokenPlace && shown().spoken !== spoken) spokenPlace.textContent = spoken = shown().spoken;
  link.heard();
}

const acts =
  document.getElementById("act") &&
  setUpActs({
    subject: shown().subject,
    version: () => Number(shown().version),
    prepare: (data, filled, seen) => {
      const request = { ...filled, ...JSON.parse(data.fixed), ...JSON.parse(data.values ?? "{}") };
      if (data.forVersion !== undefined) request.expected_version = seen;
      return { address: `/api${data.url}`, request };
    },
    say: (words) => {
      spokenPlace.textContent = words;
    },
    onDone: () => refresh().catch(() => link.lost()),
  });

/** Open what a link on the page leads to, and all that it is folded into. */
function unfold() {
  let place = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (; place; place = place.parentElement) if (place.nodeName === "DETAILS") place.open = true;
}

window.addEventListener("hashchange", unfold);
unfold();
const link = new Link(refresh, clock);
localiseTimes(document);
link.heard();
let isBusy = false;
setInterval(async () => {
  if (document.hidden || link.isLost || isBusy) return;
  isBusy = true;
  await refresh().catch(() => link.lost());
  isBusy = false;
}, EVERY_MS);
