// The parts of the editor that come and go: rules and their order, conditions, variants, flags it needs.

const BEGINNINGS = { boolean: [["on", "true"], ["off", "false"]], string: [["on", "new"], ["off", "old"]], number: [["on", "1"], ["off", "0"]], object: [["on", "{}"], ["off", "{}"]] };

/** Wire up the buttons of the editor. What they change is told by an event `parts`. */
export function setUpParts(editor) {
  const changed = (at) => at.dispatchEvent(new Event("parts", { bubbles: true }));

  function number() {
    const rules = [...editor.querySelectorAll("[data-rule]")];
    rules.forEach((rule, at) => {
      rule.querySelector(".rule-number").textContent = `Rule ${at + 1}`;
      rule.querySelector('[data-move="up"]').disabled = at === 0;
      rule.querySelector('[data-move="down"]').disabled = at === rules.length - 1;
      for (const button of rule.querySelectorAll("[data-move], [data-remove=rule]")) {
        const what = button.dataset.move ? `Move rule ${at + 1} ${button.dataset.move}` : `Remove rule ${at + 1}`;
        button.setAttribute("aria-label", what);
      }
    });
  }

  function fresh(kind) {
    const made = document.getElementById(`new-${kind}`).content.firstElementChild.cloneNode(true);
    if (kind !== "rule") return made;
    const taken = new Set([...editor.querySelectorAll("[data-rule]")].map((one) => one.dataset.id));
    let at = 1;
    while (taken.has(`rule-${at}`)) at += 1;
    made.dataset.id = `rule-${at}`;
    return made;
  }

  function add(button) {
    const kind = button.dataset.add;
    const list = kind === "rule" ? document.getElementById("rules") : button.parentElement.querySelector(":scope > [data-list]");
    const made = fresh(kind);
    list.append(made);
    if (kind === "constraint") fitValues(made);
    syncVariants();
    number();
    made.querySelector("input, textarea, select").focus();
    changed(list);
  }

  function remove(button) {
    const part = button.closest(`[data-${button.dataset.remove}]`);
    const list = part.parentElement;
    const next = part.nextElementSibling ?? part.previousElementSibling;
    part.remove();
    number();
    syncVariants();
    const place = next?.querySelector("[data-remove]") ?? list.parentElement.querySelector("[data-add]");
    place?.focus();
    changed(list);
  }

  function move(button) {
    const rule = button.closest("[data-rule]");
    if (button.dataset.move === "up") rule.previousElementSibling?.before(rule);
    else rule.nextElementSibling?.after(rule);
    number();
    if (button.disabled) rule.querySelector("[data-move]:enabled")?.focus();
    else button.focus();
    changed(rule);
  }

  /** Whether a condition's operator takes values. */
  function fitValues(row) {
    const takesNone = row.querySelector('[data-of="operator"]').value === "is-present";
    row.querySelector('[data-of="values"]').closest("label").hidden = takesNone;
    row.querySelector(".constraint-case").hidden = takesNone;
  }

  /** Offer the variants there are wherever one is served; a renamed one stays chosen. */
  function syncVariants() {
    const rows = [...editor.querySelectorAll("[data-variant]")];
    if (!rows.length) return;
    const names = rows.map((row) => row.querySelector('[data-of="name"]').value.trim());
    const renamed = new Map(rows.map((row, at) => [row.dataset.was, names[at]]).filter(([was]) => was !== undefined));
    rows.forEach((row, at) => {
      row.dataset.was = names[at];
    });
    const now = (was) => (renamed.has(was) ? renamed.get(was) : was);
    for (const serve of editor.querySelectorAll("[data-serve]")) syncServe(serve, names, now);
    const off = document.getElementById("off-variant");
    choose(off, [...new Set(names)].map((one) => [one, one]), now(off.value), [["", "the caller's own default"]]);
  }

  function syncServe(serve, names, now) {
    const what = serve.querySelector("[data-serve-what]");
    const own = what.querySelector('[value="own"]');
    const before = own ? [["own", own.textContent]] : [];
    const chosen = what.value.startsWith("variant:") ? `variant:${now(what.value.slice(8))}` : what.value;
    choose(what, [...new Set(names)].map((one) => [`variant:${one}`, one]), chosen, before, [["split", "a split of variants"]]);
    const box = serve.querySelector("[data-weights]");
    const weights = new Map([...box.querySelectorAll("[data-weight]")].map((one) => [now(one.dataset.weight), one.value]));
    if ([...weights.keys()].join("\n") !== names.join("\n")) box.replaceChildren(...names.map((one) => weight(one, weights.get(one) ?? "0")));
    box.hidden = what.value !== "split";
  }

  function weight(variant, value) {
    const label = document.createElement("label");
    label.className = "row-field";
    const text = document.createElement("span");
    text.textContent = variant;
    const input = Object.assign(document.createElement("input"), { type: "number", min: "0", step: "1", value });
    input.dataset.weight = variant;
    label.append(text, input);
    return label;
  }

  function choose(select, options, chosen, before = [], after = []) {
    const wanted = [...before, ...options, ...after];
    const missing = chosen && !wanted.some(([value]) => value === chosen);
    if (missing) wanted.push([chosen, `${chosen.replace(/^variant:/, "")} (not there)`]);
    select.replaceChildren(...wanted.map(([value, words]) => new Option(words, value, false, value === chosen)));
  }

  /** A new flag of another type begins with variants of that type. */
  function beginVariants(type) {
    const list = editor.querySelector("[data-variants]");
    list.replaceChildren(
      ...BEGINNINGS[type].map(([variant, value]) => {
        const row = fresh("variant");
        row.querySelector('[data-of="name"]').value = row.dataset.was = variant;
        row.querySelector('[data-of="value"]').value = value;
        return row;
      }),
    );
    document.getElementById("value-type").textContent = type;
    syncVariants();
  }

  editor.addEventListener("click", (event) => {
    const button = event.target.closest("[data-add], [data-remove], [data-move]");
    if (!button) return;
    if (button.dataset.add) add(button);
    else if (button.dataset.remove) remove(button);
    else move(button);
  });
  editor.addEventListener("change", (event) => {
    const row = event.target.closest("[data-constraint]");
    if (row) fitValues(row);
    if (event.target.matches("[data-serve-what]")) syncVariants();
    if (event.target.matches('select[data-about="value_type"]')) beginVariants(event.target.value);
  });
  editor.addEventListener("input", (event) => {
    if (event.target.closest("[data-variant]") && event.target.dataset.of === "name") syncVariants();
  });

  for (const row of editor.querySelectorAll("[data-constraint]")) fitValues(row);
  number();
  syncVariants();
}
