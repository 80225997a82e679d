// Draws what the data-chart attributes describe, with ECharts as SVG. Colours stay names of the style
// sheet ("var(--accent)") in the drawing itself, so it follows light, dark and paper without being
// drawn again. Without this script the tables beside the charts say the same.
"use strict";
(() => {
  if (!window.echarts) return;
  // ECharts would write its tooltip from series names and raw values; the server has put it in words.
  const note = (at) => [].concat(at).map((p) => p.data && p.data.note).filter(Boolean).join("\n");

  for (const el of document.querySelectorAll("[data-chart]")) {
    el.classList.add("drawn"); // gives it its size
    try {
      const option = JSON.parse(el.dataset.chart);
      option.tooltip.formatter = note;
      const chart = echarts.init(el, null, { renderer: "svg" });
      // On paper the page is narrower or wider than the window it was drawn for: let it scale.
      chart.on("finished", () => el.querySelector("svg").setAttribute("viewBox", `0 0 ${chart.getWidth()} ${chart.getHeight()}`));
      chart.setOption(option);
      new ResizeObserver(() => {
        if (el.clientWidth !== chart.getWidth()) chart.resize();
      }).observe(el);
    } catch (err) {
      el.classList.remove("drawn");
      console.error(err);
    }
  }

  const closed = () => document.querySelectorAll("details:not([open])");
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...closed()];
    for (const d of opened) d.open = true;
  });
  addEventListener("afterprint", () => {
    for (const d of opened) d.open = false;
    opened = [];
  });
})();
