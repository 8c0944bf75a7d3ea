// The name in the corner: logging out ends the session on the server, then the page goes to the login.

document.getElementById("log-out").addEventListener("click", async (event) => {
  event.target.disabled = true;
  try {
    const response = await fetch("/api/session/end", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Sluice-Client": "console" },
      body: "{}",
      signal: AbortSignal.timeout(15_000),
    });
    if (!response.ok && response.status !== 401) throw new Error(`${response.status}`);
    location.assign("/login");
  } catch {
    event.target.disabled = false;
    event.target.textContent = "Log out (did not work, try again)";
  }
});
