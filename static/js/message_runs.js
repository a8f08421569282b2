// Messages that one author writes within a few minutes are one run: avatar and name stand once. The server draws
// runs so; after a swap they are found again, since what stood above a message may have come or gone.

import { $, $$, on } from "./dom.js";

const RUN = 5 * 60_000; // Milliseconds. The server's is in chats/threads/layout.py.

function joins(earlier, later) {
  if (!earlier || !later.dataset.by || earlier.dataset.by !== later.dataset.by) return false;
  const [from, to] = [earlier, later].map((one) => Date.parse($("time", one).dateTime));
  return to - from <= RUN && !earlier.parentElement.querySelector(":scope > .thread > *");
}

on("htmx:afterSettle", () => {
  for (const list of $$("#feed, .feed-thread, .replies")) {
    let earlier = null;
    for (const item of list.children) {
      const article = item.matches(".node") && $(":scope > .msg", item);
      if (article) item.classList.toggle("is-joined", joins(earlier, article));
      earlier = article || null;
    }
  }
});
