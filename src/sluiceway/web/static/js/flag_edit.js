// The editor of a flag or a segment: its fields as a document, looked at by the server while somebody types.

import { ask, checkName, nameKept } from "./asking.js";
import { localiseFields } from "./fields.js";
import { setUpParts } from "./flag_parts.js";
import { documentOf } from "./flag_document.js";
import { Preview } from "./flag_preview.js";

const editor = document.getElementById("editor");
const save = document.getElementById("save");
const error = document.getElementById("editor-error");
const name = document.getElementById("act-name");
const why = document.getElementById("why");
const begun = JSON.parse(editor.dataset.document);
let version = Number(editor.dataset.version);
let isChanged = false;

function show(words) {
  error.textContent = words;
  error.hidden = !words;
}

const preview = new Preview(editor, begun, () => documentOf(editor, begun));

/** Return the request that saves the draft; a segment's names its environment itself. */
function request(draft) {
  const more = { reason: why.value.trim() };
  if (editor.dataset.method === "PUT") more.expected_version = version;
  if (editor.dataset.environment) more.environment = editor.dataset.environment;
  return { [editor.dataset.kind]: draft, ...more };
}

/** Where a draft is saved: a segment stands at an address of its own, which has its id. */
function address(draft) {
  const own = editor.dataset.kind === "segment" ? `/${encodeURIComponent(draft.id)}` : "";
  return `/api${editor.dataset.save}${own}`;
}

async function submit() {
  const by = name.value.trim();
  const refused = checkName(by);
  const { draft, problems } = documentOf(editor, begun);
  show(refused || (problems.length ? "Mend what is marked first." : ""));
  if (refused) name.focus();
  if (refused || problems.length) return;
  save.disabled = true;
  const { refusal } = await ask(address(draft), request(draft), { by, method: editor.dataset.method });
  if (refusal === undefined) {
    isChanged = false;
    location.assign(editor.dataset.new ? `${editor.dataset.new}${encodeURIComponent(draft.id)}` : editor.dataset.back);
    return;
  }
  save.disabled = false;
  show(refusal);
  error.scrollIntoView({ block: "nearest" });
  preview.soon(0);
}

editor.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
editor.addEventListener("click", (event) => {
  if (!event.target.closest("[data-mine]")) return;
  version = preview.version;
  submit();
});
for (const kind of ["input", "change", "parts"]) {
  editor.addEventListener(kind, (event) => {
    if (event.target.closest(".review")) return;
    isChanged ||= !event.target.closest(".preview");
    preview.soon();
  });
}
window.addEventListener("beforeunload", (event) => {
  if (isChanged) event.preventDefault();
});

name.value = nameKept();
localiseFields(editor);
setUpParts(editor);
if (version) preview.soon(0); // what is new has nothing to be looked at yet
