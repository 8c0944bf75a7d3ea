// A form that fills a page: what was filled in is sent to the API, then the page goes on to what came of it.

import { ask, checkName, nameKept } from "./asking.js";
import { collect, localiseFields, setUpRows } from "./fields.js";

const form = document.getElementById("form");
const error = document.getElementById("form-error");
const confirm = document.getElementById("form-confirm");
const name = document.getElementById("act-name");
let isChanged = false;

function show(words) {
  error.textContent = words;
  error.hidden = !words;
}

const pick = (answer, path) => path.split(".").reduce((place, key) => place[key], answer);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const by = name.value.trim();
  const refused = checkName(by);
  show(refused);
  if (refused) {
    name.focus();
    return;
  }
  confirm.disabled = true;
  const request = { ...collect(document.getElementById("form-fields")), ...JSON.parse(form.dataset.fixed) };
  const { answer, refusal } = await ask(`/api${form.dataset.url}`, request, { by });
  if (refusal === undefined) {
    isChanged = false;
    location.assign(form.dataset.then.replace(/\{([a-z._]+)\}/g, (_, path) => encodeURIComponent(pick(answer, path))));
    return;
  }
  confirm.disabled = false;
  show(refusal);
  error.scrollIntoView({ block: "nearest" });
});

form.addEventListener("input", () => {
  isChanged = true;
});
window.addEventListener("beforeunload", (event) => {
  if (isChanged) event.preventDefault();
});

name.value = nameKept();
localiseFields(form);
setUpRows(form);
