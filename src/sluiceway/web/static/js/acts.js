// A person's acts: a dialog says what will happen, the API is asked, its answer is shown.

import { ask, checkName, nameKept } from "./asking.js";
import { collect, localiseFields, remember } from "./fields.js";

/**
 * Wire the buttons up. `prepare(data, body, button)` returns the address and the request of an act: `data` is that of the
 * dialog's template, `body` what was filled in. `version()` is that of what is shown. `onDone(answer)` is called after
 * the act was taken up.
 */
export function setUpActs({ subject, prepare, version, say, onDone }) {
  const dialog = document.getElementById("act");
  const part = (name) => document.getElementById(`act-${name}`);
  const [form, title, body, name, error, changed, confirm] = ["form", "title", "body", "name", "error", "changed", "confirm"].map(part);
  let open = null;

  const template = (key) => document.getElementById(`dialog-${key}`);
  const first = () => body.querySelector("input:checked, input, textarea, select") ?? (name.type === "hidden" ? confirm : name);
  const show = (element, text) => {
    element.textContent = text;
    element.hidden = !text;
  };

  function fill(source, button) {
    const putBack = remember(body);
    const hadFocus = body.contains(document.activeElement) && document.activeElement.name;
    title.textContent = source.dataset.title;
    body.replaceChildren(source.content.cloneNode(true));
    for (const place of body.querySelectorAll("[data-words]")) {
      place.textContent = place.dataset.words.replace("{words}", () => button.dataset.words ?? "");
    }
    localiseFields(body);
    putBack();
    if (hadFocus) (body.querySelector(`[name="${CSS.escape(hadFocus)}"]:is(:checked, :not([type=radio]))`) ?? first()).focus();
    confirm.textContent = source.dataset.confirm;
    confirm.className = `button is-strong is-${source.dataset.tone}`;
    confirm.disabled = false;
    open = {
      key: source.id.slice("dialog-".length),
      button: button.id,
      values: button.dataset.values,
      html: source.outerHTML,
      version: version(),
      data: { ...source.dataset },
    };
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    const source = button && template(button.dataset.act);
    if (!source) return;
    body.replaceChildren();
    name.value = nameKept();
    show(error, "");
    show(changed, "");
    fill(source, button);
    dialog.showModal();
    first().focus();
  });
  part("cancel").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    const opener = open && document.getElementById(open.button);
    open = null;
    if (opener) opener.focus();
    else document.getElementById("title")?.focus();
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const by = name.value.trim();
    const refused = checkName(by);
    show(error, refused);
    if (refused) {
      name.focus();
      return;
    }
    confirm.disabled = true;
    const { data } = open;
    const { address, request } = prepare({ ...data, values: open.values }, collect(body), open.version);
    const { answer, refusal } = await ask(address, request, { by });
    if (refusal === undefined) {
      say(`${data.confirm}: done.`);
      onDone(answer);
      dialog.close();
    } else {
      confirm.disabled = false;
      show(error, refusal);
    }
  });

  return {
    /** Keep an open dialog honest after the page behind it changed. */
    recheck() {
      if (!dialog.open || !open) return;
      const source = template(open.key);
      const button = document.getElementById(open.button);
      if (!source || !button) {
        confirm.disabled = true;
        show(changed, `This is no longer possible: the ${subject} has moved on.`);
      } else if (source.outerHTML !== open.html) {
        fill(source, button);
        show(changed, `The ${subject} has changed while you were reading. Please read again.`);
      } else {
        open.version = version();
      }
    },
  };
}
