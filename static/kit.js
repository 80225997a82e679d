// Buttons that print the page or copy a text. They are hidden until here: without script the browser's
// own menu prints, and text can be marked and copied.
"use strict";
(() => {
  for (const button of document.querySelectorAll("[data-print]")) {
    button.addEventListener("click", () => print());
    button.hidden = false;
  }
  for (const button of navigator.clipboard ? document.querySelectorAll("[data-copy]") : []) {
    const words = button.textContent;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = button.dataset.done;
      setTimeout(() => { button.textContent = words; }, 2000);
    });
    button.hidden = false;
  }
})();
