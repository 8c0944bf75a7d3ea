// What was filled in, as the API wants it: `data-field` names the place in the request, `data-kind` the type.

const pad = (number) => String(number).padStart(2, "0");

/** Put instants into the reader's zone, as a form's fields show them. */
export function localiseFields(root) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const place of root.querySelectorAll("[data-zone]")) place.textContent = `(${zone})`;
  for (const input of root.querySelectorAll("input[data-at]")) {
    if (!input.dataset.at || input.value) continue;
    const at = new Date(input.dataset.at);
    const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
    input.value = `${day}T${pad(at.getHours())}:${pad(at.getMinutes())}`;
  }
}

/** Return the request that the fields below `root` make. */
export function collect(root) {
  const request = {};
  for (const element of root.querySelectorAll("[data-field]")) {
    if (element.closest("[data-row]")) continue;
    const value = valueOf(element);
    if (value !== undefined) put(request, element.dataset.field, value);
  }
  for (const list of root.querySelectorAll("[data-rows]")) {
    put(request, list.dataset.rows, [...list.querySelectorAll("[data-list] > [data-row]")].map((row) => rowOf(row, list)));
  }
  return request;
}

function rowOf(row, list) {
  const cells = [...row.querySelectorAll("[data-cell]")].map((cell) => [cell.dataset.cell, cell.value.trim()]);
  return list.hasAttribute("data-pairs") ? cells.map(([, value]) => value) : Object.fromEntries(cells);
}

function put(request, path, value) {
  const names = path.split(".");
  const last = names.pop();
  let place = request;
  for (const name of names) place = place[name] ??= {};
  place[last] = value;
}

function valueOf(element) {
  const { kind } = element.dataset;
  if (kind === "radio" || kind === "either") {
    const chosen = element.querySelector("input:checked")?.value;
    return kind === "either" ? chosen === "true" : chosen;
  }
  if (kind === "check") return element.checked;
  const text = element.value.trim();
  if (!text && element.hasAttribute("data-left-out")) return undefined;
  switch (kind) {
    case "lines":
      return text.split("\n").map((line) => line.trim()).filter(Boolean);
    case "number":
      return text === "" ? null : Number(text);
    case "moment":
      return text === "" ? null : new Date(text).toISOString();
    case "day":
      return text === "" ? null : text;
    default:
      return text;
  }
}

/** Wire up the buttons that add rows to lists and take them away. */
export function setUpRows(root) {
  root.addEventListener("click", (event) => {
    const add = event.target.closest("[data-add]");
    const remove = event.target.closest("[data-remove]");
    if (add) {
      const rows = add.closest("[data-rows]");
      rows.querySelector("[data-list]").append(rows.querySelector("template").content.cloneNode(true));
      rows.querySelector("[data-list] > [data-row]:last-child [data-cell]").focus();
    } else if (remove) {
      const rows = remove.closest("[data-rows]");
      remove.closest("[data-row]").remove();
      rows.querySelector("[data-add]").focus();
    }
  });
}

/** What each field holds, to be put back after the fields were made anew. */
export function remember(root) {
  const kept = new Map();
  for (const input of root.querySelectorAll("input[name], textarea[name], select[name]")) {
    const isChoice = input.type === "radio" || input.type === "checkbox";
    kept.set(isChoice ? `${input.name}=${input.value}` : input.name, isChoice ? input.checked : input.value);
  }
  return () => {
    for (const input of root.querySelectorAll("input[name], textarea[name], select[name]")) {
      const isChoice = input.type === "radio" || input.type === "checkbox";
      const value = kept.get(isChoice ? `${input.name}=${input.value}` : input.name);
      if (value === undefined) continue;
      if (input.type === "radio") input.checked ||= value; // one that is gone leaves the default
      else if (isChoice) input.checked = value;
      else input.value = value;
    }
  };
}
