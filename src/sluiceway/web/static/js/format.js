// Figures as people read them; the same rules as `web/wording.py`, for what is drawn in the browser.

const GAP = "\u00a0";
const UNSPOKEN = new Set(["", "count", "score"]);

export function number(value) {
  const size = Math.abs(value);
  const places = size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : size >= 0.01 ? 3 : 4;
  let [whole, part = ""] = size.toFixed(places).split(".");
  part = part.replace(/0+$/, "");
  whole = whole.replace(/\B(?=(\d{3})+$)/g, "\u202f");
  const text = part ? `${whole}.${part}` : whole;
  return value < 0 && text !== "0" ? `-${text}` : text;
}

function percent(value) {
  const text = value > 99 && value < 99.995 ? value.toFixed(2).replace(/0+$/, "") : number(value);
  return `${text}${GAP}%`;
}

export function figure(value, kind, unit = "") {
  if (value === null || value === undefined) return "no data";
  switch (kind) {
    case "ratio":
      return percent(value * 100);
    case "percent":
      return percent(value);
    case "ms":
      return Math.abs(value) >= 10_000 ? `${number(value / 1000)}${GAP}s` : `${number(value)}${GAP}ms`;
    case "s":
      return `${number(value)}${GAP}s`;
    case "per-second":
      return `${number(value)}${GAP}/s`;
    default:
      return UNSPOKEN.has(unit) ? number(value) : `${number(value)}${GAP}${unit}`;
  }
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const SHORT = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });

export const clock = (date) => CLOCK.format(date);
export const shortClock = (date) => SHORT.format(date);

/** Put every <time> under `root` into the reader's own zone, leaving the day out when it is today. */
export function localiseTimes(root) {
  const today = DAY.format(new Date());
  for (const element of root.querySelectorAll("time[datetime]")) {
    const at = new Date(element.getAttribute("datetime"));
    const day = DAY.format(at);
    const time = element.dataset.to === "minute" ? shortClock(at) : clock(at);
    element.title = `${day}, ${clock(at)} (${element.getAttribute("datetime")})`;
    element.textContent = element.dataset.to !== "minute" && day === today ? time : `${day}, ${time}`;
  }
}
