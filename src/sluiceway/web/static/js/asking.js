// Asking the API for something in a person's name.

const NAME_KEY = "sluiceway.name";
const CLIENT = "console";

export const nameKept = () => localStorage.getItem(NAME_KEY) ?? "";

/** Return why a name can't be sent, "" when it can; what can is kept for the next time. */
export function checkName(name) {
  if (/[^\x20-\x7e\xa0-\xff]/.test(name)) return "The name can hold Latin letters, digits and punctuation.";
  localStorage.setItem(NAME_KEY, name);
  return "";
}

/** Send a request; return the API's answer, or the words of its refusal. */
export async function ask(address, request, { by = "", method = "POST" } = {}) {
  try {
    const response = await fetch(address, {
      method,
      headers: { "Content-Type": "application/json", "X-Sluice-Client": CLIENT, "X-Sluice-Actor": by || CLIENT },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(15_000),
    });
    const answer = await response.json();
    if (!response.ok) return { refusal: answer.detail ?? `Sluiceway refused this (${response.status}).` };
    return { answer };
  } catch {
    return {
      refusal: "Sluiceway did not answer. It is not known whether this was taken up; look before trying again.",
    };
  }
}
