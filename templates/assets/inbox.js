/* The inbox says how many tickets each view has. Counting takes a moment, so the page does not wait
   for it, and without this it does without. */
(() => {
  "use strict";

  const views = document.querySelector(".views");
  if (!views) return;

  fetch(views.dataset.counts)
    .then((answer) => (answer.ok ? answer.json() : {}))
    .then((counts) => {
      for (const [key, count] of Object.entries(counts)) {
        const place = document.getElementById(`count-${key}`);
        if (!place || count === "0") continue;
        place.textContent = count;
        place.hidden = false;
      }
    })
    .catch(() => {});
})();
