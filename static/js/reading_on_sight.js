// Messages count as read when the reader has seen them: half of a message, or as much as fits into the window.

import { $$, byId, on } from "./dom.js";

const seen = new Set(); // The ids of messages that the server does not know of yet.
let timer;

function send() {
  const values = { seen: [...seen] };
  seen.clear();
  htmx.ajax("POST", byId("seen").action, { source: "#seen", swap: "none", values });
}

const observer = new IntersectionObserver((entries) => {
  for (const { isIntersecting, intersectionRatio, intersectionRect, target } of entries) {
    if (document.hidden || !isIntersecting) continue;
    if (intersectionRatio < 0.5 && intersectionRect.height < innerHeight * 0.4) continue;
    observer.unobserve(target);
    target.dataset.seen = "";
    seen.add(target.id.slice(2));
    clearTimeout(timer);
    timer = setTimeout(send, 800);
  }
}, { threshold: [0, 0.25, 0.5, 1], rootMargin: "-64px 0px -96px" });

function observe() {
  if (!byId("seen")) return; // The reader has switched this off.
  observer.disconnect(); // Observed again, a message is reported again although it has not moved.
  $$(".msg.is-unread:not([data-seen])").forEach((message) => observer.observe(message));
}

on("htmx:afterSettle", ({ detail: { requestConfig, target } }) => {
  // A message that the reader has just marked as unread is in view, and stays unread.
  if (requestConfig?.path.endsWith("/unread/")) byId(target.id).dataset.seen = "";
  observe();
});
on("visibilitychange", observe);
observe();
