// Makes a shared screen take care of itself: it is cleared for the next person, and it endures that the
// network is away. Answers are in this page's memory only, at most until they have arrived or the person
// has left; nothing is written to the browser, its history included. The pages work without it.
"use strict";
(() => {
  // Seconds. WCAG 2.2.1 gives people at least 20 to say that they need more time.
  const silence = 60; // without a touch, and the screen is cleared
  const warning = 20; // how long before that it asks
  const thanks = 20; // how long thanks stand after the last touch
  const sending = 120; // how long we try to send
  const attempt = 15; // how long one try may take

  const start = document.getElementById("kiosk-start");
  const language = document.documentElement.lang;
  const limits = { waiting: silence, form: silence, failed: silence, error: silence, thanks };

  let screen; // the name of what is shown; "start" and "sending" stay as long as they must
  let shown, touched; // when it came, and when somebody last touched it
  let turn = 0; // goes up with every question to the server and every person: what is late is dropped
  let asking; // ends the question under way
  let old; // the server is newer than this page, which may have stood here for weeks

  const words = (lang, name) => document.querySelector(`template.kiosk-${name}[lang=${lang}]`).content.firstElementChild.cloneNode(true);

  // take begins the time of the screen that is in the page now.
  const take = () => {
    screen = document.querySelector("[data-screen]").dataset.screen;
    shown = touched = Date.now();
    for (const timer of document.querySelectorAll("main [role=timer]")) timer.hidden = false;
    tick();
  };

  const show = (main, lang, title) => {
    stay();
    document.querySelector("main").replaceWith(main);
    document.documentElement.lang = lang;
    const head = main.querySelector("h1");
    document.title = title || head.textContent;
    document.dispatchEvent(new Event("shown"));
    scrollTo(0, 0);
    head.tabIndex = -1; // so that it is read aloud
    head.focus({ preventScroll: true });
    take();
  };

  const script = (page) => page.querySelector("script[src*='kiosk.js']")?.getAttribute("src");

  const showPage = (page) => {
    old ||= script(page) && script(page) !== script(document);
    show(document.adoptNode(page.querySelector("main")), page.documentElement.lang, page.title);
  };

  const reset = () => {
    turn++;
    asking?.abort();
    if (old && screen === "thanks") location.replace(location.pathname); // the network was there just now
    old = false;
    show(start.content.firstElementChild.cloneNode(true), language);
  };

  // pause waits, but not longer than until the network is back.
  const pause = (seconds) => new Promise((resolve) => {
    const go = () => { clearTimeout(timer); removeEventListener("online", go); resolve(); };
    const timer = setTimeout(go, 1000 * seconds);
    addEventListener("online", go);
  });

  // ask sends the server some fields until a page of ours is the answer. It gives nothing when the seconds
  // are over, and never ends if something else is on the screen by then.
  const ask = async (fields, seconds) => {
    const mine = ++turn, until = Date.now() + 1000 * seconds;
    asking?.abort();
    for (let wait = 1; ; wait = Math.min(2 * wait, 16)) {
      const stop = asking = new AbortController();
      const late = setTimeout(() => stop.abort(), 1000 * attempt);
      let page = null;
      try {
        const r = await fetch(location.pathname, {
          method: "POST", body: fields, signal: stop.signal, cache: "no-store", credentials: "omit", redirect: "error",
        });
        page = new DOMParser().parseFromString(await r.text(), "text/html");
        // What the server may do better in a moment, and what a network's own sign-in page says.
        if (r.status >= 500 || r.status === 429 || !page.querySelector("main [data-screen]")) page = null;
      } catch { // The network is away.
      } finally {
        clearTimeout(late);
      }
      const left = () => (until - Date.now()) / 1000;
      if (!page && left() > 0 && mine === turn) await pause(Math.min(wait, left()));
      if (mine !== turn) return new Promise(() => {});
      if (page || left() <= 0) return page;
    }
  };

  // open shows the form in a language; the fields choose it, or switch to it with what was chosen so far.
  const open = async (fields, lang) => {
    const answer = ask(fields, silence), mine = turn;
    let came = false;
    setTimeout(() => { if (!came && mine === turn) show(words(lang, "waiting"), lang); }, 600);
    const page = await answer;
    came = true;
    if (page) showPage(page); // else the silence ends it
  };

  const send = async (answers, lang) => {
    show(words(lang, "sending"), lang);
    const page = await ask(answers, sending);
    if (page) return showPage(page);
    show(words(lang, "failed"), lang);
    document.querySelector("[data-retry]").addEventListener("click", () => send(answers, lang));
  };

  // stay takes away the question whether somebody is there.
  const stay = () => {
    const dialog = document.querySelector("dialog");
    if (!dialog) return;
    dialog.close(); // gives the focus back
    dialog.remove();
    shown = Date.now(); // the click of this touch is not meant for what was under it
  };

  const tick = () => {
    const left = limits[screen] - (Date.now() - touched) / 1000;
    if (left <= 0) return reset();
    if (screen === "form" && left <= warning && !document.querySelector("dialog")) {
      document.body.append(words(document.documentElement.lang, "still"));
      document.querySelector("dialog").showModal();
    }
    for (const e of document.querySelectorAll("[data-seconds]")) e.textContent = Math.ceil(left);
  };

  // touch takes the question away when a finger is lifted: were it sooner, its tap would go to the form.
  const touch = (e) => {
    if (e.target.closest?.("dialog a")) return; // that is the wish to end
    touched = Date.now();
    if (e.type !== "pointerdown" && e.key !== "Tab") stay();
    tick();
  };

  document.addEventListener("click", (e) => {
    // The second of two quick taps is not meant for what it finds there.
    if (Date.now() - shown < 400) {
      e.preventDefault();
      e.stopPropagation();
    }
  }, true);

  document.addEventListener("click", (e) => {
    const to = e.target.closest("a")?.getAttribute("href");
    if (!to) return;
    e.preventDefault();
    if (to.startsWith("#")) document.querySelector(to).focus();
    else reset();
  });

  document.addEventListener("submit", (e) => {
    if (e.target.method !== "post") return; // a code that was typed
    e.preventDefault();
    const fields = new URLSearchParams(new FormData(e.target));
    if (e.submitter?.name) fields.set(e.submitter.name, e.submitter.value);
    const lang = fields.get("open") || fields.get("switch");
    if (lang) open(fields, lang);
    else send(fields, fields.get("lang"));
  });

  for (const kind of ["pointerdown", "pointerup", "pointercancel", "click", "keydown", "input", "scroll"])
    document.addEventListener(kind, touch, { capture: true, passive: true });
  addEventListener("pagehide", reset); // what a browser keeps of a page that is left is the first screen
  document.addEventListener("visibilitychange", () => tick()); // a tablet that wakes up
  setInterval(tick, 1000);

  take();
})();
