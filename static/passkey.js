// Signing in by passkey, and making one. The forms are hidden until here, because passkeys need script: a form
// fetches what is to be signed, has the device sign it, and is then sent like any other.
"use strict";
(() => {
  const parse = { get: "parseRequestOptionsFromJSON", create: "parseCreationOptionsFromJSON" };
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const act = form.dataset.passkey;
    if (!window.PublicKeyCredential?.[parse[act]]) continue;
    const failed = form.querySelector(".wrong");
    form.addEventListener("submit", async event => {
      event.preventDefault();
      failed.hidden = true;
      try {
        const response = await fetch(form.dataset.challenge, { method: "POST", redirect: "error" });
        const publicKey = PublicKeyCredential[parse[act]](await response.json());
        form.elements.credential.value = JSON.stringify(await navigator.credentials[act]({ publicKey }));
        form.submit();
      } catch {
        failed.hidden = false; // put off, out of time, or the session is over
      }
    });
    form.hidden = false;
    for (const note of document.querySelectorAll("[data-no-passkey]")) note.hidden = true;
  }
})();
