// Makes typing a stack of sheets quick: a sign that cannot be right is refused as it is typed, Enter goes
// to the next sheet, and rows are added as needed. What is typed is kept in the page's fields and
// nowhere else. Without this script the form does the same when it is sent.
"use strict";
(() => {
  const form = document.querySelector("form.batch");
  const body = form.querySelector("tbody");
  const items = [...form.querySelectorAll("th[data-allowed]")];
  const ends = form.dataset.ends.split(" ").map(Number);
  const status = form.querySelector(".entry-status");
  const inputs = () => [...body.querySelectorAll("input")];
  const typed = () => inputs().filter((i) => i.value);

  const say = (text) => { status.textContent = text; status.classList.add("wrong"); };
  const count = () => {
    status.textContent = form.dataset.typed.replace("{n}", typed().length);
    status.classList.remove("wrong");
  };
  const wrong = (signs) => [...signs].findIndex((sign, i) => !items[i] || !items[i].dataset.allowed.includes(sign));

  const go = (input) => { input.focus(); input.setSelectionRange(input.value.length, input.value.length); };
  const step = (input, by) => {
    const all = inputs(), next = all[all.indexOf(input) + by];
    if (next) go(next);
    return next;
  };
  const addRow = () => {
    const n = inputs().length + 1;
    if (n > Number(form.dataset.most)) return say(form.dataset.full);
    const row = body.rows[0].cloneNode(true), input = row.querySelector("input"), label = row.querySelector("label");
    input.id = label.htmlFor = "sheet-" + n;
    input.value = "";
    label.lastChild.data = n;
    clearWrong(row);
    body.append(row);
    go(input);
  };
  const clearWrong = (row) => {
    row.querySelector("input").removeAttribute("aria-invalid");
    row.querySelector("input").removeAttribute("aria-describedby");
    row.querySelector(".wrong")?.remove();
  };

  form.addEventListener("beforeinput", (e) => {
    // Something is taken away, or a screen's keyboard is still composing: what is sent is checked anyway.
    if (!e.data || !e.cancelable || e.isComposing) return;
    e.preventDefault();
    const input = e.target, signs = e.data.replace(/[ –−]/g, "-"), from = input.selectionStart, to = input.selectionEnd;
    const after = input.value.slice(0, from) + signs + input.value.slice(to);
    if (after.length > items.length) return;
    const at = wrong(after);
    if (at >= 0) return say(items[at].dataset.wrong);
    input.setRangeText(signs, from, to, "end");
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  form.addEventListener("input", (e) => { clearWrong(e.target.closest("tr")); count(); });

  form.addEventListener("keydown", (e) => {
    const input = e.target;
    if (input.name !== "sheet" || e.ctrlKey || e.altKey || e.metaKey) return;
    if (e.key === "ArrowUp" || e.key === "Backspace" && !input.value) {
      if (step(input, -1)) e.preventDefault();
    } else if (e.key === "ArrowDown") {
      if (step(input, 1)) e.preventDefault();
    } else if (e.key === "Enter") {
      e.preventDefault();
      if (!input.value) return form.querySelector(".primary").focus(); // the stack is at its end
      if (!ends.includes(input.value.length)) return say(form.dataset.short);
      count();
      if (!step(input, 1)) addRow();
      stillSignedIn();
    }
  });

  // Typing two hundred sheets takes longer than a session lasts without a request. Typing is being
  // there: now and then say so, and notice if it was said too late, while all is still on the page.
  const often = 5 * 60 * 1000;
  let asked = Date.now();
  const stillSignedIn = async () => {
    if (Date.now() - asked < often) return true;
    const answer = await fetch(location.pathname, { redirect: "manual", cache: "no-store" }).catch(() => null);
    if (answer?.type === "opaqueredirect") { say(form.dataset.signedOut); return false; }
    if (answer?.ok) asked = Date.now();
    return true;
  };
  let leaving = false;
  form.addEventListener("submit", async (e) => {
    leaving = true;
    if (Date.now() - asked < often) return;
    e.preventDefault();
    leaving = false;
    if (await stillSignedIn()) { asked = Date.now(); form.requestSubmit(form.querySelector(".primary")); }
  });
  addEventListener("beforeunload", (e) => { if (!leaving && typed().length > 0) e.preventDefault(); });
  addEventListener("pageshow", () => { leaving = false; });

  count();
  const problem = document.querySelector(".problem");
  if (!problem) go(inputs().find((i) => !i.value) ?? inputs()[0]);
})();
