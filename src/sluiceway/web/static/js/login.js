// Logging in: the API is asked and sets the cookie; the page goes on to where the person wanted to be.

const form = document.getElementById("login");
const error = document.getElementById("login-error");
const button = form.querySelector("button");
const password = document.getElementById("login-password");

function show(words) {
  error.textContent = words;
  error.hidden = !words;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  show("");
  button.disabled = true;
  const failure = await logIn(Object.fromEntries(new FormData(form)));
  if (failure === null) {
    location.replace(form.dataset.next);
    return;
  }
  button.disabled = false;
  show(failure);
  password.select();
  password.focus();
});

async function logIn(credentials) {
  try {
    const response = await fetch("/api/session", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Sluice-Client": "console" },
      body: JSON.stringify(credentials),
      signal: AbortSignal.timeout(30_000),
    });
    if (response.ok) return null;
    return (await response.json()).detail ?? `Sluiceway refused this (${response.status}).`;
  } catch {
    return "Sluiceway did not answer. Try again.";
  }
}

document.getElementById("login-name").focus();
