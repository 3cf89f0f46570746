/* Says in words why a passkey did not work; without this it would only be said on the console. */
(() => {
  const words = {
    NotAllowedError: "The passkey was not used: it was cancelled, it took too long, or there is none on this device.",
    InvalidStateError: "This device has a passkey for you already.",
    SecurityError: "Passkeys need the site's own name over https. In the demo, write localhost instead of 127.0.0.1.",
  };
  document.addEventListener("allauth.error", (event) => {
    const box = document.getElementById("passkey-problem");
    if (!box) return;
    event.preventDefault();
    box.querySelector("[data-words]").textContent = words[event.detail.exception.name] || "The passkey did not work. Try again, or sign in another way.";
    box.hidden = false;
  });
})();
