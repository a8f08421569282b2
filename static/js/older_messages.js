// Older messages load by themselves when the reader comes near the beginning, and the place stays as it is.

import { $, $$, on } from "./dom.js";

const page = document.scrollingElement;
let fromEnd; // How far the window is from the end of the page, before older messages stand above it.

const observer = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting || target.dataset.background) continue;
    target.dataset.background = "near"; // Nobody asked: the focus stays where it is, and nothing is said.
    htmx.trigger(target, "near");
  }
}, { rootMargin: "1200px 0px 0px" });

function observe() {
  observer.disconnect();
  const link = $("#feed > .older > a");
  if (link && page.scrollHeight > innerHeight) observer.observe(link);
}

on("htmx:beforeSwap", ({ detail: { requestConfig } }) => {
  if (requestConfig.elt.closest(".older")) fromEnd = page.scrollHeight - page.scrollTop;
});

on("htmx:afterSettle", () => {
  // Each page of messages brings a line "New" above its first unread one: the uppermost is true.
  for (const line of $$("#feed > .new-line").slice(1)) line.remove();
  if (fromEnd) page.scrollTo({ top: page.scrollHeight - fromEnd, behavior: "instant" });
  fromEnd = 0;
  observe();
});
// The place that the address names comes first.
addEventListener("load", () => requestAnimationFrame(observe));
