// Keeps the progress bars of imports that run up to date. Without it, the pages are right whenever they are loaded.
"use strict";

(() => {
  const EVERY_MS = 2000;
  const MOST_FAILURES = 5;
  const area = document.getElementById("import-progress");
  if (!area) return;
  let failures = 0;

  const listRunning = () => [...area.querySelectorAll(".import-progress[data-running]")];

  const show = (told) => {
    const place = `[data-import="${CSS.escape(told.id)}"]`;
    const progress = area.querySelector(`.import-progress${place}`);
    if (!progress) return;
    const bar = progress.querySelector("progress");
    bar.max = told.rows_total || 1;
    if (told.state === "planning") bar.removeAttribute("value");
    else bar.value = told.rows_done;
    const sentence = progress.querySelector(".import-rows");
    if (sentence.textContent !== told.sentence) sentence.textContent = told.sentence;
    progress.toggleAttribute("data-running", told.is_running);
    const state = area.querySelector(`.import-state${place}`);
    if (state.textContent === told.state_label) return;
    state.textContent = told.state_label;
    // What can be decided, and the plan, are another with every state.
    if (area.hasAttribute("data-reload")) window.location.reload();
  };

  const ask = async () => {
    const running = listRunning();
    if (!running.length) return;
    if (!document.hidden) {
      const query = new URLSearchParams(running.map((progress) => ["id", progress.dataset.import]));
      try {
        const answer = await fetch(`${area.dataset.url}?${query}`, { credentials: "same-origin", redirect: "error" });
        if (!answer.ok) throw new Error(`status ${answer.status}`);
        const told = await answer.json();
        told.imports.forEach(show);
        failures = 0;
      } catch {
        failures += 1;
      }
    }
    if (failures < MOST_FAILURES) window.setTimeout(ask, EVERY_MS * 2 ** failures);
  };

  window.setTimeout(ask, EVERY_MS);
})();
