// The fields of the editor as the document of a flag or segment, and which field stands for which place in it.

const words = (text) => text.split(",").map((one) => one.trim()).filter(Boolean);
const lines = (text) => text.split("\n").map((one) => one.trim()).filter(Boolean);

/**
 * Return `draft`, the document; `problems`, what can't be told as one, each with its `place`; `places`, the fields by
 * their place in the document. What has no field stays as it was in `begun`.
 */
export function documentOf(editor, begun) {
  const reading = new Reading(editor, begun);
  const draft = editor.dataset.kind === "segment" ? reading.segment() : reading.flag();
  return { draft, problems: reading.problems, places: reading.places };
}

class Reading {
  problems = [];
  places = new Map();

  constructor(editor, begun) {
    this.editor = editor;
    this.begun = begun;
  }

  segment() {
    const draft = { ...this.begun, constraints: this.#constraints(this.editor.querySelector("[data-constraints]"), "") };
    for (const box of this.editor.querySelectorAll("[data-lines]")) {
      draft[box.dataset.lines] = lines(box.value);
      this.places.set(box.dataset.lines, box);
    }
    return this.#about(draft);
  }

  flag() {
    const { id, enabled, hash_version, kill_switch, hold } = this.begun;
    const draft = { id, enabled, hash_version, kill_switch, value_type: this.begun.value_type, ...this.#rest() };
    if (hold) draft.hold = hold;
    this.#about(draft);
    draft.variants = this.#each("[data-variant]", "variants", (row, place) => this.#variant(row, place, draft.value_type));
    draft.rules = this.#each("[data-rule]", "rules", (row, place) => this.#rule(row, place));
    for (const one of ["serve", "otherwise"]) {
      draft[one] = this.#serve(this.editor.querySelector(`.editor-fields > section > [data-serve="${one}"]`), one);
    }
    draft.dependencies = this.#each("[data-dependency]", "dependencies", (row, place) => this.#dependency(row, place));
    const window = this.#window();
    if (window) draft.window = window;
    return draft;
  }

  #each(selector, name, read) {
    return [...this.editor.querySelectorAll(selector)].map((row, at) => read(row, `${name}[${at}]`));
  }

  /** Return the field of a row, known by its place from now on. */
  #field(row, name, place) {
    const field = row.querySelector(`[data-of="${name}"]`);
    this.places.set(`${place}.${name}`, field);
    return field;
  }

  #about(draft) {
    for (const field of this.editor.querySelectorAll("[data-about]")) {
      const name = field.dataset.about;
      this.places.set(name, field);
      if (field.type === "checkbox") draft[name] = field.checked;
      else if (field.type === "datetime-local") {
        const at = this.#instant(field);
        if (at) draft[name] = at;
      } else draft[name] = name === "tags" ? words(field.value) : field.value.trim();
    }
    return draft;
  }

  /** An instant nobody touched keeps its seconds. */
  #instant(field) {
    field.dataset.shown ??= field.value;
    if (!field.value) return null;
    return field.value === field.dataset.shown && field.dataset.at ? field.dataset.at : new Date(field.value).toISOString();
  }

  #window() {
    const window = { zone: this.begun.window?.zone ?? "UTC" };
    for (const field of this.editor.querySelectorAll("[data-window]")) {
      const at = this.#instant(field);
      if (at) window[field.dataset.window] = at;
      this.places.set("window", field);
    }
    return window.on_at || window.off_at ? window : null;
  }

  #rest() {
    const box = this.editor.querySelector("[data-rest]");
    this.places.set("rest", box);
    try {
      const rest = JSON.parse(box.value.trim() || "{}");
      if (rest && typeof rest === "object" && !Array.isArray(rest)) return rest;
      this.problems.push({ place: "rest", words: "is not a JSON object in braces" });
    } catch (error) {
      this.problems.push({ place: "rest", words: `is no JSON: ${error.message}` });
    }
    return {};
  }

  #variant(row, place, type) {
    const text = this.#field(row, "value", place).value;
    const variant = { name: this.#field(row, "name", place).value.trim(), value: text };
    const extra = JSON.parse(row.dataset.extra);
    if (Object.keys(extra).length) variant.extra = extra;
    if (type === "string") return variant;
    try {
      variant.value = JSON.parse(text.trim());
    } catch {
      const such = { boolean: "true or false", number: "a number such as 25", object: "JSON such as {\"limit\": 25}" }[type];
      this.problems.push({ place: `${place}.value`, words: `is ${text.trim() || "empty"}, expected ${such}` });
      variant.value = null;
    }
    return variant;
  }

  #rule(row, place) {
    const reach = this.#field(row, "reach", place);
    const rule = {
      id: row.dataset.id,
      title: this.#field(row, "title", place).value.trim(),
      constraints: this.#constraints(row, `${place}.`),
      segments: [...row.querySelectorAll("[data-segment]:checked")].map((one) => one.dataset.segment),
      reach: reach.value === "" ? Number.NaN : Number(reach.value),
      by: words(this.#field(row, "by", place).value),
      serve: this.#serve(row.querySelector("[data-serve]"), `${place}.serve`),
    };
    if (Number.isNaN(rule.reach)) {
      this.problems.push({ place: `${place}.reach`, words: "is no number; use 0 to 100" });
      rule.reach = 0;
    }
    this.places.set(`${place}.segments`, row.querySelector("[data-segment]"));
    if (row.dataset.salt) rule.salt = row.dataset.salt;
    return rule;
  }

  #constraints(owner, before) {
    return [...owner.querySelectorAll("[data-constraint]")].map((row, at) => {
      const place = `${before}constraints[${at}]`;
      const operator = this.#field(row, "operator", place).value;
      const values = this.#field(row, "values", place);
      return {
        attribute: this.#field(row, "attribute", place).value.trim(),
        operator,
        values: operator === "is-present" ? [] : lines(values.value),
        inverted: this.#field(row, "inverted", place).value === "not",
        ignore_case: operator !== "is-present" && this.#field(row, "ignore_case", place).checked,
      };
    });
  }

  #serve(box, place) {
    const what = box.querySelector("[data-serve-what]");
    this.places.set(place, what);
    const serve = {};
    if (box.dataset.by) serve.by = words(box.dataset.by);
    if (box.dataset.salt) serve.salt = box.dataset.salt;
    if (what.value.startsWith("variant:")) serve.variant = what.value.slice(8);
    if (what.value === "split") {
      const weights = [...box.querySelectorAll("[data-weight]")].filter((one) => Number(one.value) !== 0 || one.value === "");
      serve.split = weights.map((one, at) => {
        this.places.set(`${place}.split[${at}]`, one);
        return { variant: one.dataset.weight, weight: Number(one.value) };
      });
      if (!weights.length) this.problems.push({ place, words: "is a split in which nobody gets anything; give a variant a weight" });
    }
    return serve;
  }

  #dependency(row, place) {
    const variants = words(this.#field(row, "variants", place).value);
    const need = { flag: this.#field(row, "flag", place).value.trim(), on: this.#field(row, "on", place).value === "on" };
    return variants.length ? { ...need, variants } : need;
  }
}
