// A person's acts: a dialog says what will happen, the API is asked, its answer is shown.

const NAME_KEY = "sluiceway.name";
const CLIENT = "console";

/** Wire the buttons up. `onDone(view)` is called with the rollout after the act was taken up. */
export function setUpActs({ rolloutId, version, say, onDone }) {
  const dialog = document.getElementById("act");
  const part = (name) => document.getElementById(`act-${name}`);
  const [form, title, body, reason, name, error, changed, confirm] = ["form", "title", "body", "reason", "name", "error", "changed", "confirm"].map(part);
  let open = null;

  const template = (key) => document.getElementById(`dialog-${key}`);
  const show = (element, text) => {
    element.textContent = text;
    element.hidden = !text;
  };

  function fill(source) {
    const chosen = new FormData(form).get("action");
    const hadFocus = body.contains(document.activeElement);
    title.textContent = source.dataset.title;
    body.replaceChildren(source.content.cloneNode(true));
    const again = chosen && body.querySelector(`input[value="${CSS.escape(chosen)}"]`);
    if (again) again.checked = true;
    if (hadFocus) (body.querySelector("input:checked") ?? reason).focus();
    confirm.textContent = source.dataset.confirm;
    confirm.className = `button is-strong is-${source.dataset.tone}`;
    confirm.disabled = false;
    const isNeeded = source.dataset.reason === "needed";
    reason.required = isNeeded;
    part("reason-need").textContent = isNeeded ? "(needed)" : "(optional)";
    open = { key: source.id.slice("dialog-".length), html: source.outerHTML, version: version(), data: { ...source.dataset } };
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    const source = button && template(button.dataset.act);
    if (!source) return;
    body.replaceChildren();
    reason.value = "";
    name.value = localStorage.getItem(NAME_KEY) ?? "";
    show(error, "");
    show(changed, "");
    fill(source);
    dialog.showModal();
    (body.querySelector("input:checked") ?? reason).focus();
  });
  part("cancel").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    const opener = open && document.getElementById(`do-${open.key}`);
    open = null;
    if (opener) opener.focus();
    else document.getElementById("title")?.focus();
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { data, version: seen } = open;
    const by = name.value.trim();
    show(error, "");
    if (/[^\x20-\x7e\xa0-\xff]/.test(by)) {
      show(error, "The name can hold Latin letters, digits and punctuation.");
      name.focus();
      return;
    }
    localStorage.setItem(NAME_KEY, by);
    confirm.disabled = true;
    const request = { reason: reason.value.trim(), subject: data.subject, action: new FormData(form).get("action") ?? "immediate" };
    // The way back must never fail because somebody else acted too; what goes on or stops does.
    if (data.tone === "go") request.expected_version = seen;
    const failure = await send(data.kind, request, by);
    if (failure === null) {
      dialog.close();
    } else {
      confirm.disabled = false;
      show(error, failure);
    }
  });

  async function send(kind, request, by) {
    try {
      const response = await fetch(`/api/rollouts/${encodeURIComponent(rolloutId)}/actions/${kind}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Sluice-Client": CLIENT, "X-Sluice-Actor": by || CLIENT },
        body: JSON.stringify(request),
        signal: AbortSignal.timeout(15_000),
      });
      const answer = await response.json();
      if (!response.ok) return answer.detail ?? `Sluiceway refused this (${response.status}).`;
      say(`${kind}: done.`);
      onDone(answer);
      return null;
    } catch {
      return "Sluiceway did not answer. It is not known whether this was taken up; look at the decisions before trying again.";
    }
  }

  return {
    /** Keep an open dialog honest after the page behind it changed. */
    recheck() {
      if (!dialog.open || !open) return;
      const source = template(open.key);
      if (!source) {
        confirm.disabled = true;
        show(changed, "This is no longer possible: the rollout has moved on.");
      } else if (source.outerHTML !== open.html) {
        fill(source);
        show(changed, "The rollout has changed while you were reading. Please read again.");
      } else {
        open.version = version();
      }
    },
  };
}
