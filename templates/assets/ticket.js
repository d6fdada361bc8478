/* The page of a ticket tells who else has it open, and keeps what is typed. It works without this,
   too: the desk itself holds back an answer that has missed something. */
(() => {
  "use strict";

  const BEAT = 30_000;
  const PAUSE = 5_000;
  const others = document.getElementById("others");
  const composer = document.getElementById("composer");
  if (!others) return;

  const token = document.querySelector('input[name="csrf_token"]').value;
  const text = composer && composer.elements.text;
  let kept = text ? text.value : "";
  let hasTyped = false;
  let isSending = false;
  let beating = 0;
  let waiting = 0;

  function fields(more) {
    return new URLSearchParams({ csrf_token: token, ...more });
  }

  function mode() {
    return hasTyped && text.value.trim() ? "composing" : "viewing";
  }

  // Who is there. Only a visible page beats; a hidden one is forgotten after 75 seconds.

  async function beat() {
    let answer;
    try {
      answer = await fetch(others.dataset.beat, { method: "POST", body: fields({ mode: mode() }) });
    } catch {
      return;
    }
    if (!answer.ok) return;
    const found = document.createElement("div");
    found.innerHTML = await answer.text();
    // What has not changed is not read out again.
    if (found.textContent.trim() !== others.textContent.trim()) others.replaceChildren(...found.childNodes);
  }

  function start() {
    stop();
    if (document.visibilityState !== "visible") return;
    beat();
    beating = setInterval(beat, BEAT);
  }

  function stop() {
    clearInterval(beating);
  }

  // What is typed.

  function draft() {
    return fields({ text: text.value, kind: composer.elements.kind.value });
  }

  async function keep() {
    if (isSending || text.value === kept) return;
    const now = text.value;
    try {
      // The desk answers a form with a redirect to the page, which nobody needs here.
      const answer = await fetch(others.dataset.draft, { method: "POST", body: draft(), redirect: "manual" });
      if (answer.type !== "opaqueredirect") return;
    } catch {
      return;
    }
    kept = now;
    document.getElementById("kept").hidden = !now.trim();
  }

  function typed() {
    const before = mode();
    hasTyped = true;
    if (mode() !== before) start();
    document.getElementById("kept").hidden = true;
    clearTimeout(waiting);
    waiting = setTimeout(keep, PAUSE);
  }

  if (text) {
    text.addEventListener("input", typed);
    composer.addEventListener("submit", () => {
      isSending = true;
      clearTimeout(waiting);
    });
  }

  document.addEventListener("visibilitychange", start);
  window.addEventListener("pageshow", start);
  window.addEventListener("pagehide", () => {
    stop();
    navigator.sendBeacon(others.dataset.beat, fields({ mode: "left" }));
    if (text && !isSending && text.value !== kept) navigator.sendBeacon(others.dataset.draft, draft());
  });
})();
