// The list: what is under way refreshes by itself.

import { clock, localiseTimes } from "./format.js";
import { fetchPart, Link } from "./link.js";
import { morphChildren, parse } from "./morph.js";

const EVERY_MS = 2000;
const region = document.getElementById("region-active");
const service = region.dataset.service;
const address = `/fragments/active${service ? `?service=${encodeURIComponent(service)}` : ""}`;
const countOf = (root) => root.querySelectorAll(".card").length;

async function refresh() {
  const fresh = parse(await fetchPart(address));
  // A rollout that has just begun or ended also changes the rest of the page.
  if (countOf(fresh) < countOf(region) || (countOf(region) === 0 && countOf(fresh) > 0)) {
    location.reload();
    return;
  }
  localiseTimes(fresh);
  morphChildren(region, fresh);
  link.heard();
}

const link = new Link(refresh, clock);
localiseTimes(document);
link.heard();
setInterval(() => {
  if (!document.hidden && !link.isLost) refresh().catch(() => link.lost());
}, EVERY_MS);
