// The list refreshes by itself.

import { clock, localiseTimes } from "./format.js";
import { fetchPart, Link } from "./link.js";
import { morphChildren, parse } from "./morph.js";

const EVERY_MS = 2000;
const main = document.getElementById("main");

async function refresh() {
  const fresh = parse(await fetchPart(location.href)).querySelector("#main");
  localiseTimes(fresh);
  morphChildren(main, fresh);
  link.heard();
}

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
