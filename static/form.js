// Makes the patient's form a little easier; the form works in full without it.
"use strict";
(() => {
  const ease = () => {
    const form = document.querySelector("form[data-clear]");
    // A radio button cannot be unchosen, and every question may be skipped: offer the way back.
    for (const set of form ? form.querySelectorAll("fieldset") : []) {
      const clear = document.createElement("button");
      clear.type = "button";
      clear.className = "quiet clear";
      clear.textContent = form.dataset.clear;
      clear.setAttribute("aria-label", form.dataset.clear + ": " + set.querySelector("legend").textContent);
      const show = () => { clear.hidden = !set.querySelector(":checked"); };
      clear.addEventListener("click", () => {
        const chosen = set.querySelector(":checked");
        if (chosen) { chosen.checked = false; chosen.focus(); }
        show();
      });
      set.addEventListener("change", show);
      set.append(clear);
      show();
    }
    // Browsers that do not honour autofocus on a heading's box are helped to it.
    const problem = document.querySelector(".problem");
    if (problem) requestAnimationFrame(() => problem.focus());
  };
  ease();
  document.addEventListener("shown", ease); // kiosk.js puts another form on the same page
})();
