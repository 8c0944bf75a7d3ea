// The state of the connection, as people see it. What is shown is called live only while it is.

const RETRY_S = [1, 2, 3, 5];
const WORDS = { connecting: "Connecting…", live: "Live", lost: "Not live", ended: "Finished" };

/** `attempt` must resolve when the server answered and reject when it did not. */
export class Link {
  #state;
  #heardAt = Date.now();
  #attempt;
  #tries = 0;
  #timer = 0;
  #isTrying = false;

  constructor(attempt, clock) {
    this.#attempt = attempt;
    this.clock = clock;
    this.badge = document.getElementById("link-state");
    this.banner = document.getElementById("lost");
    this.words = document.getElementById("lost-words");
    this.#state = this.badge.dataset.state;
    document.getElementById("lost-retry").addEventListener("click", () => this.#try());
    window.addEventListener("online", () => this.isLost && this.#try());
  }

  get isLost() {
    return this.#state === "lost";
  }

  get heardAgoMs() {
    return Date.now() - this.#heardAt;
  }

  heard() {
    this.#heardAt = Date.now();
    if (this.#state === "ended") return;
    this.#tries = 0;
    clearTimeout(this.#timer);
    this.#show("live");
  }

  ended() {
    clearTimeout(this.#timer);
    this.#show("ended");
  }

  lost(reason = "Sluiceway does not answer.") {
    if (this.#state === "ended") return;
    if (!this.isLost) {
      const since = this.clock(new Date(this.#heardAt));
      this.words.textContent = `${reason} What you see is from ${since}. Trying to connect again…`;
    }
    this.#show("lost");
    clearTimeout(this.#timer);
    const wait = RETRY_S[Math.min(this.#tries, RETRY_S.length - 1)];
    this.#tries += 1;
    this.#timer = setTimeout(() => this.#try(), wait * 1000);
  }

  async #try() {
    if (this.#isTrying) return;
    this.#isTrying = true;
    clearTimeout(this.#timer);
    try {
      await this.#attempt();
    } catch {
      this.lost();
    } finally {
      this.#isTrying = false;
    }
  }

  #show(state) {
    this.#state = state;
    const isLost = state === "lost";
    if (this.badge.dataset.state !== state) {
      this.badge.dataset.state = state;
      this.badge.textContent = WORDS[state];
    }
    this.banner.hidden = !isLost;
    document.body.classList.toggle("is-stale", isLost);
    for (const button of document.querySelectorAll("[data-act]")) button.disabled = isLost;
  }
}

/** Fetch a part of a page. Rejects when the server does not answer in time or says no; whoever is logged in no
 * more is sent to log in again. */
export async function fetchPart(address) {
  const headers = { "X-Sluice-Client": "console" };
  const response = await fetch(address, { headers, signal: AbortSignal.timeout(4000), cache: "no-store" });
  if (response.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response.text();
}
