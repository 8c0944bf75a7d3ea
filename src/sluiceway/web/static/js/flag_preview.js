// What the server says of a draft while somebody types: problems beside their fields, the diff, who is reached.

const WAIT_MS = 350;
const KEPT = "sluiceway.samples";

export class Preview {
  version = 0;
  #timer = 0;
  #asked = null;

  /** `read` returns the draft with its problems and places. */
  constructor(editor, begun, read) {
    this.editor = editor;
    this.begun = begun;
    this.read = read;
    this.place = document.getElementById("review");
    this.samples = document.getElementById("samples");
    this.#setUpSamples();
  }

  /** Look again once nothing was typed for a moment. */
  soon(wait = WAIT_MS) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), wait);
  }

  async #look() {
    this.#asked?.abort();
    const asked = (this.#asked = new AbortController());
    const { draft, problems, places } = this.read();
    const late = setTimeout(() => asked.abort("late"), 10_000);
    try {
      const response = await fetch(this.editor.dataset.review, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Sluice-Client": "console" },
        body: JSON.stringify({ document: draft, base: this.begun, samples: this.#texts() }),
        signal: asked.signal,
      });
      const html = await response.text();
      if (asked !== this.#asked) return;
      if (!response.ok) throw new Error(String(response.status));
      this.#show(html, problems, places);
    } catch {
      if (asked !== this.#asked) return;
      this.#say("Sluiceway does not answer, so nothing is known of this draft. What you typed is still here.");
      this.soon(3_000);
    } finally {
      clearTimeout(late);
    }
  }

  #say(text) {
    const words = document.createElement("p");
    words.className = "note is-hold";
    words.textContent = text;
    this.place.replaceChildren(words);
  }

  #show(html, own, places) {
    const found = new DOMParser().parseFromString(html, "text/html").body;
    const told = [...found.querySelectorAll(".review-problems [data-place]")].map(({ dataset }) => ({ place: dataset.place, words: dataset.words }));
    this.version = Number(found.querySelector("[data-version]")?.dataset.version ?? 0);
    for (const box of this.#boxes()) box.querySelector(".sample-found").replaceChildren();
    for (const one of found.querySelectorAll("[data-sample]")) {
      this.#boxes()[Number(one.dataset.sample)]?.querySelector(".sample-found").replaceChildren(...one.childNodes);
    }
    found.querySelector(".review-samples")?.remove();
    this.place.replaceChildren(...found.childNodes);
    // What the fields can't tell at all comes out as nonsense further on: then only that is said.
    const problems = own.length ? own : told;
    this.#mark(problems, places);
    if (own.length) this.#say(own.map(({ place, words }) => `${place} ${words}`).join("\n"));
  }

  /** Put each problem beside its field, or beside the nearest thing around it. */
  #mark(problems, places) {
    for (const old of this.editor.querySelectorAll(".field-problem")) old.remove();
    for (const field of this.editor.querySelectorAll("[aria-invalid]")) {
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-errormessage");
    }
    problems.forEach(({ place, words }, at) => {
      const field = nearest(places, place);
      if (!field) return;
      const note = document.createElement("p");
      note.className = "field-problem";
      note.id = `problem-${at}`;
      note.textContent = words;
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-errormessage", note.id);
      // Not into a label, whose words are the field's name.
      const holder = field.closest(".row, .field, .checks-row, .serve");
      if (holder) holder.append(note);
      else (field.closest("label") ?? field).after(note);
      const details = field.closest("details");
      if (details) details.open = true;
    });
  }

  #boxes() {
    return [...(this.samples?.querySelectorAll("[data-sample-box]") ?? [])];
  }

  #texts() {
    return this.#boxes().map((box) => box.querySelector("textarea").value);
  }

  /** The kinds of users somebody tried last are there the next time. */
  #setUpSamples() {
    if (!this.samples) return;
    const key = `${KEPT}:${this.editor.dataset.save}`;
    const kept = JSON.parse(sessionStorage.getItem(key) ?? "null");
    for (const text of kept ?? []) if (!this.#texts().includes(text)) this.#addSample(text);
    document.getElementById("add-sample").addEventListener("click", () => {
      this.#addSample("").querySelector("textarea").focus();
      this.soon();
    });
    this.samples.addEventListener("input", (event) => {
      event.target.rows = Math.min(8, event.target.value.split("\n").length);
      sessionStorage.setItem(key, JSON.stringify(this.#texts()));
    });
  }

  #addSample(text) {
    const box = this.#boxes()[0].cloneNode(true);
    const area = box.querySelector("textarea");
    area.id = `sample-${this.#boxes().length}`;
    box.querySelector("label").htmlFor = area.id;
    area.value = text;
    area.rows = text.split("\n").length;
    box.querySelector(".sample-found").replaceChildren();
    this.samples.append(box);
    return box;
  }
}

/** Return the field of a place such as `rules[0].constraints[1].values[2]`, or of the nearest place around it. */
function nearest(places, place) {
  for (let at = place; at; at = at.replace(/(\.[^.[\]]+|\[\d+\]|^[^.[\]]+)$/, "")) {
    if (places.has(at)) return places.get(at);
    for (const inner of [".attribute", ".value", ".name", ".flag", ".title"]) if (places.has(at + inner)) return places.get(at + inner);
  }
  return /^(thresholds|experiment|metadata|extra|fallback|salt|hash_version|kill_switch|release|full_since)/.test(place) ? places.get("rest") : null;
}
